"""A moved host in a directory: its boot partition, GRUB's choice, systemd and LVM as far as needed.

`Machine` is a Host whose few programs are simulated, so that a move can be played from the first
trial to the end, with the power cut at any of its durable writes or commands.
"""

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import pytest

from ng2coreos.core import durable
from ng2coreos.core.command import Completed, Input
from ng2coreos.core.errors import CommandFailed
from ng2coreos.core.host import Host
from ng2coreos.core.journal import Journal
from ng2coreos.firstboot import services, trial
from ng2coreos.firstboot.system import MANIFEST, Clock, System
from ng2coreos.model import codec
from ng2coreos.model.item import Check, Item
from ng2coreos.model.manifest import SCHEMA, Manifest
from ng2coreos.model.state import BootState, Phase
from ng2coreos.stage import arm, bootdir, grubenv, menu
from ng2coreos.stage import state as state_file
from ng2coreos.stage.bls import BootEntry

UUID = "1b0c5a8e-0000-4000-8000-00000000b007"
NG_ENTRY = "ovirt-node-ng-4.5.5-0.20230612.0+1"
OLD_ENTRY = "ovirt-node-ng-4.5.4-0.20221206.0+1"
COMMIT = "c0" * 32
RUN = "20261122T100000Z-test"


class PowerCut(BaseException):
    """The power is gone: nothing catches this."""


class Restarted(BaseException):
    """systemd restarts the host: this process is gone."""


class Machine(Host):
    """The host; what its programs answer is in its attributes."""

    def __init__(self, root: Path, *, trial_boots: int = 2, confirm: str = "auto",
                 checks: Sequence[Check] = (), items: Sequence[Item] = ()) -> None:
        super().__init__(str(root), self._answer)
        self.calls: List[Sequence[str]] = []
        self.active = {"vdsmd.service": True}
        self.journal: Dict[str, List[str]] = {}
        self.jobs = ""
        self.lost_groups: List[str] = []
        self.lvs = _volumes()
        self.boots = 0
        self.event: Callable[[str], None] = lambda name: None
        self._write_tree(trial_boots, confirm, checks, items)

    @property
    def partition(self) -> Path:
        """NG's boot partition."""
        return self.root / "sysroot/boot"

    @property
    def environment(self) -> Path:
        """NG's GRUB environment."""
        return self.partition / "grub2/grubenv"

    @property
    def state(self) -> BootState:
        """The state file as it is now."""
        found = state_file.read(self.partition)
        assert found is not None
        return found

    def set_phase(self, phase: Phase) -> None:
        """Put the move into a phase."""
        state_file.write(self.partition, replace(self.state, phase=phase))

    def system(self) -> System:
        """The machine as firstboot sees it, with a clock that runs when somebody sleeps."""
        seconds = [0.0]

        def sleep(duration: float) -> None:
            seconds[0] += duration

        return System(self, Clock(lambda: seconds[0], sleep, lambda: "2026-11-22T10:00:00Z"))

    def boot(self) -> str:
        """Restart: what GRUB picks runs then. ``ng``, ``first`` or ``permanent``."""
        self.boots += 1
        chosen = grubenv.read(self.environment)
        entry = chosen.get("next_entry") or chosen.get("saved_entry", "")
        if chosen.get("next_entry"):
            block = grubenv.Block.parse(self.environment.read_bytes())
            block.set("next_entry", "")  # as GRUB leaves it, and no event of ours
            self.environment.write_bytes(block.format())
        names = {bootdir.FIRST_BOOT_ENTRY: "first", bootdir.ENTRY: "permanent"}
        if f"--id {entry} " not in bootdir.block(self.partition / "grub2/custom.cfg"):
            return self._running("ng")
        return self._running(names[entry])

    def play(self, limit: int = 6) -> str:
        """Boot and run the trial service as often as it restarts the host; what runs in the end."""
        for _ in range(limit):
            running = self.boot()
            if running == "ng":
                return running
            try:
                if self.lstat(services.TRIAL_LINK) is not None:
                    trial.run(self.system())
                return "coreos"
            except Restarted:
                continue
        raise AssertionError(f"still restarting after {limit} boots")

    def _running(self, name: str) -> str:
        words = "root=UUID=x panic=30 ostree=/ostree/boot.1/ovirt-node/abc/0"
        self._put("/proc/cmdline", words + (" ignition.firstboot\n" if name == "first" else "\n"))
        self._put("/proc/sys/kernel/random/boot_id", f"boot-{self.boots}\n")
        return name

    def _put(self, path: str, text: str) -> None:
        real = self.path(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_text(text)

    def _write_tree(self, trial_boots: int, confirm: str, checks: Sequence[Check],
                    items: Sequence[Item]) -> None:
        ng = BootEntry(f"/{NG_ENTRY}/vmlinuz-5.14", (f"/{NG_ENTRY}/initramfs-5.14.img",), "root=x")
        first = BootEntry("/coreos/ostree/n/vmlinuz",
                          ("/coreos/ostree/n/initramfs", f"/coreos/{bootdir.OVERLAY}"), "a b")
        for directory in ("grub2", "loader/entries", "coreos/grub2", "coreos/ostree/n", "efi/EFI",
                          NG_ENTRY, OLD_ENTRY):
            (self.partition / directory).mkdir(parents=True)
        self._put("/sysroot/boot/grub2/custom.cfg",
                  "# the admin's\n" + menu.custom_block(UUID, first, ng))
        self._put("/sysroot/boot/grub2/grub.cfg", "# NG's\n")
        self._put("/sysroot/boot/coreos/grub2/grub.cfg", menu.private_cfg(UUID, "rhboot"))
        self._put("/sysroot/boot/coreos/grub2/rollback.cfg", menu.rollback_cfg(UUID, ng))
        self._put(f"/sysroot/boot/coreos/{bootdir.OVERLAY}", "secret")
        self._put("/sysroot/boot/coreos/ostree/n/vmlinuz", "kernel")
        for name in (NG_ENTRY, OLD_ENTRY):
            self._put(f"/sysroot/boot/loader/entries/{name}.conf",
                      f"title {name}\nlinux /{name}/vmlinuz-5.14\n"
                      f"initrd /{name}/initramfs-5.14.img\n"
                      f"options root=/dev/onn/{name} img.bootid={name}\n")
            self._put(f"/sysroot/boot/{name}/vmlinuz-5.14", "kernel")
            self._put(f"/sysroot/boot/{name}/initramfs-5.14.img", "initramfs")
        for name in ("vmlinuz-5.14", "initramfs-5.14.img", "System.map-5.14", ".vmlinuz-5.14.hmac"):
            self._put(f"/sysroot/boot/{name}", "copy")
        grubenv.create(self.environment)
        grubenv.change(self.environment, {"saved_entry": NG_ENTRY,
                                          "next_entry": bootdir.FIRST_BOOT_ENTRY})
        for link, target in ((services.TRIAL_LINK, services.TRIAL),
                             (services.DEADMAN_LINK, services.DEADMAN_TIMER)):
            real = self.path(link)
            real.parent.mkdir(parents=True, exist_ok=True)
            real.symlink_to(f"../{target}")
        self._put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        self._put("/etc/group", "root:x:0:\n")
        manifest = Manifest(
            SCHEMA, RUN, "0.1.0", COMMIT, "4.6", "onn", "pool00",
            (f"{NG_ENTRY}", NG_ENTRY[:-2], OLD_ENTRY, "var", "gone"),
            ("ng2coreos_root", "ng2coreos_var"), 60, tuple(items),
            tuple(checks) or (Check("vdsmd", "unit-active", "vdsmd runs", {"unit": "vdsmd.service"},
                                    health=True),))
        self._put(MANIFEST, codec.dumps(manifest))
        state_file.write(self.partition, BootState(
            RUN, "0.1.0", Phase.ARMED, "ng-boot", NG_ENTRY, UUID, "/grub2/grubenv",
            "/grub2/custom.cfg", "onn", ("ng2coreos_root", "ng2coreos_var"), trial_boots, confirm,
            COMMIT, "ovirt-node"))

    def _answer(self, argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        words = list(argv)
        self.event(" ".join(words))
        self.calls.append(tuple(words))
        if words[:2] == ["systemctl", "reboot"]:
            raise Restarted
        if words == ["mount", "-o", "remount,rw", "/sysroot/boot"]:
            return _said(words)
        if words[:2] == ["systemctl", "stop"]:
            return _said(words)
        if words[:2] == ["systemctl", "reset-failed"]:
            del self.active[words[2]]
            return _said(words)
        if words[0] == "vgchange":
            if words[-1] in self.lost_groups:
                raise CommandFailed(f"{words[-1]} lacks a disk", hint="")
            return _said(words)
        if words[:2] == ["systemctl", "is-system-running"]:
            return _said(words, "running\n")
        if words[:2] == ["systemctl", "show"]:
            state = "active" if self.active[words[-1]] else "failed"
            return _said(words, f"LoadState=loaded\nActiveState={state}\nResult=success\n")
        if words[:2] == ["systemctl", "list-units"]:
            return _said(words, "".join(f"{unit} loaded failed failed It\n"
                                        for unit, active in self.active.items() if not active))
        if words[:2] == ["systemctl", "list-jobs"]:
            return _said(words, self.jobs)
        if words[0] == "journalctl":
            unit = words[-1].partition("=")[2]
            return _said(words, "".join(f"{line}\n" for line in self.journal.get(unit, [])))
        if words[0] == "lvs":
            return _said(words, json.dumps({"report": [{"lv": list(self.lvs.values())}]}))
        if words[0] == "lvremove":
            name = words[-1].partition("/")[2]
            if name not in self.lvs:
                raise CommandFailed(f"no {name}", hint="")
            del self.lvs[name]
            for row in self.lvs.values():
                row["origin"] = "" if row["origin"] == name else row["origin"]
            return _said(words)
        raise AssertionError(f"not simulated: {' '.join(words)}")


@contextmanager
def power_cut_at(machine: Machine, number: Optional[int]) -> Iterator[List[str]]:
    """The `number`-th durable write or command (from 0) is the one that does not happen any more.

    Gives the list of what happened, which names the events of a run without a cut (None).
    """
    seen: List[str] = []

    def event(name: str) -> None:
        if number is not None and len(seen) == number:
            raise PowerCut(name)
        seen.append(name)

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            event(f"{function.__name__} {arguments[0]}")
            return function(*arguments, **options)
        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("write_file", "overwrite_in_place", "overwrite", "make_symlink", "remove",
                     "settle"):
            patch.setattr(durable, name, watched(getattr(durable, name)))
        append = Journal.append

        def appended(self: Journal, record: Any) -> None:
            event(f"journal {record['event']}")
            append(self, record)

        patch.setattr(Journal, "append", appended)
        machine.event = event
        try:
            yield seen
        finally:
            machine.event = lambda name: None


def _volumes() -> Dict[str, Dict[str, str]]:
    base = NG_ENTRY[:-2]
    rows = [("pool00", "", "twi-aotz--", ""), (base, "", "Vri---tz-k", "imgbased:base"),
            (NG_ENTRY, base, "Vwi-a-tz--", "imgbased:layer"), ("var", "", "Vwi-a-tz--", ""),
            ("home", "", "Vwi-a-tz--", ""), (OLD_ENTRY, "", "Vwi---tz-k", "imgbased:layer"),
            ("swap", "", "-wi-ao----", ""), ("ng2coreos_root", "", "Vwi-aotz--", "ng2coreos"),
            ("ng2coreos_var", "var", "Vwi-aotz--", "ng2coreos")]
    return {name: {"lv_name": name, "origin": origin, "lv_attr": attr, "lv_tags": tags}
            for name, origin, attr, tags in rows}


def _said(words: Sequence[str], stdout: str = "") -> Completed:
    return Completed(tuple(words), 0, stdout, "", 0.0)


def default_of(machine: Machine) -> str:
    """What a plain reset boots."""
    return arm.default(machine.environment)
