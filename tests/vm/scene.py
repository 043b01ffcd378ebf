"""A stand-in host in a guest, with the tool on it: what the tests of the migration play in."""

import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from tests.rig import coreos, ng
from tests.rig.cache import REPO, cache_dir, cached, need_room, remove_tree
from tests.rig.coreos import CoreosImage
from tests.rig.guest import BOOT_DEADLINE_S, Guest
from tests.rig.ng import NgImage
from tests.rig.sshlink import Result
from tests.rig.switch import Switch

TOOL = "/run/tool"
PAYLOAD = "/run/payload"
# A trial boots, checks its health and reboots: two boots under emulation, on a noisy machine.
TRIAL_DEADLINE_S = 1800.0
NG_ROOTS = ("/", "/var", "/home")
_PACKAGED = ("ng2coreos", "plugins", "data", "setup.py", "pyproject.toml")
# What a running NG writes by itself, whatever the tool does; and the tool's own record of its runs.
VOLATILE = re.compile(
    r"/etc/(lvm/(archive|backup|cache|devices)(/|$)|adjtime$|resolv\.conf$|\.pwd\.lock$)"
    r"|/var/lib/(ng2coreos|systemd|NetworkManager|chrony|dhcp|private|logrotate|urandom)(/|$)"
    r"|/var/(log|tmp|cache|spool)(/|$)|/root/\.(bash_history|cache)|/var/\.updated$|/etc/\.updated$")

_MEASURED = """
import atexit, resource, runpy
usage = lambda: str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
atexit.register(lambda: open("/run/tool-maxrss", "w").write(usage()))
runpy.run_module("ng2coreos", run_name="__main__")
"""


def tool_package() -> Path:
    """The tool as it would be installed, made from the repository's sources."""
    def build(out: Path) -> None:
        source = out / "source"
        source.mkdir()
        for name in _PACKAGED:
            path = REPO / name
            if path.is_dir():
                shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, source)
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile",
                        "--no-build-isolation", "--disable-pip-version-check",
                        "--target", str(out / "site"), str(source)], check=True)
        remove_tree(source)

    return cached("tool", [REPO / name for name in _PACKAGED], build) / "site"


def images(boot_fs: str = "ext4") -> Tuple[NgImage, CoreosImage]:
    """The stand-ins, built if the cache lacks them."""
    return ng.build(boot_fs), coreos.build()


def ng_tree() -> Path:
    """The NG stand-in's root as a directory: nothing may be written below it."""
    return ng.root_tree()


@dataclass
class Scene:
    """One guest that begins as NG; `times` collects figures for whoever wants them."""

    guest: Guest
    switch: Switch
    image: NgImage
    target: CoreosImage
    times: Dict[str, float] = field(default_factory=dict)

    def prepare_ng(self) -> None:
        """Put the tool and the images' mount into a booted NG (both live in memory only)."""
        self.guest.ssh(f"mkdir -p {PAYLOAD} && {{ mountpoint -q {PAYLOAD} || "
                       f"mount -o ro LABEL=payload {PAYLOAD}; }}")
        self.guest.put({TOOL: tool_package()})

    def tool(self, *argv: str, check: bool = True, timeout: float = 1500) -> Result:
        """Run ng2coreos on NG."""
        return self.guest.ssh(f"cd / && PYTHONPATH={TOOL} PYTHONDONTWRITEBYTECODE=1 python3 -c "
                              f"{shlex.quote(_MEASURED)} {_quoted(argv)}",
                              check=check, timeout=timeout)

    def peak_memory_mib(self) -> float:
        """Peak memory of the tool's own process in the last call of `tool`."""
        return int(self.guest.ssh("cat /run/tool-maxrss").stdout) / 1024

    def new(self, *argv: str, check: bool = True, timeout: float = 900) -> Result:
        """Run ng2coreos on the new system."""
        return self.guest.ssh(f"ng2coreos {_quoted(argv)}", check=check, timeout=timeout)

    def python(self, program: str, *words: str, text: str = "") -> Any:
        """What a program in the guest, of whichever system, prints as JSON; `text` is its input."""
        done = self.guest.ssh(["python3", "-c", program, *words], input=text, timeout=900)
        return json.loads(done.stdout)

    def target_options(self, repo: str = "repo", *more: str) -> List[str]:
        """--target and --key for one of the payload's repositories."""
        return ["--target", f"{PAYLOAD}/{repo}", "--key", f"{PAYLOAD}/key.asc",
                "--ref", self.target.ref, *more]

    def timed(self, name: str, began: float) -> float:
        """Note the seconds since `began` (time.monotonic) under `name`."""
        self.times[name] = time.monotonic() - began
        return self.times[name]

    def system(self) -> str:
        """``ng`` or ``coreos``, asked of the running system itself; empty if it goes down now."""
        found = self.guest.ssh("test -e /run/ostree-booted && echo coreos || echo ng", check=False)
        return found.stdout.strip()

    def wait_system(self, wanted: str, deadline_s: float = TRIAL_DEADLINE_S) -> None:
        """Wait until the guest answers as `wanted`, over as many boots as that takes."""
        limit = time.monotonic() + deadline_s
        while True:
            self.guest.wait_ssh(max(60.0, limit - time.monotonic()))
            if self.system() == wanted:
                return
            if time.monotonic() > limit:
                raise AssertionError(f"not {wanted} within {deadline_s:.0f} s\n"
                                     f"{self.guest.serial.tail()}")
            time.sleep(2)

    def wait_phase(self, phase: str, deadline_s: float = TRIAL_DEADLINE_S) -> Dict[str, Any]:
        """Wait until the state file says `phase`, whichever system runs; the state."""
        limit = time.monotonic() + deadline_s
        seen = ""
        while time.monotonic() < limit:
            self.guest.wait_ssh(max(60.0, limit - time.monotonic()))
            state = self.state()
            if state and state["phase"] == phase:
                return state
            seen = state["phase"] if state else "no state"
            if seen == "failed":
                raise AssertionError(f"the trial failed: {state['attempts'] if state else ''}")
            time.sleep(3)
        raise AssertionError(f"phase {seen}, not {phase}, after {deadline_s:.0f} s\n"
                             f"{self.guest.serial.tail()}")

    def state(self) -> Optional[Dict[str, Any]]:
        """The state file, from either system; None where there is none."""
        text = self.guest.ssh("cat /sysroot/boot/coreos/ng2coreos.state 2>/dev/null || "
                              "cat /boot/coreos/ng2coreos.state 2>/dev/null || "
                              "cat /boot/ng2coreos.state 2>/dev/null", check=False).stdout
        found: Optional[Dict[str, Any]] = json.loads(text) if text.strip() else None
        return found

    def reboot(self) -> None:
        """Ask the system for a reboot; the connection may go first."""
        self.guest.ssh("systemctl reboot", check=False, timeout=60)

    def vdsm(self, deadline_s: float = 300.0) -> Dict[str, Any]:
        """What vdsm answers over bond, VLAN and bridge with the carried certificate."""
        limit = time.monotonic() + deadline_s
        context = ssl.create_default_context(cadata=self.ca)
        context.check_hostname = False
        problem: Optional[Exception] = None
        while time.monotonic() < limit:
            try:
                raw = socket.create_connection(("127.0.0.1", self.switch.host_port), timeout=20)
                with context.wrap_socket(raw) as link:
                    answer: Dict[str, Any] = json.loads(link.makefile().readline())
                    return answer
            except (OSError, ValueError) as error:
                problem = error
                time.sleep(2)
        raise AssertionError(f"vdsm does not answer on 54321: {problem}")

    def vdsm_of_next_boot(self, deadline_s: float) -> Dict[str, Any]:
        """What vdsm answers once it has been gone: asked all the while, to miss nothing."""
        limit = time.monotonic() + deadline_s
        while time.monotonic() < limit:
            try:
                self.vdsm(0.1)
            except AssertionError:
                return self.vdsm(limit - time.monotonic())
            time.sleep(0.5)
        raise AssertionError("vdsm never went away: the host does not reboot")

    @property
    def ca(self) -> str:
        """The host's CA certificate, as it was on NG before anything."""
        if not hasattr(self, "_ca"):
            self._ca = self.guest.ssh("cat /etc/pki/vdsm/certs/cacert.pem").stdout
        return self._ca

    def fingerprint(self, *roots: str) -> Dict[str, List[Any]]:
        """The manifest of `roots` without what a running NG writes by itself."""
        script = (Path(__file__).parent / "fingerprint.py").read_text("utf-8")
        out = self.guest.ssh(f"python3 - {_quoted(roots)}", input=script, timeout=900).stdout
        facts = [json.loads(line) for line in out.splitlines()]
        return {f[0]: f[1:] for f in facts if not VOLATILE.match(f[0])}

    def volumes(self) -> Dict[str, List[str]]:
        """Every LV of NG's VG: name to what may not change."""
        out = self.guest.ssh("lvs -a --reportformat json --units b --nosuffix -o lv_name,lv_uuid,"
                             "lv_size,lv_tags,origin,lv_permissions,lv_skip_activation "
                             f"{self.image.vg}").stdout
        rows = json.loads(out)["report"][0]["lv"]
        return {row["lv_name"]: sorted(f"{k}={v}" for k, v in row.items()) for row in rows}

    def pool_free_mib(self) -> int:
        """What NG's thin pool has left for data."""
        size, percent = self.guest.ssh("lvs --noheadings --units m --nosuffix -o lv_size,"
                                       f"data_percent {self.image.vg}/{self.image.pool}"
                                       ).stdout.split()
        return int(float(size) * (1 - float(percent) / 100))

    def boot_files(self, partition: str = "/boot") -> Dict[str, List[Any]]:
        """Every file on /boot but GRUB's environment, which GRUB itself rewrites at each boot."""
        found = self.fingerprint(partition)
        return {path: fact for path, fact in found.items() if not path.endswith("/grubenv")}

    def grub_environment(self) -> Dict[str, str]:
        """The variables of NG's GRUB environment, set ones only."""
        out = self.guest.ssh("grub2-editenv /boot/grub2/grubenv list").stdout
        pairs = (line.partition("=") for line in out.splitlines())
        return {name: value for name, _, value in pairs if value}

    def counter(self) -> Tuple[str, str]:
        """The confirmed system's boot counter and its mark of a good boot, as GRUB reads them."""
        out = self.guest.ssh("for i in /sysroot/boot /boot; do test -f $i/coreos/grub2/grubenv && "
                             "cat $i/coreos/grub2/grubenv; done; true").stdout
        found = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
        return found.get("boot_counter", ""), found.get("boot_success", "")

    def written_bytes(self) -> int:
        """Bytes that the guest has written to its disks since it was started."""
        blocks = self.guest.monitor("query-blockstats")
        assert isinstance(blocks, list)
        return sum(b["stats"]["wr_bytes"] for b in blocks)


def changed(before: Dict[str, List[Any]], after: Dict[str, List[Any]]) -> List[str]:
    """The paths that came, went or differ between two fingerprints."""
    return sorted(p for p in {*before, *after} if before.get(p) != after.get(p))


@contextmanager
def work_place(name: str) -> Iterator[Path]:
    """A directory for a guest's files, beside the cache: empty first, gone afterwards.

    A guest needs gigabytes; what tells of a failure, the console's end, has been printed by then.
    """
    path = cache_dir().parent / "vm" / name
    remove_tree(path)
    path.mkdir(parents=True)
    need_room(path)
    try:
        yield path
    finally:
        remove_tree(path)


def wait_boot(scene: Scene, since_boot: str) -> str:
    """Wait for another boot than `since_boot`; its id."""
    return scene.guest.wait_ssh(BOOT_DEADLINE_S, other_than=since_boot)


def _quoted(argv: Sequence[str]) -> str:
    return " ".join(shlex.quote(os.fspath(word)) for word in argv)
