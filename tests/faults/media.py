"""Disks with a cache: real files are what programs see, and beside them stands what a power cut
would leave.

An inode's data are on the disk once the file was fsynced, a name once its directory was, and all
of a file system after a sync or a freeze.  Nothing more is promised, and `image` takes at its word
who relies on more:

| kind | what it is |
|---|---|
| killed | the process died; nothing is lost |
| lost | the power failed; only what was flushed is there |
| ordered | the power failed; all names and modes are there, but data only where flushed |

Inodes are told apart by number; one that is known is held open, so that no number is used twice.
"""

import os
import shutil
import stat
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

KINDS = ("killed", "lost", "ordered")


class Node(NamedTuple):
    """A file, directory or symlink: ``f``, ``d`` or ``l``, with content or link target."""

    kind: str
    mode: int
    owner: Tuple[int, int]
    data: bytes = b""


Tree = Dict[str, Node]  # by path below the file system's top; "" is the top


class Media:
    """Several file systems below one directory, each at a directory of its own."""

    def __init__(self, places: Dict[str, Path], volatile: Tuple[str, ...] = ()) -> None:
        self.places = {name: str(path) for name, path in places.items()}
        self.volatile = volatile  # of these nothing survives a power cut
        self.hidden: Dict[str, Node] = {}  # real paths that are mount points: what is below a mount
        self._known: Dict[int, Node] = {}
        self._names: Dict[int, Dict[str, int]] = {}
        self._held: Dict[int, int] = {}

    def close(self) -> None:
        """Let go of all inodes."""
        for fd in self._held.values():
            os.close(fd)
        self._held.clear()
        self._known.clear()
        self._names.clear()

    def of(self, path: str) -> str:
        """The name of the file system that `path` is on."""
        found = [(len(place), name) for name, place in self.places.items()
                 if path == place or path.startswith(place + "/")]
        return max(found)[1] if found else ""

    def sync_file(self, path: str) -> None:
        """fsync of a file or directory."""
        if not self.of(path):
            return
        info = os.lstat(path)
        if stat.S_ISDIR(info.st_mode):
            self._learn_directory(path, info, deep=False)
        else:
            self._learn(path, info, data=True)

    def flushed(self, path: str) -> Optional[bytes]:
        """What of the file at `path` is on the disk; None if nothing is."""
        node = self._known.get(os.lstat(path).st_ino)
        return node.data if node else None

    def sync_all(self, name: str) -> None:
        """sync, freeze or unmount of file system `name`."""
        self._learn_directory(self.places[name], os.lstat(self.places[name]), deep=True)

    def settled(self) -> None:
        """Everything that is there now is on the disks."""
        self.close()
        for name in self.places:
            self.sync_all(name)

    def image(self, kind: str) -> Dict[str, Tree]:
        """What is there after a cut of this `kind`, by file system."""
        found: Dict[str, Tree] = {}
        for name, place in self.places.items():
            if kind != "killed" and name in self.volatile:
                found[name] = {"": self._see(place, os.lstat(place))}
            elif kind == "lost":
                others = {os.lstat(p).st_ino for n, p in self.places.items() if n != name}
                found[name] = dict(self._flushed(os.lstat(place).st_ino, "", others))
            else:
                found[name] = dict(self._seen(place, "", data=kind == "killed"))
        return found

    def restore(self, image: Dict[str, Tree]) -> None:
        """Make all disks hold `image`, and nothing else."""
        self.close()
        self.hidden.clear()
        outermost_first = sorted(image, key=lambda name: len(self.places[name]))
        for name in outermost_first:
            _clear(self.places[name], keep=set(self.places.values()))
        for name in outermost_first:
            self._write(name, image[name])
        self.settled()

    def put(self, name: str, tree: Tree) -> None:
        """Make one file system that nothing is mounted in hold `tree`, flushed."""
        _clear(self.places[name], keep=set())
        self._write(name, tree)
        self.sync_all(name)

    def _write(self, name: str, tree: Tree) -> None:
        for path, node in sorted(tree.items()):
            _make(os.path.join(self.places[name], path) if path else self.places[name], node)

    def _learn_directory(self, path: str, info: os.stat_result, *, deep: bool) -> None:
        self._learn(path, info, data=True)
        names = {}
        for entry in _entries(path):
            here = entry.stat(follow_symlinks=False)
            names[entry.name] = here.st_ino
            other = entry.path in self.hidden or entry.path in self.places.values()
            if not deep or other:
                if here.st_ino not in self._known:
                    self._learn(entry.path, here, data=False)
            elif stat.S_ISDIR(here.st_mode):
                self._learn_directory(entry.path, here, deep=True)
            else:
                self._learn(entry.path, here, data=True)
        self._names[info.st_ino] = names

    def _learn(self, path: str, info: os.stat_result, *, data: bool) -> None:
        if info.st_ino not in self._held:
            self._held[info.st_ino] = os.open(path, os.O_PATH | os.O_NOFOLLOW)
        node = self._see(path, info)
        if not data and node.kind == "f":
            node = node._replace(data=b"")
        self._known[info.st_ino] = node

    def _see(self, path: str, info: os.stat_result) -> Node:
        if path in self.hidden:
            return self.hidden[path]
        owner = (info.st_uid, info.st_gid)
        mode = stat.S_IMODE(info.st_mode)
        if stat.S_ISDIR(info.st_mode):
            return Node("d", mode, owner)
        if stat.S_ISLNK(info.st_mode):
            return Node("l", 0o777, owner, os.readlink(os.fsencode(path)))
        with open(path, "rb") as stream:
            return Node("f", mode, owner, stream.read())

    def _seen(self, path: str, shown: str, *, data: bool) -> Iterator[Tuple[str, Node]]:
        info = os.lstat(path)
        node = self._see(path, info)
        if not data and node.kind == "f":
            flushed = self._known.get(info.st_ino)
            node = node._replace(data=flushed.data if flushed else b"")
        yield shown, node
        if stat.S_ISDIR(info.st_mode) and path not in self.hidden:
            for entry in _entries(path):
                if entry.path not in self.places.values():
                    yield from self._seen(entry.path, _join(shown, entry.name), data=data)
                else:
                    yield _join(shown, entry.name), Node("d", 0o755, (0, 0))

    def _flushed(self, inode: int, shown: str, others: Set[int]) -> Iterator[Tuple[str, Node]]:
        if inode in others:
            yield shown, Node("d", 0o755, (0, 0))
            return
        yield shown, self._known[inode]
        for name, below in sorted(self._names.get(inode, {}).items()):
            yield from self._flushed(below, _join(shown, name), others)


def torn(before: Optional[bytes], after: bytes) -> List[bytes]:
    """What a write that was cut in the middle may leave: a part, or its length without its data."""
    old = before or b""
    same = _common(old, after)
    if same == len(after) == len(old):
        return []
    if len(old) == len(after):  # in place: sector by sector
        return [after[:512] + old[512:], old[:512] + after[512:]]
    half = same + (len(after) - same) // 2
    return [after[:half], after[:same] + bytes(len(after) - same)]


def _common(one: bytes, other: bytes) -> int:
    """How many first bytes are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _join(shown: str, name: str) -> str:
    return f"{shown}/{name}" if shown else name


def _entries(path: str) -> List["os.DirEntry[str]"]:
    with os.scandir(path) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _clear(top: str, keep: Set[str]) -> None:
    if not os.path.isdir(top):
        os.makedirs(top)
    for entry in _entries(top):
        if entry.path in keep:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def _make(path: str, node: Node) -> None:
    if node.kind == "l":
        os.symlink(node.data, os.fsencode(path))
        os.chown(path, *node.owner, follow_symlinks=False)
        return
    if node.kind == "d":
        os.makedirs(path, exist_ok=True)
    else:
        with open(path, "wb") as stream:
            stream.write(node.data)
    os.chown(path, *node.owner)
    os.chmod(path, node.mode)
