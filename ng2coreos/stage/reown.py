"""The pass over the inodes of a volume: owners and labels, each inode once.

The pass cannot be repeated where numbers swap: after a kill nobody knows which inodes are done.  A
snapshot whose pass has not finished is therefore thrown away and taken again (the step removes it
first; the journal's ``done`` is the only sign of a finished one).

Several processes walk the tree, each for its share of the directories and for what lies in them;
whose a directory is its number says, so nothing need be agreed on.  In a large directory they share
the names, by number as well.  The names of one inode may lie in directories of several processes:
such inodes are left for a second pass through those directories alone, in which each is the share
of one process by its own number.  The first of its names that is met decides about its label.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ng2coreos.core.inode_set import InodeSet
from ng2coreos.core.progress import Advance
from ng2coreos.core.shares import shared
from ng2coreos.stage import inodes
from ng2coreos.stage.ids import ACLS, IdMap
from ng2coreos.stage.relabel import Relabel

_TOLD_EVERY = 1024  # inodes between two words of progress
_FOREIGN_KEPT = 1000  # ids without a name that are remembered; containers may have thousands
_PAIRS_KEPT = 4096  # owners whose translation is remembered
_PLACES_KEPT = 4096  # directories with inodes that were left; where there are more, all are seen
_LARGE_BYTES = 256 * 1024  # of a directory: some ten thousand names
_LEAF_LINKS = 2  # of a directory without directories, on each file system that NG's volumes have
_MIX, _MIX_SHIFT = 0x9E3779B1, 16  # the last bits of directories' numbers are often all the same
_SPECIAL = stat.S_ISUID | stat.S_ISGID
_DELICATE = frozenset((*ACLS, inodes.CAPABILITY))
_Entry = os.DirEntry[str]
_Places = Optional[Tuple[bytes, ...]]  # directories below the top; None: too many to be named


@dataclass(frozen=True)
class Passed:
    """What a pass over the owners met; `foreign_*` are numbers that have no name on NG."""

    inodes: int
    changed: int
    foreign_users: Tuple[int, ...] = ()
    foreign_groups: Tuple[int, ...] = ()
    labelled: int = 0
    unlabelled: int = 0  # that the running policy did not let us label
    left: _Places = ()  # where the first pass met inodes with several names


def reown(top: Path, ids: IdMap, advance: Advance, processes: Optional[int] = None,
          labels: Optional[Relabel] = None) -> Passed:
    """Translate the owners and ACLs of every inode below `top`, each exactly once, and label it.

    Stays on the file system of `top` and never follows a symlink.  Memory is bounded by the depth
    of the tree, and a bit or so for each inode that has several names.
    """
    parts = shared(lambda number, count, told: _Part(ids, number, count, told, labels).first(top),
                   advance, processes)
    places = _all_places(part.left for part in parts)
    if places != ():
        parts += shared(lambda number, count, told: _Part(ids, number, count, told, labels).second(
            top, places), advance, processes)
    return Passed(sum(part.inodes for part in parts), sum(part.changed for part in parts),
                  _united(part.foreign_users for part in parts),
                  _united(part.foreign_groups for part in parts),
                  sum(part.labelled for part in parts), sum(part.unlabelled for part in parts),
                  places)


class _Level(NamedTuple):
    """A directory that is being passed through, and what is left of it."""

    directory: int
    name: bytes
    names: Iterator[_Entry]
    path: bytes  # as the new system calls it
    mine: bool
    large: bool


class _Part:
    """The pass of one process, whose working directory is the directory that it is in."""

    def __init__(self, ids: IdMap, number: int, count: int, advance: Advance,
                 labels: Optional[Relabel]) -> None:
        self._ids = ids
        self._labels = labels
        self._number, self._count = number, count
        self._advance = advance
        self._device = 0
        self._stack: List[_Level] = []
        self._owners: Dict[Tuple[int, int], Tuple[int, int]] = {}
        self._foreign: Tuple[Set[int], Set[int]] = (set(), set())
        self._left: Optional[List[bytes]] = []
        self._seen = InodeSet()
        self._done = self._changed = self._labelled = self._unlabelled = 0

    def first(self, top: Path) -> Passed:
        """Pass through `top` and everything below it, but inodes with several names."""
        self._begin(top, b"")
        here = self._stack[0]
        if here.mine:
            self._one(here, "", os.fstat(here.directory))
        self._walk(self._files)
        return self._passed()

    def second(self, top: Path, places: _Places) -> Passed:
        """Pass through the inodes with several names in `places`, or anywhere below `top`."""
        for place in (b"",) if places is None else places:
            self._begin(top, place)
            self._walk(lambda here: self._names(here, places is None))
        return self._passed()

    def _passed(self) -> Passed:
        if self._done % _TOLD_EVERY:
            self._advance(self._done % _TOLD_EVERY)
        return Passed(self._done, self._changed, tuple(self._foreign[0]),
                      tuple(self._foreign[1]), self._labelled, self._unlabelled,
                      None if self._left is None else tuple(self._left))

    def _begin(self, top: Path, place: bytes) -> None:
        """Start in the directory `place` below `top`."""
        inodes.allow_deep_trees()
        directory = os.open(str(top), inodes.DIRECTORY)
        self._device = os.fstat(directory).st_dev
        path = self._labels.mount if self._labels else b""
        for name in place.split(b"/") if place else ():
            above, directory = directory, os.open(name, inodes.DIRECTORY, dir_fd=directory)
            os.close(above)
            path = _below(path, name)
        self._enter(directory, place, os.fstat(directory), path)

    def _walk(self, through: Callable[[_Level], Optional[_Entry]]) -> None:
        """From where it stands; `through` goes on in a directory, up to one to enter."""
        while self._stack:
            here = self._stack[-1]
            below = through(here)
            if below is not None:
                self._enter(os.open(below.name, inodes.DIRECTORY, dir_fd=here.directory),
                            os.fsencode(below.name), below.stat(follow_symlinks=False),
                            _below(here.path, os.fsencode(below.name)))
                continue
            os.close(self._stack.pop().directory)
            if self._stack:
                os.fchdir(self._stack[-1].directory)

    def _enter(self, directory: int, name: bytes, info: os.stat_result, path: bytes) -> None:
        os.fchdir(directory)
        self._stack.append(_Level(directory, name, os.scandir(directory), path,
                                  self._share(info.st_ino), info.st_size >= _LARGE_BYTES))

    def _share(self, number: int) -> bool:
        return (number * _MIX >> _MIX_SHIFT) % self._count == self._number

    def _files(self, here: _Level) -> Optional[_Entry]:
        """Pass through what is left of a directory, up to one that has something for us."""
        device, whole = self._device, here.mine and not here.large
        for entry in here.names:
            if entry.is_dir(follow_symlinks=False):
                info = entry.stat(follow_symlinks=False)
                if info.st_dev != device:
                    continue
                mine = self._share(info.st_ino)
                if mine:
                    self._one(here, entry.name, info)
                if mine or info.st_nlink != _LEAF_LINKS or info.st_size >= _LARGE_BYTES:
                    return entry
            elif whole or (here.large and self._share(entry.inode())):
                info = entry.stat(follow_symlinks=False)
                if info.st_dev != device:
                    continue
                if info.st_nlink == 1:
                    self._one(here, entry.name, info)
                else:
                    self._leave()
        return None

    def _leave(self) -> None:
        """Remember the directory: there is something for the second pass in it."""
        place = b"/".join(level.name for level in self._stack[1:])
        if self._left is not None and self._left[-1:] != [place]:
            self._left.append(place)
            if len(self._left) > _PLACES_KEPT:
                self._left = None

    def _names(self, here: _Level, deep: bool) -> Optional[_Entry]:
        """Pass through what is left of a directory for its inodes with several names."""
        for entry in here.names:
            if entry.is_dir(follow_symlinks=False):
                if deep and entry.stat(follow_symlinks=False).st_dev == self._device:
                    return entry
            elif self._share(entry.inode()):
                info = entry.stat(follow_symlinks=False)
                if (info.st_dev == self._device and info.st_nlink > 1
                        and self._seen.add(info.st_ino)):
                    self._one(here, entry.name, info)
        return None

    def _one(self, here: _Level, name: str, info: os.stat_result) -> None:
        """One inode of a directory; the directory itself where it has no name."""
        at = name or "."
        owner = (info.st_uid, info.st_gid)
        wanted = self._owners.get(owner) or self._translated(owner)
        mode = info.st_mode
        if mode & _SPECIAL or (not stat.S_ISLNK(mode) and _delicate(at)):
            self._changed += inodes.reown_one(here.directory, os.fsencode(at), info, self._ids)
        elif wanted != owner:
            try:
                os.chown(at, *wanted, follow_symlinks=False)
            except PermissionError:  # immutable
                inodes.reown_one(here.directory, os.fsencode(at), info, self._ids)
            self._changed += 1
        if self._labels:
            labelled, left = self._labels.one(here.directory, os.fsencode(at),
                                              _below(here.path, os.fsencode(name)), info)
            self._labelled += labelled
            self._unlabelled += left
        self._done += 1
        if self._done % _TOLD_EVERY == 0:
            self._advance(_TOLD_EVERY)

    def _translated(self, owner: Tuple[int, int]) -> Tuple[int, int]:
        for number, known, found in ((owner[0], self._ids.users, self._foreign[0]),
                                     (owner[1], self._ids.groups, self._foreign[1])):
            if number not in known and len(found) < _FOREIGN_KEPT:
                found.add(number)
        if len(self._owners) >= _PAIRS_KEPT:
            self._owners.clear()
        wanted = (self._ids.users.get(owner[0], owner[0]), self._ids.groups.get(owner[1], owner[1]))
        self._owners[owner] = wanted
        return wanted


def _below(path: bytes, name: bytes) -> bytes:
    return b"%s/%s" % (path, name) if name else path


def _delicate(name: str) -> bool:
    """Has it an ACL or a capability? Then owners are not all that there is to do."""
    try:
        found = os.listxattr(name, follow_symlinks=False)
        return bool(found) and not _DELICATE.isdisjoint(found)
    except OSError as error:
        if error.errno in inodes.NO_ATTRIBUTE:
            return False
        raise


def _united(parts: Iterable[Tuple[int, ...]]) -> Tuple[int, ...]:
    return tuple(sorted(set().union(*parts))[:_FOREIGN_KEPT])


def _all_places(parts: Iterable[_Places]) -> _Places:
    found: Set[bytes] = set()
    for part in parts:
        if part is None:
            return None
        found.update(part)
    return tuple(sorted(found))
