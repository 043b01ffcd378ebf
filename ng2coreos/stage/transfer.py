"""The state inside our snapshots: NG-only content goes, every owner becomes the new system's.

The pass over the owners cannot be repeated where numbers swap: after a kill nobody knows which
inodes are done.  A snapshot whose pass has not finished is therefore thrown away and taken again
(the step removes it first; the journal's ``done`` is the only sign of a finished one).
"""

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Set, Tuple

from ng2coreos.core import globs
from ng2coreos.core.errors import BadInput
from ng2coreos.core.progress import Advance
from ng2coreos.stage import inodes
from ng2coreos.stage.copying import Copied, copy_tree
from ng2coreos.stage.ids import IdMap

__all__ = ["Copied", "IdMap", "Passed", "copy_tree", "remove_content", "reown"]

_TOLD_EVERY = 256  # inodes between two words of progress
_FOREIGN_KEPT = 1000  # ids without a name that are remembered; containers may have thousands


@dataclass(frozen=True)
class Passed:
    """What a pass over the owners met; `foreign_*` are numbers that have no name on NG."""

    inodes: int
    changed: int
    foreign_users: Tuple[int, ...] = ()
    foreign_groups: Tuple[int, ...] = ()


def reown(top: Path, ids: IdMap, advance: Advance) -> Passed:
    """Translate the owners and ACLs of every inode below `top`, each exactly once.

    Stays on the file system of `top` and never follows a symlink.  Memory is bounded by the depth
    of the tree and the number of hard-linked inodes whose other names are still to come.
    """
    inodes.allow_deep_trees()
    seen: Dict[int, int] = {}
    foreign: Tuple[Set[int], Set[int]] = (set(), set())
    count = changed = 0
    for directory, name, info in _walk(top):
        if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode) and not _first_name(seen, info):
            continue
        count += 1
        for number, known, found in ((info.st_uid, ids.users, foreign[0]),
                                     (info.st_gid, ids.groups, foreign[1])):
            if number not in known and len(found) < _FOREIGN_KEPT:
                found.add(number)
        changed += inodes.reown_one(directory, name, info, ids)
        if count % _TOLD_EVERY == 0:
            advance(_TOLD_EVERY)
    advance(count % _TOLD_EVERY)
    return Passed(count, changed, tuple(sorted(foreign[0])), tuple(sorted(foreign[1])))


def remove_content(top: Path, patterns: Iterable[str]) -> Tuple[str, ...]:
    """Remove what the patterns (relative to `top`, globs as in the whitelists) name; what went.

    Symlinks are removed, never followed; a second call finds nothing.
    """
    gone = []
    for pattern in patterns:
        parts = pattern.split("/")
        if not all(parts) or {".", ".."} & set(parts):
            raise BadInput(f"{pattern!r} is no path below a volume.", hint="Plan again.")
        for path in _matching(top, pattern):
            _remove(path)
            gone.append(str(path.relative_to(top)))
    return tuple(gone)


def _walk(top: Path) -> Iterator[Tuple[int, bytes, os.stat_result]]:
    """Every inode's directory, name and lstat: `top` first, a directory before what it holds."""
    root = os.open(str(top), inodes.DIRECTORY)
    device = os.fstat(root).st_dev
    yield root, b".", os.fstat(root)
    stack = [(root, os.scandir(root))]
    try:
        while stack:
            directory, names = stack[-1]
            entry = next(names, None)
            if entry is None:
                names.close()
                os.close(directory)
                stack.pop()
                continue
            name = os.fsencode(entry.name)
            info = entry.stat(follow_symlinks=False)
            if info.st_dev != device:
                continue
            yield directory, name, info
            if stat.S_ISDIR(info.st_mode):
                below = os.open(name, inodes.DIRECTORY, dir_fd=directory)
                stack.append((below, os.scandir(below)))
    finally:
        for directory, names in stack:
            names.close()
            os.close(directory)


def _first_name(seen: Dict[int, int], info: os.stat_result) -> bool:
    """Is this the first of an inode's names? The inode is forgotten at its last one."""
    left = seen.pop(info.st_ino, None)
    if left is None:
        seen[info.st_ino] = info.st_nlink - 1
        return True
    if left > 1:
        seen[info.st_ino] = left - 1
    return False


def _matching(top: Path, pattern: str) -> List[Path]:
    """Existing paths that `pattern` names, outermost only, found without following a symlink."""
    parts = pattern.split("/")
    literal: List[str] = []
    for part in parts:
        if not globs.literal(part):
            break
        literal.append(part)
    start = top
    for part in literal[:-1] if len(literal) == len(parts) else literal:
        start = start / part
        if start.is_symlink() or not start.is_dir():
            return []
    if len(literal) == len(parts):
        path = start / parts[-1]
        return [path] if os.path.lexists(str(path)) else []
    found: List[Path] = []
    stack = [start]
    while stack:
        for entry in os.scandir(str(stack.pop())):
            path = Path(entry.path)
            if globs.matches(pattern, str(path.relative_to(top))):
                found.append(path)
            elif entry.is_dir(follow_symlinks=False):
                stack.append(path)
    return sorted(found)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path), onerror=_again)
    else:
        try:
            os.unlink(str(path))
        except PermissionError as error:
            _again(os.unlink, str(path), (type(error), error, None))


def _again(function: Callable[..., Any], path: str, problem: Any) -> None:
    """Repeat what failed for an immutable file or directory, the flag taken off."""
    error: BaseException = problem[1]
    if not isinstance(error, PermissionError):
        raise error
    for place in (os.path.dirname(path), path):
        if os.path.lexists(place):
            parent = os.open(os.path.dirname(place), inodes.DIRECTORY)
            try:
                name = os.fsencode(os.path.basename(place))
                info = os.stat(name, dir_fd=parent, follow_symlinks=False)
                inodes.set_fixed(parent, name, info, 0)
            finally:
                os.close(parent)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        function(path)
