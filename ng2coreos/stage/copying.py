"""Copies a directory of NG's root into a volume of ours, with everything that an inode has."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from ng2coreos.core.left import Left
from ng2coreos.core.progress import Advance
from ng2coreos.stage import inodes
from ng2coreos.stage.ids import IdMap

_CHUNK_BYTES = 1 << 20
_TOLD_EVERY = 256
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Of an inode with several names: how many are still to come, and the first in the copy
_Links = Dict[int, Tuple[int, str]]
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass
class Copied:
    """What a copy did; `same` inodes were there already, with size, time, owner and mode."""

    inodes: int = 0
    same: int = 0
    bytes: int = 0


@dataclass
class _Level:
    """A directory that is being copied: both descriptors, and what is left of it."""

    source: int
    target: int
    names: Iterator["os.DirEntry[str]"]
    info: os.stat_result
    path: str
    gone: bool = False  # does it stay behind, but for what is kept in it?


def copy_tree(source: Path, target: Path, ids: IdMap, left: Left, advance: Advance) -> Copied:
    """Make `target` hold what directory `source` holds and is not `left`, owners translated.

    Kept: modes, times, xattrs, capabilities, ACLs (translated), symlinks, hard links, holes,
    devices, fifos and sockets; and labels, as some types are the admin's to choose.  Stays on one
    file system and follows no symlink.  What `target` has besides stays.  A killed copy is carried
    on by a second call: a file's time is set last, so equal files are whole.  Memory is bounded by
    the depth and the inodes of which another name is still to come.
    """
    done = Copied()
    if source.is_symlink() or not source.is_dir():
        return done
    inodes.allow_deep_trees()
    target.parent.mkdir(parents=True, exist_ok=True)
    links: _Links = {}
    stack: List[_Level] = [_open_top(source, target)]
    device = stack[0].info.st_dev
    while stack:
        level = stack[-1]
        entry = next(level.names, None)
        if entry is None:
            _close(stack.pop(), ids)
            continue
        path = f"{level.path}{entry.name}"
        gone = left.goes(path, level.gone)
        if gone and not left.spares_below(path):
            continue
        name = os.fsencode(entry.name)
        try:
            info = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                stack.append(_enter(level, name, info, path, device))
                stack[-1].gone = gone
            elif gone:
                continue
            else:
                _copy_one(level, name, info, ids, links, target / path, done)
        except FileNotFoundError:
            continue  # removed since the directory was read: the host is running
        done.inodes += 1
        if done.inodes % _TOLD_EVERY == 0:
            advance(_TOLD_EVERY)
    advance(done.inodes % _TOLD_EVERY)
    return done


def _open_top(source: Path, target: Path) -> _Level:
    fd = os.open(str(source), inodes.DIRECTORY)
    if not target.is_dir() or target.is_symlink():
        if os.path.lexists(str(target)):
            target.unlink()
        target.mkdir(mode=0o700)
    return _Level(fd, os.open(str(target), inodes.DIRECTORY), os.scandir(fd), os.fstat(fd), "")


def _enter(level: _Level, name: bytes, info: os.stat_result, path: str, device: int) -> _Level:
    """Open a directory on both sides; one of another file system counts as empty."""
    fd = os.open(name, inodes.DIRECTORY, dir_fd=level.source)
    there = _lstat(level.target, name)
    if there is None or not stat.S_ISDIR(there.st_mode):
        _discard(level.target, name)
        os.mkdir(name, 0o700, dir_fd=level.target)
    below = os.open(name, inodes.DIRECTORY, dir_fd=level.target)
    names = os.scandir(fd) if info.st_dev == device else iter(())
    return _Level(fd, below, names, info, f"{path}/")


def _close(level: _Level, ids: IdMap) -> None:
    """Attributes of a directory, once nothing is written into it any more."""
    inodes.copy_attributes((level.source, b"."), (level.target, b"."), level.info, ids)
    os.close(level.source)
    os.close(level.target)


def _copy_one(level: _Level, name: bytes, info: os.stat_result, ids: IdMap,
              links: _Links, target: Path, done: Copied) -> None:
    # A file that is mounted over one of these may have its number
    shared = info.st_nlink > 1 and info.st_dev == level.info.st_dev
    if shared and info.st_ino in links:
        left, first = links.pop(info.st_ino)
        _discard(level.target, name)
        os.link(first, name, dst_dir_fd=level.target, follow_symlinks=False)
        if left > 1:
            links[info.st_ino] = (left - 1, first)
        return
    if _same(_lstat(level.target, name), info, ids):
        done.same += 1
    else:
        _discard(level.target, name)
        if stat.S_ISREG(info.st_mode):
            done.bytes += _copy_data(level, name, info)
        elif stat.S_ISLNK(info.st_mode):
            os.symlink(os.readlink(name, dir_fd=level.source), name, dir_fd=level.target)
        else:
            os.mknod(name, stat.S_IFMT(info.st_mode) | 0o600, info.st_rdev, dir_fd=level.target)
        inodes.copy_attributes((level.source, name), (level.target, name), info, ids)
    if shared:
        links[info.st_ino] = (info.st_nlink - 1, str(target))


def _copy_data(level: _Level, name: bytes, info: os.stat_result) -> int:
    """Copy the data and leave the holes; the bytes that were written."""
    written = 0
    reading = os.open(name, _READ, dir_fd=level.source)
    try:
        writing = os.open(name, _NEW_FILE, 0o600, dir_fd=level.target)
        try:
            size = os.fstat(reading).st_size
            for start, end in _extents(reading, size):
                at = start
                while at < end:
                    data = os.pread(reading, min(_CHUNK_BYTES, end - at), at)
                    if not data:
                        break  # it shrank meanwhile
                    os.pwrite(writing, data, at)
                    at += len(data)
                    written += len(data)
            os.ftruncate(writing, size)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    return written


def _extents(fd: int, size: int) -> Iterator[Tuple[int, int]]:
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:  # ENXIO: only a hole is left
            return
        at = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, at


def _same(there: Optional[os.stat_result], info: os.stat_result, ids: IdMap) -> bool:
    """Is a regular file there already, whole? Its time is set last."""
    return (there is not None and stat.S_ISREG(info.st_mode)
            and (there.st_mode, there.st_size, there.st_mtime_ns)
            == (info.st_mode, info.st_size, info.st_mtime_ns)
            and there.st_uid == ids.users.get(info.st_uid, info.st_uid)
            and there.st_gid == ids.groups.get(info.st_gid, info.st_gid))


def _discard(directory: int, name: bytes) -> None:
    """Remove what has the name in `directory`, if anything has it: a file or an empty directory."""
    info = _lstat(directory, name)
    if info is not None:
        if stat.S_ISDIR(info.st_mode):
            os.rmdir(name, dir_fd=directory)
        else:
            os.unlink(name, dir_fd=directory)


def _lstat(directory: int, name: bytes) -> Optional[os.stat_result]:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
