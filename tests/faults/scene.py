"""An NG host with two data volumes, the plan for it, and its whole life by the real code."""

import os
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

import pytest

from ng2coreos import inventory
from ng2coreos import plan as deciding
from ng2coreos import target as targets
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands, runner
from ng2coreos.execute.store import Store
from ng2coreos.firstboot import zipapp
from ng2coreos.inventory import lvm_layout
from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.plan import Plan
from ng2coreos.stage import arm, grubenv, mounts, sysroot
from tests.execute import simulated
from tests.execute.world import BOOT_ID, GRUBENV
from tests.faults.cuts import Cut
from tests.faults.media import Node, Tree
from tests.faults.ostree import OstreeHost
from tests.faults.programs import Lv
from tests.plan import build

RUNS = "var/lib/ng2coreos"
Files = Dict[str, Tree]


class Scene:
    """The host; `install` puts it in the place of the real one."""

    def __init__(self, top: Path) -> None:
        os.umask(0o022)
        self.host = OstreeHost(Path(os.path.realpath(str(top))))
        self.facts, self.plan = _planned()
        self._tree()
        self.host.media.settled()
        self.before = self.host.media.image("killed")

    def install(self, patch: pytest.MonkeyPatch) -> "Scene":
        """Facts are given, the image is empty; everything else that a run does is real."""
        patch.setattr(runner, "private_namespace", lambda: None)
        patch.setattr(mounts, "table", self.host.mount_table)
        patch.setattr(inventory, "read", lambda host, plugins: self.facts)
        patch.setattr(lvm_layout, "read", lambda host, devices: self.facts.layout)
        patch.setattr(targets, "opened", simulated._Opened)
        patch.setattr(sysroot, "_watched", lambda root, advance: nullcontext())  # a thread
        patch.setattr(codec, "loads", cache(codec.loads))  # records are frozen
        plugins, program = _slow()  # made once: they are the same for every run
        patch.setattr(deciding, "load_plugins", lambda: plugins)
        patch.setattr(zipapp, "build", lambda: program)
        return self

    def apply(self) -> None:
        """`ng2coreos apply`."""
        commands.apply(self.host, self.plan, Progress())

    def apply_again(self) -> None:
        """`ng2coreos apply --reboot` of an armed run, as far as the restart."""
        commands.apply(self.host, self.plan, Progress(), fresh=True)

    def resume(self) -> None:
        """`ng2coreos resume`."""
        commands.resume(self.host, Progress())

    def roll_back(self) -> None:
        """`ng2coreos rollback`."""
        commands.roll_back(self.host, Progress())

    @property
    def store(self) -> Store:
        """The runs of this host."""
        return Store(self.host)

    def restore(self, cut: Cut) -> None:
        """The host as a cut left it; after a power failure NG has started again."""
        self.host.restore(cut.lvs, dict(cut.files))
        if cut.power:
            self.restart()

    def reset(self) -> None:
        """The untouched host."""
        self.host.restore([lv for lv in self.host.lvs.values() if not lv.tags], self.before)

    def restart(self) -> None:
        """NG has booted once more: /run is empty, and the kernel gives the boot a new id."""
        number = int(self.boot_id.partition("-")[2])
        self.host.path(BOOT_ID).write_text(f"boot-{number + 1}\n")
        self.host.media.settled()

    @property
    def boot_id(self) -> str:
        """This boot of NG."""
        return self.host.path(BOOT_ID).read_text().strip()

    def next_entry(self) -> str:
        """What GRUB boots next: the one-shot, else the default."""
        found = grubenv.read(self.host.path(GRUBENV))
        return found.get("next_entry") or found.get("saved_entry", "")

    def image(self) -> Files:
        """All that is on the host's disks; of /proc nothing."""
        found = self.host.media.image("killed")
        found.pop("/run")
        found["/"] = {p: n for p, n in found["/"].items() if not f"{p}/".startswith("proc/")}
        return found

    def ng(self) -> Files:
        """As `image`, without the record of past runs (0700), which a rollback leaves."""
        found = self.image()
        found["/"] = {p: n for p, n in found["/"].items() if not f"{p}/".startswith(f"{RUNS}/")}
        return found

    def result(self) -> Tuple[Files, Tuple[Lv, ...]]:
        """What a finished run has made, in a form to compare: see EXCEPTIONS in test_cuts.py."""
        found = self.image()
        here = f"{RUNS}/{self.plan.run_id}/"
        found["/"] = {p: n for p, n in found["/"].items()
                      if p not in (f"{here}journal", f"{here}ng2coreos.state", f"{RUNS}/lock")}
        state = found["/boot"].get("coreos/ng2coreos.state")
        if state is not None:
            text = state.data.replace(f'"{self.boot_id}"'.encode(), b'"boot"')
            found["/boot"]["coreos/ng2coreos.state"] = state._replace(data=text)
        return found, tuple(sorted(self.host.lvs.values(), key=lambda lv: lv.name))

    def _tree(self) -> None:
        host = self.host
        for path, data in (
                (BOOT_ID, b"boot-1\n"), ("/etc/shadow", b"root:$6$salt$canaryhash:1::::::\n"),
                ("/etc/secret.key", simulated.SECRET), ("/root/.bashrc", b"alias\n"),
                ("/boot/grub2/custom.cfg", b"# the admin's own\n"),
                ("/boot/grub2/grub.cfg", b"# NG's\n"),
                (f"/boot/{build.LAYER}/vmlinuz-5.14.0", b"NG's kernel"),
                (f"/boot/{build.LAYER}/initramfs-5.14.0.img", b"NG's initramfs")):
            simulated.write(host, path, data)
        for place in ("/var/tmp", "/var/lib"):
            host.path(place).mkdir(parents=True, exist_ok=True)
        grubenv.create(host.path(GRUBENV))
        arm.set_default(host.path(GRUBENV), build.ENTRY)
        for name in ("var", "home"):
            host.add(Lv(name, "1000", fstype="xfs", uuid=f"fs-{name}"), {
                "": Node("d", 0o755, (0, 0)), "kept": Node("f", 0o640, (36, 36), name.encode()),
                "dir": Node("d", 0o700, (0, 0))})


def differences(wanted: Mapping[str, Tree], found: Mapping[str, Tree]) -> List[str]:
    """Every path that is not the same, for a human."""
    told = []
    for name in sorted(set(wanted) | set(found)):
        old, new = wanted.get(name, {}), found.get(name, {})
        for path in sorted(set(old) | set(new)):
            if old.get(path) != new.get(path):
                told.append(f"{name}:{path}: {_shown(old.get(path))} -> {_shown(new.get(path))}")
    return told


def attempt(command: Callable[[], Any]) -> Optional[Exception]:
    """Run a command; what it raised."""
    try:
        command()
    except Exception as error:
        return error
    return None


def scene_at(top: Path) -> Iterator[Scene]:
    """A scene that is installed for a while; a fixture's body."""
    with pytest.MonkeyPatch.context() as patch:
        made = Scene(top).install(patch)
        yield made
        made.host.media.close()


@cache
def _planned() -> Tuple[HostFacts, Plan]:
    known = simulated.facts()
    made = simulated.planned(known)
    small = replace(made.decisions, checks=made.decisions.checks[:3],
                    units=made.decisions.units[:3])
    return known, replace(made, decisions=small)


@cache
def _slow() -> Tuple[Any, bytes]:
    return deciding.load_plugins(), b"the zipapp"


def _shown(node: Optional[Node]) -> str:
    if node is None:
        return "nothing"
    return f"{node.kind} {node.mode:o} {node.owner} {node.data[-60:]!r}"
