"""Owners and copies on real inodes (these tests run as root, as the tool does)."""

import os
import shutil
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput
from ng2coreos.core.left import Left
from ng2coreos.model.plan import IdChange, Identities
from ng2coreos.stage import transfer
from ng2coreos.stage.ids import IdMap
from tests.deep import deep_tree
from tests.stage.namespace import in_namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setfacl"),
                                reason="needs root and setfacl")
SWAP = IdMap({0: 0, 36: 107, 107: 36, 5: 6, 6: 7}, {0: 0, 36: 108, 108: 36, 9: 10})


def nothing(amount: int) -> None:
    assert amount >= 0


def run(*argv: object) -> str:
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Everything that an inode can be."""
    top = tmp_path / "tree"
    (top / "dir/sub").mkdir(parents=True)
    for name, owner in (("a", (36, 36)), ("b", (107, 108)), ("dir/c", (5, 9)),
                        ("dir/sub/d", (6, 0)), ("dir/strange", (77777, 88888))):
        (top / name).write_text(name)
        os.chown(str(top / name), *owner)
    (top / "setid").write_text("x")
    os.chown(str(top / "setid"), 36, 36)
    os.chmod(str(top / "setid"), 0o6755)
    (top / "sticky").mkdir()
    os.chown(str(top / "sticky"), 36, 36)
    os.chmod(str(top / "sticky"), 0o3770)
    (top / "cap").write_text("x")
    os.chown(str(top / "cap"), 107, 36)
    run("setcap", "cap_net_raw+ep", top / "cap")
    os.symlink("/etc/passwd", str(top / "link"))
    os.chown(str(top / "link"), 36, 36, follow_symlinks=False)
    os.link(str(top / "a"), str(top / "dir/a2"))
    os.link(str(top / "a"), str(top / "dir/sub/a3"))
    (top / "acl").mkdir()
    run("setfacl", "-m", "u:36:rwx,u:107:r,g:36:rx,g:9:w", top / "acl")
    run("setfacl", "-d", "-m", "u:5:rwx,u:6:r", top / "acl")
    os.setxattr(str(top / "b"), "user.note", b"kept")
    os.mkfifo(str(top / "fifo"))
    os.mknod(str(top / "null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (top / os.fsdecode(b"bad\xff\n name")).write_text("x")
    with open(top / "sparse", "wb") as stream:
        stream.seek(8 << 20)
        stream.write(b"end")
        stream.truncate(16 << 20)
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(top / "sock"))
    bound.close()
    return top


def owners(top: Path) -> Dict[str, Tuple[int, int]]:
    return {str(p.relative_to(top)): (p.lstat().st_uid, p.lstat().st_gid)
            for p in [top, *top.rglob("*")]}


def test_every_owner_is_translated_once_even_where_numbers_swap(tree: Path) -> None:
    before = owners(tree)
    passwd = os.stat("/etc/passwd")
    told: List[int] = []
    passed = transfer.reown(tree, SWAP, told.append)
    after = owners(tree)
    assert after == {name: (SWAP.users.get(u, u), SWAP.groups.get(g, g))
                     for name, (u, g) in before.items()}
    assert after["a"] == (107, 108) and after["b"] == (36, 36)
    assert after["dir/sub/d"][0] == 7 and after["dir/c"] == (6, 10)  # 5 -> 6 -> not 7
    assert after["link"] == (107, 108)
    assert os.stat("/etc/passwd") == passwd
    assert passed.inodes == len(before) - 2 == sum(told)  # a has three names
    assert passed.foreign_users == (77777,) and passed.foreign_groups == (88888,)


def test_setid_bits_capabilities_and_acls_survive(tree: Path) -> None:
    transfer.reown(tree, SWAP, nothing)
    assert stat.S_IMODE((tree / "setid").stat().st_mode) == 0o6755
    assert stat.S_IMODE((tree / "sticky").stat().st_mode) == 0o3770
    assert "cap_net_raw=ep" in run("getcap", tree / "cap")
    shown = run("getfacl", "-n", "-p", tree / "acl").splitlines()
    assert {"user:107:rwx", "user:36:r--", "group:108:r-x", "group:10:-w-", "default:user:6:rwx",
            "default:user:7:r--"} <= {line.split("\t")[0] for line in shown}
    assert os.getxattr(str(tree / "b"), "user.note") == b"kept"


def test_a_named_group_in_an_acl_alone_is_enough_to_change_it(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    run("setfacl", "-m", "g:9:r", tmp_path / "f")
    ctime = (tmp_path / "f").stat().st_ctime_ns
    assert transfer.reown(tmp_path, SWAP, nothing).changed == 1
    assert "group:10:r--" in run("getfacl", "-n", "-p", tmp_path / "f")
    ctime = (tmp_path / "f").stat().st_ctime_ns
    assert transfer.reown(tmp_path, IdMap({}, {}), nothing).changed == 0
    assert (tmp_path / "f").stat().st_ctime_ns == ctime  # what needs no change is not written


def test_an_immutable_file_is_changed_and_immutable_again(tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_text("")
    os.chown(str(target), 36, 36)
    run("chattr", "+i", target)
    try:
        transfer.reown(tmp_path, SWAP, nothing)
        assert (target.stat().st_uid, target.stat().st_gid) == (107, 108)
        assert "i" in run("lsattr", target).split()[0]
    finally:
        run("chattr", "-i", target)


def test_it_stays_on_one_file_system(tmp_path: Path) -> None:
    script = f"""
import os, subprocess
from pathlib import Path
from ng2coreos.core.left import Left
from ng2coreos.stage import mounts, transfer
from ng2coreos.stage.ids import IdMap
mounts.private_namespace()
top = Path({str(tmp_path)!r})
(top / "m").mkdir()
subprocess.run(["mount", "-t", "tmpfs", "none", str(top / "m")], check=True)
(top / "m/f").write_text("")
os.chown(str(top / "m/f"), 36, 36)
ids = IdMap({{36: 107}}, {{}})
print(transfer.reown(top, ids, print).inodes, os.stat(str(top / "m/f")).st_uid)
done = transfer.copy_tree(top, Path({str(tmp_path)!r} + "-copy"), ids, Left(()), print)
print(done.inodes, os.listdir({str(tmp_path)!r} + "-copy/m"))
"""
    assert run(sys.executable, "-c", script).splitlines() == ["1", "1 36", "1", "1 []"]
    assert os.listdir(str(tmp_path / "m")) == []


def test_a_deep_tree_needs_no_recursion(tmp_path: Path) -> None:
    here = os.open(str(tmp_path), os.O_RDONLY)
    depth = 1500  # deeper than Python's recursion, longer than PATH_MAX
    for _ in range(depth):
        os.mkdir("dddd", dir_fd=here)
        os.chown("dddd", 36, 36, dir_fd=here)
        below = os.open("dddd", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert transfer.reown(tmp_path, SWAP, nothing).changed == depth
    copied = transfer.copy_tree(tmp_path / "dddd", tmp_path / "copy", SWAP, Left(()), nothing)
    assert copied.inodes == depth - 1
    assert transfer.reown(tmp_path / "copy", SWAP, nothing).inodes == depth
    run("rm", "-rf", tmp_path / "dddd", tmp_path / "copy")


@given(st.lists(st.tuples(st.sampled_from([1, 2, 4, 8, 16, 32]), st.integers(0, 7),
                          st.integers(0, 2 ** 32 - 1)), max_size=8))
def test_an_acl_maps_only_named_entries(entries: List[Tuple[int, int, int]]) -> None:
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)
    users = {n: n ^ 1 for _, _, n in entries}
    ids = IdMap(users, {})
    mapped = ids.acl(value)
    found = sorted(struct.iter_unpack("<HHI", mapped[4:]))
    assert found == sorted((t, m, n ^ 1 if t == 2 else n) for t, m, n in entries)
    for wrong in (b"", value[:-1], b"\1" + value[1:]):
        if wrong != value and (not entries or len(wrong) != len(value) or wrong[0] != 2):
            with pytest.raises(BadInput):
                ids.acl(wrong)


def test_the_map_of_a_plan() -> None:
    users = (IdChange("vdsm", 36, 36, "same"), IdChange("qemu", 107, 987, "mapped"),
             IdChange("alias", 107, 5, "mapped"))
    ids = IdMap.of(Identities(users, (), (), (), ()))
    assert ids.users == {36: 36, 107: 987} and not ids.trivial
    assert IdMap({1: 1}, {}).trivial


# copies

def facts(top: Path, ids: IdMap) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for path in [top, *top.rglob("*")]:
        info = path.lstat()
        kind = stat.S_IFMT(info.st_mode)
        content: object = None
        if kind == stat.S_IFREG:
            content = path.read_bytes()
        elif kind == stat.S_IFLNK:
            content = os.readlink(str(path))
        xattrs = {k: os.getxattr(str(path), k, follow_symlinks=False)
                  for k in os.listxattr(str(path), follow_symlinks=False)}
        for key in ("system.posix_acl_access", "system.posix_acl_default"):
            if key in xattrs:
                xattrs[key] = ids.acl(xattrs[key])
        found[str(path.relative_to(top))] = (
            info.st_mode, ids.users.get(info.st_uid, info.st_uid),
            ids.groups.get(info.st_gid, info.st_gid), info.st_mtime_ns, info.st_rdev,
            info.st_nlink if kind != stat.S_IFDIR else 0, content, xattrs)
    return found


def test_a_copy_has_everything(tree: Path, tmp_path: Path) -> None:
    wanted = facts(tree, SWAP)
    target = tmp_path / "new/place"
    done = transfer.copy_tree(tree, target, SWAP, Left(()), nothing)
    assert facts(target, IdMap({}, {})) == wanted
    assert len({(target / n).stat().st_ino for n in ("a", "dir/a2", "dir/sub/a3")}) == 1
    assert (target / "sparse").stat().st_blocks * 512 < 1 << 20
    assert done.inodes == len(wanted) - 1 and done.same == 0


def test_acls_are_translated_on_xfs_as_well(tmp_path: Path) -> None:
    """Which lists them to root a second time, by other names."""
    image = tmp_path / "image"
    image.touch()
    os.truncate(str(image), 320 << 20)  # the least that mkfs.xfs takes
    run("mkfs.xfs", "-q", image)
    place = tmp_path / "xfs"
    place.mkdir()

    def inside() -> None:
        run("mount", "-o", "loop", image, place)
        (place / "old/acl").mkdir(parents=True)
        run("setfacl", "-m", "u:36:rwx,u:107:r,g:9:w", place / "old/acl")
        run("setfacl", "-d", "-m", "u:5:rwx", place / "old/acl")
        assert "trusted.SGI_ACL_FILE" in os.listxattr(str(place / "old/acl"))
        transfer.copy_tree(place / "old", place / "new", SWAP, Left(()), nothing)
        run("mount", "-o", "remount", place)
        kept = run("getfacl", "-n", "-c", place / "new/acl").split()
        assert {"user:107:rwx", "user:36:r--", "group:10:-w-", "default:user:6:rwx"} <= set(kept)
        assert not {"user:36:rwx", "default:user:5:rwx"} & set(kept)
        run("umount", place)

    in_namespace(inside)


def test_a_second_copy_writes_no_data(tree: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    transfer.copy_tree(tree, target, SWAP, Left(()), nothing)
    again = transfer.copy_tree(tree, target, SWAP, Left(()), nothing)
    assert again.bytes == 0 and again.same > 5
    assert facts(target, IdMap({}, {})) == facts(tree, SWAP)


def test_a_killed_copy_is_carried_on(tree: Path, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "copy"
    real, budget = os.utime, 0

    def utime(*args: Any, **more: Any) -> None:
        nonlocal budget
        budget -= 1
        if budget < 0:
            raise KeyboardInterrupt
        real(*args, **more)

    for budget_now in range(0, 30, 3):
        budget = budget_now
        with monkeypatch.context() as patch:
            patch.setattr(os, "utime", utime)
            try:
                transfer.copy_tree(tree, target, SWAP, Left(()), nothing)
            except KeyboardInterrupt:
                continue
    transfer.copy_tree(tree, target, SWAP, Left(()), nothing)
    assert facts(target, IdMap({}, {})) == facts(tree, SWAP)


def test_what_is_excluded_stays_behind_and_what_is_there_stays(tree: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.mkdir()
    (target / "mine").write_text("kept")
    (target / "a").mkdir()
    (target / "dir").write_text("in the way")
    transfer.copy_tree(tree, target, SWAP, Left(("dir/sub/**", "*.x", "set<x>")), nothing)
    assert (target / "mine").read_text() == "kept"
    assert (target / "dir/c").is_file() and not (target / "dir/sub").exists()
    assert (target / "a").is_file() and not (target / "setid").exists()


def test_a_file_that_is_mounted_over_another_is_no_link_of_ours(tmp_path: Path) -> None:
    def plays() -> None:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            run("mount", "-t", "tmpfs", "-o", "inode64", "none", tmp_path / name)
            for number in range(2):
                (tmp_path / name / f"{number}-1").write_text(name)
                os.link(tmp_path / name / f"{number}-1", tmp_path / name / f"{number}-2")
        run("mount", "--bind", tmp_path / "b/0-1", tmp_path / "a/0-1")
        run("mount", "--bind", tmp_path / "b/1-2", tmp_path / "a/1-2")
        same = [os.stat(tmp_path / "a" / name).st_ino for name in ("0-1", "0-2", "1-1", "1-2")]
        assert same[0] == same[1] and same[2] == same[3]
        transfer.copy_tree(tmp_path / "a", tmp_path / "copy", SWAP, Left(()), nothing)
        found = {p.name: p.read_text() for p in (tmp_path / "copy").iterdir()}
        assert found == {"0-1": "b", "0-2": "a", "1-1": "a", "1-2": "b"}

    in_namespace(plays)


def test_what_is_kept_of_what_is_excluded_is_copied(tree: Path, tmp_path: Path) -> None:
    for name in ("dir/sub/mine/deep/x", "dir/sub/mine/y", "dir/sub/other/z"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("x")
    left = Left(("dir/sub", "b*"), ("dir/sub/mine", "b"))
    target = tmp_path / "copy"
    transfer.copy_tree(tree, target, SWAP, left, nothing)
    assert [p.name for p in (target / "dir/sub").iterdir()] == ["mine"]
    assert (target / "dir/sub/mine/deep/x").is_file() and (target / "dir/sub/mine/y").is_file()
    assert (target / "b").exists() and (target / "dir/c").exists()
    transfer.remove_content(tree, left)
    assert [p.name for p in (tree / "dir/sub").iterdir()] == ["mine"]
    assert {p.relative_to(tree / "dir/sub") for p in (tree / "dir/sub").rglob("*")} == {
        p.relative_to(target / "dir/sub") for p in (target / "dir/sub").rglob("*")}
    assert (tree / "b").exists() and transfer.remove_content(tree, left) == ()


def test_a_source_that_is_missing_or_a_link_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    for name in ("gone", "link"):
        done = transfer.copy_tree(tmp_path / name, tmp_path / "copy", SWAP, Left(()), nothing)
        assert done.inodes == 0 and not (tmp_path / "copy").exists()


def test_the_copy_does_not_follow_a_link_in_the_target(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    target = tmp_path / "copy"
    target.mkdir()
    (target / "dir").symlink_to(tmp_path / "outside")
    (target / "a").symlink_to(tmp_path / "outside/a")
    transfer.copy_tree(tree, target, SWAP, Left(()), nothing)
    assert list((tmp_path / "outside").iterdir()) == []
    assert (target / "dir/c").is_file() and not (target / "dir").is_symlink()


# removal

def test_only_what_is_named_goes(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "keep").write_text("x")
    (tree / "out").symlink_to(tmp_path)
    gone = transfer.remove_content(tree, Left(("dir/sub", "out/keep", "link", "b*", "dir/<x>range",
                                          "nix", "nix/there", "sticky/**")))
    assert gone == ("b", os.fsdecode(b"bad\xff\n name"), "dir/strange", "dir/sub", "link", "sticky")
    assert (tmp_path / "keep").exists() and Path("/etc/passwd").exists()
    assert (tree / "dir/c").exists() and not (tree / "b").exists()
    assert transfer.remove_content(tree, Left(("dir/sub", "link", "b*"))) == ()


@pytest.mark.parametrize("pattern", ["", "/etc", "../x", "a/../../x", "a//b", "."])
def test_a_pattern_cannot_leave_the_volume(tree: Path, pattern: str) -> None:
    with pytest.raises(BadInput):
        transfer.remove_content(tree, Left((pattern,)))


def test_a_tree_of_any_depth_goes(tmp_path: Path) -> None:
    """Any user can make one in /var/tmp, by a name of ours."""
    top = tmp_path / "top"
    top.mkdir()
    deep_tree(top, "x-1", 5000)
    (top / "x-1/d/d/e").mkdir()
    (top / "y").mkdir()
    assert transfer.remove_content(top, Left(("x-*",))) == ("x-1",)
    assert [path.name for path in top.iterdir()] == ["y"]


def test_immutable_content_goes_too(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "d/e").mkdir(parents=True)
    (top / "d/e/f").write_text("")
    (top / "g").write_text("")
    run("chattr", "+i", top / "d/e/f", top / "d/e", top / "d", top / "g")
    try:
        assert transfer.remove_content(top, Left(("d", "g"))) == ("d", "g")
        assert list(top.iterdir()) == []
    finally:
        subprocess.run(["chattr", "-R", "-i", str(top)], check=False)
