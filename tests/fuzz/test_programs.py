"""Programs that answer anything, and a host whose files are anything: every scanner and plug-in."""

import os
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

import pytest

from ng2coreos.core.command import Completed
from ng2coreos.core.errors import CommandFailed, Ng2CoreosError
from ng2coreos.core.host import Host
from ng2coreos.firstboot import checks, ng_volumes
from ng2coreos.firstboot.probe import Look
from ng2coreos.inventory import (
    boot,
    devices,
    etc,
    grub,
    host_identity,
    identities,
    lvm_layout,
    lvm_report,
    mounts,
    nics,
    services,
)
from ng2coreos.model.item import Check
from ng2coreos.plan import load_plugins
from ng2coreos.stage import volumes
from tests import recorded
from tests.fuzz.hostile import REPORTS, SMALL, remove, replace_file
from tests.fuzz.test_hostile import bounded

Scanner = Callable[[Host], Any]
# A program that failed or is missing ends the command with its own words: code 1, no traceback.
CLEAR = (Ng2CoreosError, OSError)

PROGRAMS: Dict[str, Scanner] = {
    "listed": lambda host: volumes.listed(host, "onn"),
    "fill": lambda host: volumes.fill(host, "onn", "b"),
    "probe": lambda host: volumes.probe(host, "/dev/onn/a"),
    "vgs": lvm_report.vgs, "pvs": lvm_report.pvs, "lvs": lambda host: lvm_report.lvs(host, ["onn"]),
    "autoextend": lambda host: lvm_report.autoextend_percent(host, "x"),
    "layout": lambda host: lvm_layout.read(host, devices.FileDevices(host)),
    "usage": lambda host: mounts.usage(host, ["/", "/var"]),
    "mounts": lambda host: mounts.read(host, devices.FileDevices(host), {}),
    "nics": lambda host: nics.read(host, devices.FileDevices(host)),
    "identity": host_identity.read,
    "NG's volumes": lambda host: ng_volumes.removable(host, "onn", ("var",), ("ng2coreos_var",)),
    **{f"plug-in {plugin.id}": plugin.facts for plugin in load_plugins()},
    **{f"plug-in {plugin.id} now": plugin.now for plugin in load_plugins()
       if hasattr(plugin, "now")},
}


def answering(root: Path, text: str, status: int = 0) -> Host:
    """A host whose every program prints `text`."""
    return Host(str(root), lambda argv, timeout_s, data: Completed(
        tuple(argv), status, text, text, 0.0))


@pytest.mark.parametrize("scanner", PROGRAMS)
def test_whatever_programs_print(tmp_path: Path, scanner: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text("0" * 32)
    for name, text in REPORTS.items():
        for status in (0, 1):
            with bounded():
                try:
                    PROGRAMS[scanner](answering(tmp_path, text, status))
                except CLEAR as error:
                    assert str(error), name


@pytest.mark.parametrize("kind", checks.KINDS)
def test_no_check_crashes_whatever_programs_print(tmp_path: Path, kind: str) -> None:
    """A check ends in ok or in a reason: a crash would end the trial without one."""
    clock = iter(range(10 ** 9))
    for text in REPORTS.values():
        for params in ({}, {"unit": "a", "address": "::1", "port": 1, "interface": "x", "name": "a",
                            "uid": 1, "gid": 1, "groups": [], "arg": "a", "uuids": ["a"],
                            "target": "/", "uuid": "u", "commit": "c", "destination": "default",
                            "via": "::1", "mac": "00:11:22:33:44:55", "allow": [], "ca": "/x",
                            "settings": ["port 22"]},
                       {"unit": 1, "address": [], "uuids": {}, "allow": 3}):
            with bounded():
                look = Look(answering(tmp_path, text), 0.0, lambda: float(next(clock)))
                proof = checks.prove(Check("i", kind, "t", params), look)
            assert proof.ok or proof.detail


FILES: Dict[str, Scanner] = {
    "host identity": host_identity.read, "users": identities.users, "groups": identities.groups,
    "services": services.read, "grub": lambda host: grub.read(host, "bios"),
    "nics": lambda host: nics.read(host, devices.FileDevices(host)), "etc": etc.read,
    "layout": lambda host: lvm_layout.read(host, devices.FileDevices(host)),
    "boot": lambda host: boot.read(host, recorded.facts(NAME).layout),
    **{f"plug-in {plugin.id}": plugin.facts for plugin in load_plugins()},
}
NAME = "el9-single"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A recorded host whose programs are recorded too; what was not recorded fails."""
    fake = recorded.host(NAME, tmp_path_factory.mktemp("hostile"))
    answer = fake._answer

    def lenient(argv: Any, timeout_s: float, data: Any) -> Completed:
        try:
            return answer(argv, timeout_s, data)
        except AssertionError:
            raise CommandFailed(f"{argv[0]} failed.", hint="none") from None

    fake._runner = lenient
    yield fake


def reads(host: Host, scanner: Scanner) -> List[str]:
    """The regular files that a scanner opens, in the host's terms."""
    seen: Set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        real = Host.read_bytes

        def read_bytes(self: Host, path: str, **options: Any) -> bytes:
            place = str(self.follow(path))
            if os.path.isfile(place):
                seen.add(place)
            return real(self, path, **options)

        patch.setattr(Host, "read_bytes", read_bytes)
        try:
            scanner(host)
        except Ng2CoreosError:
            pass
    return sorted(seen)


def each(host: Host, scanner: Scanner) -> Iterator[Tuple[str, str]]:
    """Put each kind of file in the place of each file that the scanner reads."""
    for name in reads(host, scanner):
        path = Path(name)
        good, mode = path.read_bytes(), path.stat().st_mode
        for kind in SMALL:
            path.write_bytes(good)
            replace_file(path, kind)
            yield name, kind
            remove(path)
        path.write_bytes(good)
        path.chmod(mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="devices")
@pytest.mark.parametrize("scanner", FILES)
def test_whatever_files_are(host: Host, scanner: str) -> None:
    count = 0
    for name, kind in each(host, FILES[scanner]):
        count += 1
        with bounded():
            try:
                FILES[scanner](host)
            except CLEAR as error:
                assert str(error), (name, kind)
    print(f"\n{scanner}: {count} files")
