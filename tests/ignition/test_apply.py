"""The real Ignition writes our configs into a directory: what is there then is what was carried."""

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any, Dict

import pytest

from ng2coreos.model.ignition import WRITTEN, Spec, spec_text
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Identities
from tests.ignition import plans

PROGRAM = "/usr/lib/dracut/modules.d/30ignition/ignition"  # Debian's package ignition
READS = [spec for spec in WRITTEN if (3, 0, 0) <= spec <= (3, 3, 0)]  # Debian 12 has 2.14
LARGE = b"".join(b"%d\n" % n for n in range(400_000))  # packed from 3.1.0 on, in pieces
NOISE = os.urandom(3_000_001)  # not worth packing


def apply(text: bytes, root: Path, scratch: Path) -> None:
    """Do what Ignition does on a first boot, users and mounts left out."""
    config = scratch / "config.ign"
    config.write_bytes(text)
    (root / "etc/selinux").mkdir(parents=True)
    (root / "etc/selinux/config").write_text("SELINUX=permissive\nSELINUXTYPE=none\n")
    (scratch / "bin").mkdir()  # no policy here that could say how to label
    (scratch / "bin/setfiles").symlink_to("/bin/true")
    for stage in ("fetch-offline", "files"):
        done = subprocess.run(
            [PROGRAM, "-platform", "file", "-stage", stage, "-root", str(root), "-log-to-stdout",
             "-config-cache", str(scratch / "cache"), "-neednet", str(scratch / "neednet"),
             "-state-file", str(scratch / "state")], stdout=subprocess.PIPE, check=False,
            env={**os.environ, "IGNITION_CONFIG_FILE": str(config),
                 "PATH": f"{scratch / 'bin'}:{os.environ['PATH']}"})
        assert done.returncode == 0, done.stdout[-2000:].decode()


@pytest.mark.parametrize("spec", READS, ids=spec_text)
def test_what_ignition_writes_is_what_the_plan_carries(spec: Spec, tmp_path: Path) -> None:
    contents = {"large": LARGE, "noise": NOISE, "small": b"x", "empty": b"", 'a "b" \\ ü': b"odd"}
    items = [plans.converted(f"/etc/c/{name}", data, mode=0o640, owner="36", group="107")
             for name, data in contents.items()]
    plan = plans.make(
        *items, plans.converted("/etc/there", b"ours\n"),
        plans.converted("/etc/su", b"", mode=0o4711),
        Item("/etc/c", "directory", Outcome.CARRIED, "", "r", mode=0o2750, group="107"),
        Item("/etc/was-file", "directory", Outcome.CARRIED, "", "r", mode=0o700, replaces="file"),
        plans.converted("/etc/was-file/x", b"in it\n"),
        plans.converted("/etc/was-directory", b"file\n"),
        Item("/etc/gone", "absent", Outcome.CARRIED, "", "answer", replaces="file"),
        Item("/etc/l", "symlink", Outcome.CARRIED, "", "r", link="../x y"),
        identities=Identities((), (), (), (), ()), volumes=())
    text = plans.text(plan, spec=spec)
    root = tmp_path / "root"
    (root / "etc/c").mkdir(parents=True)
    (root / "etc/c/kept").touch()
    os.chown(str(root / "etc/c"), 36, 36)  # the image's own is another than the plan's
    (root / "etc/was-file").touch()  # as on a disk that was installed anew: nothing was cleared
    (root / "etc/was-directory/below").mkdir(parents=True)
    (root / "etc/there").write_text("the image's, and longer\n")
    apply(text, root, tmp_path)
    for name, data in contents.items():
        path = root / "etc/c" / name
        assert path.read_bytes() == data, name
        info = path.stat()
        assert (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) == (0o640, 36, 107)
    assert (root / "etc/c/kept").exists() and (root / "etc/c").stat().st_uid == 0
    assert (root / "etc/there").read_bytes() == b"ours\n"
    assert (root / "etc/was-file/x").read_bytes() == b"in it\n"
    assert stat.S_IMODE((root / "etc/was-file").stat().st_mode) == 0o700
    assert (root / "etc/was-directory").read_bytes() == b"file\n"
    assert not (root / "etc/gone").exists()
    assert os.readlink(str(root / "etc/l")) == "../x y"
    packed = [f["path"] for f in json.loads(text)["storage"]["files"]
              if "compression" in f["contents"]]
    assert packed == (["/etc/c/large"] if spec >= (3, 1, 0) else [])
    special_bits_come_by_tmpfiles(root)


def special_bits_come_by_tmpfiles(root: Path) -> None:
    """systemd sets at boot what Ignition cannot."""
    wanted: Dict[str, Any] = {"etc/c": (0o2750, 107), "etc/su": (0o4711, 0)}
    for path, (mode, group) in wanted.items():
        info = (root / path).stat()
        assert (stat.S_IMODE(info.st_mode), info.st_gid) == (mode & 0o777, group)
    done = subprocess.run(
        ["systemd-tmpfiles", "--create", f"--root={root}",
         str(root / "etc/tmpfiles.d/ng2coreos.conf")], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for path, (mode, group) in wanted.items():
        info = (root / path).stat()
        assert (stat.S_IMODE(info.st_mode), info.st_gid) == (mode, group)


@pytest.mark.parametrize("name", ["plain", "a b", 'a"b', "100%n", "a*", "a?", "[x]", "back\\slash",
                                  "tab\t", "line\nfeed", "ünï"])
def test_systemd_understands_every_path_of_the_fragment(name: str, tmp_path: Path) -> None:
    item = plans.converted(f"/etc/{name}", b"", mode=0o4755)
    text = plans.text(plans.make(item, identities=Identities((), (), (), (), ()), volumes=()))
    root = tmp_path / "root"
    root.mkdir()
    apply(text, root, tmp_path)
    for other in ("ab", "aXb", "x", "100n"):
        (root / "etc" / other).touch(mode=0o600)
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={root}",
                    str(root / "etc/tmpfiles.d/ng2coreos.conf")], check=True)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (root / "etc").iterdir()}
    assert found[name] == 0o4755
    assert {other: found[other] for other in ("ab", "aXb", "x", "100n")} == dict.fromkeys(
        ("ab", "aXb", "x", "100n"), 0o600)
