"""The payload: reproducible, complete, and a program that runs without anything but Python."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from configparser import RawConfigParser
from dataclasses import replace
from pathlib import Path
from typing import Dict, Tuple

import pytest

from ng2coreos import firstboot
from ng2coreos.core.errors import Exit
from ng2coreos.firstboot import services, zipapp
from ng2coreos.firstboot.system import MANIFEST
from ng2coreos.model import codec
from ng2coreos.model.item import Item
from ng2coreos.model.manifest import Manifest
from ng2coreos.model.packages import AddedPackage, Fate
from ng2coreos.model.state import Phase
from tests.firstboot.machine import COMMIT, Machine
from tests.report.sample import SECRETS, plan


def by_path() -> Dict[str, Item]:
    """The payload of the sample plan."""
    return {item.path: item for item in firstboot.payload(plan())}


def content(item: Item) -> bytes:
    """What Ignition writes."""
    return base64.b64decode(item.content)


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert firstboot.payload(plan()) == firstboot.payload(plan())


def test_digests_and_sizes_are_of_the_contents() -> None:
    for item in by_path().values():
        if item.kind == "file":
            assert item.sha256 == hashlib.sha256(content(item)).hexdigest()
            assert item.size_bytes == len(content(item))
            assert (item.owner, item.group) == ("root", "root")


def test_paths_and_modes() -> None:
    assert {path: oct(item.mode) for path, item in by_path().items() if item.kind == "file"} == {
        "/etc/ng2coreos/ng2coreos.pyz": "0o644", "/etc/ng2coreos/manifest.json": "0o600",
        "/var/usrlocal/bin/ng2coreos": "0o755",
        "/etc/systemd/system/ng2coreos-boot-success.service": "0o644",
        "/etc/systemd/system/ng2coreos-stuck.service": "0o644",
        "/etc/systemd/system/ng2coreos-stuck.timer": "0o644",
        "/etc/systemd/system/ng2coreos-trial.service": "0o644",
        "/etc/systemd/system/ng2coreos-deadman.service": "0o644",
        "/etc/systemd/system/ng2coreos-deadman.timer": "0o644"}


def test_the_links_lead_to_the_units() -> None:
    items = by_path()
    staying = (services.BOOT_SUCCESS_LINK, services.STUCK_LINK)
    for link in (services.TRIAL_LINK, services.DEADMAN_LINK, *staying):
        unit = (Path(link).parent / items[link].link).resolve()
        assert str(unit) in items
        assert items[link].verify == (link in staying)  # confirm takes the others away


def test_the_manifest_holds_everything_but_itself_and_no_secret() -> None:
    items = by_path()
    text = content(items[MANIFEST]).decode()
    manifest = codec.loads(Manifest, text)
    own = {item.path for item in plan().decisions.items}
    assert {item.path for item in manifest.items} == own | set(items) - {MANIFEST}
    assert not any(item.content for item in manifest.items)
    assert SECRETS[0] not in text and SECRETS[1] not in text
    fstab = next(item for item in manifest.items if item.path == "/etc/fstab")
    assert fstab.sha256 == hashlib.sha256(b"UUID=x / ext4\n").hexdigest()
    assert manifest.volumes == ("ng2coreos_var", "ng2coreos_root")
    assert manifest.ng_volumes == plan().source.ng_volumes
    assert manifest.health_deadline_s == plan().policy.health_deadline_s
    assert manifest.restart and manifest.restart == plan().decisions.prediction.restart


def test_the_deadman_strikes_at_the_policys_time() -> None:
    it = plan()
    items = firstboot.payload(replace(it, policy=replace(it.policy, deadman_s=1234)))
    timer = next(item for item in items if item.path.endswith("deadman.timer"))
    assert "OnBootSec=1234\n" in content(timer).decode()


def test_the_unit_for_layers_is_there_only_with_layers() -> None:
    it = plan()
    tmux = AddedPackage("tmux", "tmux-3-1.x86_64", "CentOS", Fate.LAYER, "")
    lib = AddedPackage("libevent", "libevent-2-1.x86_64", "CentOS", Fate.ALONG, "")
    more = replace(it, decisions=replace(it.decisions, packages=(lib, tmux)))
    items = {item.path: item for item in firstboot.payload(more)}
    assert set(items) - set(by_path()) == {
        services.LAYERS_LINK, f"{services.DIRECTORY}/{services.LAYERS}"}
    manifest = codec.loads(Manifest, content(items[MANIFEST]).decode())
    assert (manifest.layers, manifest.along) == (("tmux",), ("libevent",))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_has_nothing_against_the_units(tmp_path: Path) -> None:
    for name, text in services.unit_files(1800, layers=True).items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],
                          capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "ng2coreos-" in line]
    assert said == []


def test_the_units_wait_for_nothing_that_can_hang() -> None:
    for name, text in services.unit_files(1800, layers=True).items():
        parser = RawConfigParser(strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(text)
        unit = dict(parser["Unit"])
        assert unit["DefaultDependencies"] == "no"
        assert not {"Requires", "BindsTo", "Requisite"} & set(unit)
        assert "multi-user.target" not in unit.get("After", "")
        assert not parser.has_section("Install"), name
        if name == services.DEADMAN:
            assert unit["FailureAction"] == "reboot-force"
        if name == services.TRIAL:  # else a trial that cannot even start waits for the timer
            assert unit["OnFailure"] == services.DEADMAN


def test_the_archive_is_the_same_at_any_time() -> None:
    data = zipapp.build()
    assert data == zipapp.build()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    assert names == ["__main__.py", *sorted(names[1:])]
    assert not [n for n in names if n.split("/")[1:2] in (["plan"], ["inventory"], ["target"])]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zipapp as a file."""
    path = tmp_path_factory.mktemp("program") / "ng2coreos.pyz"
    path.write_bytes(zipapp.build())
    return path


def run(program: Path, *words: str) -> Tuple[int, str, str]:
    """Exit code, stdout, stderr of the program, run as the units run it."""
    done = subprocess.run([sys.executable, "-I", "-S", "-B", str(program), *words],
                          capture_output=True, text=True, check=False, cwd="/")
    return done.returncode, done.stdout, done.stderr


def test_every_module_in_it_can_be_imported(program: Path) -> None:
    code = ("import sys, zipfile, importlib; sys.path[:0] = [sys.argv[1]]\n"
            "for name in zipfile.ZipFile(sys.argv[1]).namelist():\n"
            "    if name != '__main__.py':\n"
            "        importlib.import_module(name[:-3].replace('/', '.'))\n"
            "assert all(sys.argv[1] in m.__file__ for n, m in sys.modules.items()"
            " if n.startswith('ng2coreos'))\n")
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code, str(program)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_tells_the_status(program: Path, tmp_path: Path) -> None:
    machine = Machine(tmp_path, confirm="manual")
    machine.play()
    code, out, err = run(program, "--root", str(tmp_path), "status")
    assert (code, err) == (0, "")
    assert out.startswith("HEALTHY: ") and "ng2coreos confirm" in out
    code, out, _ = run(program, "--root", str(tmp_path), "status", "--json")
    data = json.loads(out)
    assert (code, data["phase"], data["target"]["commit"]) == (0, "healthy", COMMIT)


def test_it_verifies_and_says_what_fails(program: Path, tmp_path: Path) -> None:
    Machine(tmp_path).boot()
    code, out, _ = run(program, "--root", str(tmp_path), "verify", "--json")
    assert code == Exit.VERIFY_FAILED
    details = {proof["id"]: proof["detail"] for proof in json.loads(out)["proof"]["proofs"]}
    assert "is not run for a system that is not running" in details["vdsmd"]


def test_an_error_is_one_line_and_a_hint(program: Path, tmp_path: Path) -> None:
    code, out, err = run(program, "--root", str(tmp_path), "status")
    assert (code, out) == (Exit.UNSUPPORTED, "")
    assert len(err.splitlines()) == 2 and "Traceback" not in err
    machine = Machine(tmp_path / "m")
    machine.set_phase(Phase.ARMED)
    (machine.partition / "coreos/ng2coreos.state").write_text("{")
    code, _, err = run(program, "--root", str(tmp_path / "m"), "status")
    assert code == Exit.BAD_INPUT and len(err.splitlines()) == 2


def test_a_wrong_call_is_a_usage_error(program: Path) -> None:
    for words in ((), ("no-such-command",), ("status", "--yes")):
        assert run(program, *words)[0] == Exit.USAGE
