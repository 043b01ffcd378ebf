"""The pass over the inodes of a volume: owners and labels, each inode once.

The pass cannot be repeated where numbers swap: after a kill nobody knows which inodes are done.  A
snapshot whose pass has not finished is therefore thrown away and taken again (the step removes it
first; the journal's ``done`` is the only sign of a finished one).

Several processes walk the whole tree, each for the inodes whose numbers are its share.  All names
of an inode have its number, so nothing need be agreed on between them.  Of an inode with several
names the first that is met decides about its label.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ng2coreos.core.inode_set import InodeSet
from ng2coreos.core.progress import Advance
from ng2coreos.core.shares import shared
from ng2coreos.stage import inodes
from ng2coreos.stage.ids import ACLS, IdMap
from ng2coreos.stage.relabel import Relabel

_TOLD_EVERY = 1024  # inodes between two words of progress
_FOREIGN_KEPT = 1000  # ids without a name that are remembered; containers may have thousands
_PAIRS_KEPT = 4096  # owners whose translation is remembered
_SPECIAL = stat.S_ISUID | stat.S_ISGID
_DELICATE = frozenset((*ACLS, inodes.CAPABILITY))
_Names = Iterator["os.DirEntry[str]"]


@dataclass(frozen=True)
class Passed:
    """What a pass over the owners met; `foreign_*` are numbers that have no name on NG."""

    inodes: int
    changed: int
    foreign_users: Tuple[int, ...] = ()
    foreign_groups: Tuple[int, ...] = ()
    labelled: int = 0
    unlabelled: int = 0  # that the running policy did not let us label


def reown(top: Path, ids: IdMap, advance: Advance, processes: Optional[int] = None,
          labels: Optional[Relabel] = None) -> Passed:
    """Translate the owners and ACLs of every inode below `top`, each exactly once, and label it.

    Stays on the file system of `top` and never follows a symlink.  Memory is bounded by the depth
    of the tree, and a bit or so for each inode that has several names.
    """
    parts = shared(lambda number, count, told: _Part(ids, number, count, told, labels).walk(top),
                   advance, processes)
    return Passed(sum(part.inodes for part in parts), sum(part.changed for part in parts),
                  _united(part.foreign_users for part in parts),
                  _united(part.foreign_groups for part in parts),
                  sum(part.labelled for part in parts), sum(part.unlabelled for part in parts))


class _Level(NamedTuple):
    """A directory that is being passed through, and what is left of it."""

    directory: int
    names: _Names
    path: bytes


class _Part:
    """The pass of one process, whose working directory is the directory that it is in."""

    def __init__(self, ids: IdMap, number: int, count: int, advance: Advance,
                 labels: Optional[Relabel]) -> None:
        self._ids = ids
        self._labels = labels
        self._here = b""  # the directory that it is in, as the new system calls it
        self._number, self._count = number, count
        self._advance = advance
        self._owners: Dict[Tuple[int, int], Tuple[int, int]] = {}
        self._foreign: Tuple[Set[int], Set[int]] = (set(), set())
        self._seen = InodeSet()
        self._done = self._changed = self._labelled = self._unlabelled = 0

    def walk(self, top: Path) -> Passed:
        """Pass through everything below `top`, and `top` itself."""
        inodes.allow_deep_trees()
        root = os.open(str(top), inodes.DIRECTORY)
        device = os.fstat(root).st_dev
        stack: List[_Level] = [self._enter(root, self._labels.mount if self._labels else b"")]
        while stack:
            self._here = stack[-1].path
            below = self._files(stack[-1].directory, stack[-1].names, device)
            if below is not None:
                stack.append(self._enter(*below))
                continue
            os.close(stack.pop().directory)
            if stack:
                os.fchdir(stack[-1].directory)
        if self._done % _TOLD_EVERY:
            self._advance(self._done % _TOLD_EVERY)
        return Passed(self._done, self._changed, tuple(self._foreign[0]),
                      tuple(self._foreign[1]), self._labelled,
                      self._unlabelled)

    def _enter(self, directory: int, path: bytes) -> "_Level":
        os.fchdir(directory)
        info = os.fstat(directory)
        if info.st_ino % self._count == self._number:
            self._one(directory, ".", info, path)
        return _Level(directory, os.scandir(directory), path)

    def _files(self, directory: int, names: _Names, device: int) -> Optional[Tuple[int, bytes]]:
        """Pass through what is left of a directory, up to one below it, which is opened."""
        number, count, seen = self._number, self._count, self._seen
        for entry in names:
            if entry.is_dir(follow_symlinks=False):
                below = os.open(entry.name, inodes.DIRECTORY, dir_fd=directory)
                if os.fstat(below).st_dev == device:
                    return below, self._path(entry.name)
                os.close(below)
            elif entry.inode() % count == number:
                info = entry.stat(follow_symlinks=False)
                if info.st_dev == device and (info.st_nlink == 1 or seen.add(info.st_ino)):
                    self._one(directory, entry.name, info, self._path(entry.name))
        return None

    def _path(self, name: str) -> bytes:
        return b"%s/%s" % (self._here, os.fsencode(name)) if self._labels else b""

    def _one(self, directory: int, name: str, info: os.stat_result, path: bytes) -> None:
        owner = (info.st_uid, info.st_gid)
        wanted = self._owners.get(owner) or self._translated(owner)
        if info.st_mode & _SPECIAL or (not stat.S_ISLNK(info.st_mode) and _delicate(name)):
            self._changed += inodes.reown_one(directory, os.fsencode(name), info, self._ids)
        elif wanted != owner:
            try:
                os.chown(name, *wanted, follow_symlinks=False)
            except PermissionError:  # immutable
                inodes.reown_one(directory, os.fsencode(name), info, self._ids)
            self._changed += 1
        if self._labels:
            labelled, left = self._labels.one(directory, os.fsencode(name), path, info)
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


def _delicate(name: str) -> bool:
    """Has it an ACL or a capability? Then owners are not all that there is to do."""
    try:
        return not _DELICATE.isdisjoint(os.listxattr(name, follow_symlinks=False))
    except OSError as error:
        if error.errno in inodes.NO_ATTRIBUTE:
            return False
        raise


def _united(parts: Iterable[Tuple[int, ...]]) -> Tuple[int, ...]:
    return tuple(sorted(set().union(*parts))[:_FOREIGN_KEPT])
