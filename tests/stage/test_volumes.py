"""Logical volumes by script (this machine has no device-mapper), file systems for real in files."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import pytest

from ng2coreos.core.command import Completed, Input, run_process
from ng2coreos.core.errors import BadInput, CommandFailed, Ng2CoreosError
from ng2coreos.core.host import Host
from ng2coreos.model.filesystem import MAKE
from ng2coreos.model.plan import Volume
from ng2coreos.stage import volumes
from ng2coreos.stage.mounts import Mounts
from tests.fakes import MANY, FakeHost, Reply
from tests.stage.namespace import in_namespace

ID = "2f2ad9ea-e6bd-4a1e-9a2c-55d1b3a3a0c1"
OTHER = "7d0b3c2e-0000-4a1e-9a2c-55d1b3a3a0c1"
ROOT = Volume("ng2coreos_root", "/", "ext4", ID, 3 << 30)
VAR = Volume("ng2coreos_var", "/var", "ext4", ID, 15 << 30, "var", "/var")
MINE = "ng2coreos,ng2coreos:r1"


def row(name: str, tags: str = "", **more: str) -> Dict[str, str]:
    return {"lv_name": name, "lv_tags": tags, "lv_size": str(3 << 30), "pool_lv": "pool00",
            "origin": "", "lv_active": "active", **more}


def lvs(host: FakeHost, *rows: Dict[str, str], times: int = 1) -> FakeHost:
    return host.on("lvs", "--reportformat", "json", ..., times=times,
                   stdout=json.dumps({"report": [{"lv": list(rows)}]}))


def settled(host: FakeHost) -> FakeHost:
    return host.on("udevadm", "settle", ..., times=MANY)


def changed(host: FakeHost) -> FakeHost:
    """Activated in spite of its skip flag, which goes when the UUID is its own."""
    return host.on("lvchange", "-ay", "-K", "onn/ng2coreos_var").on(
        "lvchange", "-kn", "onn/ng2coreos_var")


def blkid(host: FakeHost, fstype: str = "", fs_uuid: str = "") -> FakeHost:
    text = f"TYPE={fstype}\nUUID={fs_uuid}\n" if fstype else ""
    return host.on("blkid", "-p", ..., stdout=text, rc=0 if fstype else 2)


def test_a_new_thin_root(fake_host: FakeHost) -> None:
    lvs(fake_host, row("var"))
    fake_host.on("lvcreate", "-q", "-y", "-kn", "-V", f"{3 << 30}B", "-T", "onn/pool00", "-n",
                 "ng2coreos_root", "--addtag", "ng2coreos", "--addtag", "ng2coreos:r1")
    settled(fake_host)
    blkid(fake_host)
    fake_host.on(*MAKE["ext4"], "-U", ID, "/dev/onn/ng2coreos_root")
    volumes.create(fake_host, "onn", "pool00", ROOT, "r1")


def test_a_thick_root_with_xfs(fake_host: FakeHost) -> None:
    volume = Volume("ng2coreos_root", "/", "xfs", ID, 3 << 30, thick=True)
    settled(blkid(lvs(fake_host), "ext4", ID))
    fake_host.on("lvcreate", "-q", "-y", "-kn", "-L", f"{3 << 30}B", "-n", "ng2coreos_root",
                 "--addtag", "ng2coreos", "--addtag", "ng2coreos:r1", "onn")
    fake_host.on(*MAKE["xfs"], "-m", f"crc=1,uuid={ID}", "/dev/onn/ng2coreos_root")
    volumes.create(fake_host, "onn", "pool00", volume, "r1")


def test_what_is_there_already_is_left(fake_host: FakeHost) -> None:
    settled(blkid(lvs(fake_host, row("ng2coreos_root", MINE)), "ext4", ID))
    volumes.create(fake_host, "onn", "pool00", ROOT, "r1")


def test_a_volume_killed_before_its_mkfs_gets_it(fake_host: FakeHost) -> None:
    settled(blkid(lvs(fake_host, row("ng2coreos_root", MINE, lv_active=""))))
    fake_host.on("lvchange", "-ay", "onn/ng2coreos_root")
    fake_host.on("mkfs.ext4", ...)
    volumes.create(fake_host, "onn", "pool00", ROOT, "r1")


@pytest.mark.parametrize("left", [
    row("ng2coreos_root", "ng2coreos,ng2coreos:r0"), row("ng2coreos_root", MINE, pool_lv="other"),
    row("ng2coreos_root", MINE, lv_size="1024"), row("ng2coreos_root", MINE, origin="var")])
def test_an_unfit_leftover_of_ours_is_made_again(fake_host: FakeHost, left: Dict[str, str]) -> None:
    settled(blkid(lvs(fake_host, left, times=2)))
    fake_host.on("lvremove", "-q", "-y", "onn/ng2coreos_root")
    fake_host.on("lvcreate", ...)
    fake_host.on("mkfs.ext4", ...)
    volumes.create(fake_host, "onn", "pool00", ROOT, "r1")
    words = [argv[0] for argv in fake_host.commands]
    assert words.index("lvremove") < words.index("lvcreate") < words.index("mkfs.ext4")


@pytest.mark.parametrize("tags", ["", "imgbased:layer", "ng2coreosx", "x.ng2coreos"])
def test_a_volume_that_is_not_ours_is_never_removed(fake_host: FakeHost, tags: str) -> None:
    lvs(fake_host, row("ng2coreos_root", tags), times=MANY)
    with pytest.raises(BadInput, match="tag"):
        volumes.remove(fake_host, "onn", "ng2coreos_root")
    with pytest.raises(BadInput, match="tag"):
        volumes.create(fake_host, "onn", "pool00", ROOT, "r1")
    with pytest.raises(BadInput, match="tag"):
        volumes.snapshot(fake_host, "onn", Volume("ng2coreos_root", "/var", "ext4", ID, 1, "var"),
                         "r1")


def test_removing_twice_is_no_error(fake_host: FakeHost) -> None:
    lvs(fake_host, row("ng2coreos_var", MINE))
    lvs(fake_host, row("var"))
    fake_host.on("lvremove", "-q", "-y", "onn/ng2coreos_var")
    volumes.remove(fake_host, "onn", "ng2coreos_var")
    volumes.remove(fake_host, "onn", "ng2coreos_var")


def test_ours_are_found_by_tag_whatever_their_name(fake_host: FakeHost) -> None:
    lvs(fake_host, row("b", "ng2coreos"), row("ng2coreos_x", "imgbased:x"), row("a", MINE))
    assert volumes.ours(fake_host, "onn") == ("a", "b")


def test_a_snapshot_gets_its_own_uuid_after_its_log_was_replayed(fake_host: FakeHost) -> None:
    settled(blkid(lvs(fake_host, row("var")), "ext4", OTHER))
    fake_host.on("sync", "-f", "/var")
    fake_host.on("lvcreate", "-q", "-y", "-s", "-ky", "-n", "ng2coreos_var", "--addtag",
                 "ng2coreos", "--addtag", "ng2coreos:r1", "onn/var")
    changed(fake_host)
    fake_host.on("e2fsck", "-fp", "/dev/onn/ng2coreos_var", rc=1)  # 1: mended
    fake_host.on("tune2fs", "-L", "", "-U", ID, "/dev/onn/ng2coreos_var")
    volumes.snapshot(fake_host, "onn", VAR, "r1")
    order = [argv[:2] for argv in fake_host.commands
             if argv[0] in ("lvcreate", "lvchange", "e2fsck", "tune2fs")]
    assert order == [("lvcreate", "-q"), ("lvchange", "-ay"), ("e2fsck", "-fp"), ("tune2fs", "-L"),
                     ("lvchange", "-kn")]


def test_no_boot_activates_a_snapshot_that_has_ngs_uuid_still(fake_host: FakeHost) -> None:
    """NG mounts /var by UUID: after a power cut it must find one such file system."""
    settled(blkid(lvs(fake_host, row("var")), "ext4", OTHER))
    fake_host.on("sync", ...).on("lvcreate", ...).on("e2fsck", ...)
    fake_host.on("lvchange", "-ay", "-K", "onn/ng2coreos_var")
    fake_host.on("tune2fs", ..., raises=CommandFailed("power cut", hint=""))
    with pytest.raises(CommandFailed):
        volumes.snapshot(fake_host, "onn", VAR, "r1")
    create = next(argv for argv in fake_host.commands if argv[0] == "lvcreate")
    assert "-ky" in create and "-kn" not in create


def test_an_xfs_snapshot_is_mounted_once_for_its_log(fake_host: FakeHost) -> None:
    volume = Volume("ng2coreos_var", "/var", "xfs", ID, 1, "var", "/var")
    settled(blkid(lvs(fake_host, row("var")), "xfs", OTHER))
    changed(fake_host).on("sync", ...).on("lvcreate", ...)
    target = str(fake_host.root / "run/ng2coreos/log-ng2coreos_var")
    fake_host.on("mount", "-t", "xfs", "-o", "nouuid", "--", "/dev/onn/ng2coreos_var", target)
    fake_host.on("umount", "--", target)
    fake_host.on("xfs_admin", "-L", "--", "-U", ID, "/dev/onn/ng2coreos_var")
    volumes.snapshot(fake_host, "onn", volume, "r1")
    assert not Path(target).exists()


def test_a_complete_snapshot_of_this_run_is_left(fake_host: FakeHost) -> None:
    changed(settled(blkid(lvs(fake_host, row("ng2coreos_var", MINE, origin="var")), "ext4", ID)))
    volumes.snapshot(fake_host, "onn", VAR, "r1")


@pytest.mark.parametrize("left, there", [
    (row("ng2coreos_var", MINE, origin="var"), ("ext4", OTHER)),
    (row("ng2coreos_var", "ng2coreos,ng2coreos:r0", origin="var"), None),
    (row("ng2coreos_var", MINE, origin="home"), None)])
def test_any_other_snapshot_of_ours_is_taken_again(fake_host: FakeHost, left: Dict[str, str],
                                                   there: Any) -> None:
    lvs(fake_host, left, times=2)
    settled(fake_host)
    if there:
        blkid(fake_host, *there)
    blkid(fake_host, "ext4", OTHER)
    for program in ("lvremove", "sync", "lvcreate", "e2fsck", "tune2fs"):
        fake_host.on(program, ...)
    fake_host.on("lvchange", ..., times=MANY)
    volumes.snapshot(fake_host, "onn", VAR, "r1")


@pytest.mark.parametrize("rc", [2, 4, 8])
def test_a_file_system_that_cannot_be_mended_stops_the_run(fake_host: FakeHost, rc: int) -> None:
    settled(blkid(lvs(fake_host, row("var")), "ext4", OTHER))
    fake_host.on("sync", ...).on("lvcreate", ...).on("e2fsck", ..., rc=rc)
    fake_host.on("lvchange", "-ay", ...)
    with pytest.raises(CommandFailed):
        volumes.snapshot(fake_host, "onn", VAR, "r1")


def test_another_file_system_or_the_same_uuid_is_refused(fake_host: FakeHost) -> None:
    lvs(fake_host, row("var"), times=2)
    blkid(settled(fake_host), "btrfs", OTHER)
    blkid(fake_host, "ext4", ID)
    fake_host.on("sync", ..., times=2).on("lvcreate", ..., times=2).on("lvchange", ..., times=2)
    with pytest.raises(BadInput, match="btrfs"):
        volumes.snapshot(fake_host, "onn", VAR, "r1")
    with pytest.raises(Ng2CoreosError, match="UUID of its origin"):
        volumes.snapshot(fake_host, "onn", VAR, "r1")


def test_a_thick_snapshot_is_refused(fake_host: FakeHost) -> None:
    with pytest.raises(BadInput):
        volumes.snapshot(fake_host, "onn", Volume("a", "/var", "ext4", ID, 1, "var", thick=True),
                         "r1")


def test_a_host_without_udev_is_no_error(fake_host: FakeHost) -> None:
    fake_host.on("udevadm", ..., missing=True)
    volumes.settle(fake_host)


# file systems in files, with the real programs

def image(path: Path, megabytes: int = 8) -> str:
    with open(path, "wb") as stream:
        stream.truncate(megabytes << 20)
    return str(path)


@pytest.mark.parametrize("fstype, megabytes", [("ext4", 256), ("xfs", 320)])
def test_the_real_programs_make_the_uuid_that_the_plan_says(tmp_path: Path, fstype: str,
                                                            megabytes: int) -> None:
    host, device = Host(), image(tmp_path / "disk", megabytes)
    assert volumes.probe(host, device) == ("", "")
    for wanted in (ID, OTHER):  # the second time over a file system that is there
        volumes.make_filesystem(host, device, fstype, wanted)
        assert volumes.probe(host, device) == (fstype, wanted)
    with pytest.raises(BadInput):
        volumes.make_filesystem(host, device, "vfat", ID)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("fstype, megabytes", [("ext4", 256), ("xfs", 320)])
def test_a_copy_of_a_mounted_file_system_is_mended_and_renamed(
        tmp_path: Path, fstype: str, megabytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a snapshot: the origin is mounted and its log is dirty; both can be mounted at once."""
    host = Host()
    origin, taken = image(tmp_path / "origin", megabytes), str(tmp_path / "taken")
    volumes.make_filesystem(host, origin, fstype, OTHER)

    def runner(argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        if argv[0] == "lvs":
            text = json.dumps({"report": [{"lv": [row("var")]}]})
            return Reply((), text, "", 0, None, 1).answer(tuple(argv), None)
        if argv[0] == "lvchange":
            return Reply((), "", "", 0, None, 1).answer(tuple(argv), None)
        if argv[0] == "lvcreate":  # device-mapper freezes the origin for the moment of the copy
            subprocess.run(["fsfreeze", "-f", str(tmp_path / "run/origin")], check=True)
            subprocess.run(["cp", "--sparse=always", origin, taken], check=True)
            subprocess.run(["fsfreeze", "-u", str(tmp_path / "run/origin")], check=True)
            return Reply((), "", "", 0, None, 1).answer(tuple(argv), None)
        return run_process(argv, timeout_s, data)

    monkeypatch.setattr(volumes, "path", lambda vg, name: taken)
    monkeypatch.setattr(volumes, "_SCRATCH", str(tmp_path / "log"))

    def work() -> None:
        with Mounts(host, tmp_path / "run") as mounts:
            top = mounts.device(origin, "origin")
            for number in range(50):
                (top / f"f{number}").write_text("x" * number)
            fake = Host("/", runner)
            volumes.snapshot(fake, "onn", Volume("n", "/var", fstype, ID, 1, "var", str(top)), "r1")
            assert volumes.probe(host, taken) == (fstype, ID)
            copy = mounts.device(taken, "taken")
            assert len([n for n in os.listdir(str(copy)) if n.startswith("f")]) == 50
            assert volumes.probe(host, origin) == (fstype, OTHER)

    in_namespace(work)


def test_no_command_names_a_volume_of_ng_but_as_an_origin(fake_host: FakeHost) -> None:
    """Whatever is done, NG's LVs are read only."""
    settled(blkid(lvs(fake_host, row("var"), times=MANY), "ext4", OTHER))
    for program in ("sync", "lvcreate", "e2fsck", "tune2fs"):
        fake_host.on(program, ...)
    changed(fake_host)
    volumes.snapshot(fake_host, "onn", VAR, "r1")
    writes: List[Tuple[str, ...]] = [a for a in fake_host.commands
                                     if a[0] not in ("lvs", "blkid", "udevadm", "sync")]
    assert [a for a in writes if "onn/var" in a or "/dev/onn/var" in a] == [
        a for a in writes if a[0] == "lvcreate" and a[-1] == "onn/var" and "-s" in a]


@pytest.mark.parametrize("fstype", ["ext4", "xfs"])
def test_a_snapshot_is_found_by_neither_uuid_nor_label_of_its_origin(
        tmp_path: Path, fstype: str) -> None:
    """The real programs, on an image: NG may mount by LABEL=."""
    image = tmp_path / "image"
    image.touch()
    os.truncate(str(image), 320 << 20)  # the least that mkfs.xfs takes
    real = Host()
    label = ["-m", f"uuid={OTHER}"] if fstype == "xfs" else ["-U", OTHER]
    real.run([f"mkfs.{fstype}", "-q", "-L", "var", *label, str(image)])

    def on_file(argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        if argv[0] in ("mount", "umount"):  # there is no log to be written back
            return Completed(tuple(argv), 0, "", "", 0.0)
        more = ["-f"] if argv[0] == "xfs_admin" else []  # a file, not a device
        return run_process([argv[0], *more, *argv[1:]], timeout_s, data)

    volumes._new_uuid(Host(str(tmp_path), on_file), str(image), fstype, ID)
    said = real.run(["blkid", "-p", "-o", "export", str(image)]).stdout
    assert f"UUID={ID}\n" in said and "LABEL" not in said
