"""Durable changes: a cut at any system call leaves the old content or the new one."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest

from ng2coreos.core import durable

CALLS = ("open", "fsync", "rename", "fchmod", "unlink")


class Cut(BaseException):
    """The power failed."""


def _cut_at(monkeypatch: pytest.MonkeyPatch, number: int) -> List[str]:
    """The `number`-th of CALLS in durable raises Cut; the calls seen so far are returned."""
    seen: List[str] = []

    def wrap(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if len(seen) >= number:
                raise Cut(name)
            seen.append(name)
            return real(*args, **kwargs)
        return call

    for name in CALLS:
        monkeypatch.setattr(f"ng2coreos.core.durable.os.{name}", wrap(name, getattr(os, name)))
    return seen


def test_every_cut_of_a_replacement_leaves_old_or_new(tmp_path: Path) -> None:
    path = tmp_path / "file"
    outcomes = []
    for number in range(30):
        path.write_bytes(b"old")
        with pytest.MonkeyPatch.context() as patch:
            seen = _cut_at(patch, number)
            try:
                durable.write_file(path, b"new content", mode=0o640)
            except Cut:
                pass
            else:
                break
        outcomes.append(path.read_bytes())
    else:
        pytest.fail("the write never went through")
    assert set(outcomes) == {b"old", b"new content"}
    assert len(seen) >= len(CALLS)
    assert path.read_bytes() == b"new content"
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_data_is_synced_before_the_name_and_the_name_before_the_end(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _cut_at(monkeypatch, 100)
    durable.write_file(tmp_path / "file", b"x")
    assert seen.index("fsync") < seen.index("rename") < len(seen) - 1
    assert seen[-1] == "fsync"


def test_a_planted_symlink_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".file.ng2coreos-new").symlink_to(victim)
    (tmp_path / "file").symlink_to(victim)
    durable.write_file(tmp_path / "file", b"ours")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "file").read_bytes() == b"ours"
    assert not (tmp_path / "file").is_symlink()


def test_what_is_planted_just_before_the_making_is_not_written_through(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim, unlink = tmp_path / "victim", durable._unlink
    victim.write_bytes(b"precious")

    def raced(path: Path) -> None:
        unlink(path)
        if not os.path.lexists(path):
            path.symlink_to(victim)

    monkeypatch.setattr(durable, "_unlink", raced)
    with pytest.raises(FileExistsError):
        durable.write_file(tmp_path / "file", b"ours")
    assert victim.read_bytes() == b"precious"


def test_overwriting_in_place_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "grubenv"
    path.write_bytes(b"a" * 1024)
    flushed: List[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda fd: flushed.append(path.read_bytes()))
    durable.overwrite_in_place(path, b"b" * 1024)
    assert flushed == [b"b" * 1024]


def test_overwriting_in_place_keeps_the_inode_and_refuses_another_size(tmp_path: Path) -> None:
    path = tmp_path / "grubenv"
    path.write_bytes(b"a" * 1024)
    inode = path.stat().st_ino
    durable.overwrite_in_place(path, b"b" * 1024)
    assert (path.read_bytes(), path.stat().st_ino) == (b"b" * 1024, inode)
    with pytest.raises(OSError, match="size would change"):
        durable.overwrite_in_place(path, b"short")
    assert path.read_bytes() == b"b" * 1024


def test_a_symlink_replaces_a_symlink_but_never_a_file(tmp_path: Path) -> None:
    link = tmp_path / "link"
    durable.make_symlink(link, "one")
    durable.make_symlink(link, "two")
    assert os.readlink(str(link)) == "two"
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(FileExistsError):
        durable.make_symlink(tmp_path / "file", "two")


def test_remove_takes_a_tree_but_not_what_a_link_in_it_names(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "file").write_text("x", "utf-8")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(keep)
    durable.remove(tree)
    durable.remove(tree)
    assert not tree.exists()
    assert (keep / "file").exists()


def test_settle_freezes_and_thaws(tmp_path: Path, freezes: List[int]) -> None:
    durable.settle(tmp_path)
    assert freezes == [0xC0045877, 0xC0045878]


FROZEN = """
import fcntl, os, signal, sys
from pathlib import Path
from ng2coreos.core import durable

def ioctl(fd, request, argument=0):
    with open(sys.argv[1], "a") as told:
        told.write(f"{request:#x}\\n")
    if request == durable._FIFREEZE and sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if request == durable._FIFREEZE and sys.argv[2] == "interrupted":
        raise KeyboardInterrupt
    return argument

fcntl.ioctl = ioctl
if sys.argv[2] == "no process":
    def fork():
        raise OSError(11, "again")
    os.fork = fork
durable.settle(Path(sys.argv[1]).parent)
"""


@pytest.mark.parametrize("how,status", [
    ("killed", -9), ("interrupted", -2), ("well", 0), ("no process", 0)])
def test_no_file_system_stays_frozen_whatever_becomes_of_us(
        tmp_path: Path, how: str, status: int) -> None:
    """The freeze is answered first: then comes SIGKILL, as from the OOM killer."""
    told = tmp_path / "told"
    ended = subprocess.run([sys.executable, "-c", FROZEN, str(told), how], timeout=60,
                           stderr=subprocess.DEVNULL, check=False).returncode
    assert ended == status
    until = time.monotonic() + 60
    while told.read_text("utf-8") != "0xc0045877\n0xc0045878\n":
        assert time.monotonic() < until
        time.sleep(0.01)


def test_settle_syncs_where_freezing_is_not_supported() -> None:
    durable.settle(Path("/dev/shm"))


def test_a_file_is_written_piece_by_piece_and_takes_its_place_only_if_it_is_liked(
        tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    seen = []

    def check(new: Path) -> None:
        seen.append((new.read_bytes(), new.stat().st_mode & 0o777, path.read_bytes()))
        if len(seen) == 1:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        durable.write_parts(path, iter([b"a", b"b"]), check=check)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]
    durable.write_parts(path, iter([b"a", b"b"]), mode=0o640, check=check)
    assert seen == [(b"ab", 0o600, b"old")] * 2
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"ab", 0o640)


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])
def test_overwritten_nothing_of_the_content_is_left(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    inode = path.stat().st_ino
    durable.overwrite(path)
    assert path.read_bytes() == bytes(size) and path.stat().st_ino == inode


def test_what_grub_reads_has_left_the_log_before_its_name_and_outlives_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order on the disk: new content, settled; the name, settled; only then the old content."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    old = path.stat().st_ino
    seen: List[Tuple[bytes, bool]] = []

    def settle(directory: Path) -> None:
        held = [os.stat(int(fd)).st_ino for fd in os.listdir("/proc/self/fd") if _is_open(int(fd))]
        new = durable.temporary(path)
        seen.append((new.read_bytes() if new.exists() else
                     path.read_bytes() if path.exists() else b"", old in held))

    monkeypatch.setattr(durable, "settle", settle)
    durable.write_for_grub(path, b"new", mode=0o600)
    assert seen == [(b"new", True), (b"new", True)]
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    old = path.stat().st_ino
    seen.clear()
    durable.remove_for_grub(path)
    assert seen == [(b"", True)]
    durable.remove_for_grub(path)
    assert seen == [(b"", True), (b"", False)]


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


WATCHED = """
import os, signal, sys, time
from pathlib import Path
from ng2coreos.core import durable
with durable._thawed_at_last(os.open(sys.argv[1], os.O_RDONLY)):
    child = int(Path(f"/proc/self/task/{os.getpid()}/children").read_text())
    end = time.monotonic() + 30
    while os.getsid(child) != child and time.monotonic() < end:
        time.sleep(0.01)
    assert os.getsid(child) == child, "it is in our session"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(child, number)
    time.sleep(0.2)
    assert os.waitpid(child, os.WNOHANG) == (0, 0), "it has ended"
"""


def test_who_thaws_is_not_ended_by_what_ends_the_run(tmp_path: Path) -> None:
    """A terminal's signals go to all of its process group, a service's to each process."""
    done = subprocess.run([sys.executable, "-c", WATCHED, str(tmp_path)], timeout=60,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
