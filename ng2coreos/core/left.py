"""What stays behind below a directory: everything that patterns name, but for what is spared.

Patterns are those of globs.py, relative to the directory.  A directory takes all below it along,
on either side: the nearest one that is named decides, and what is both named and spared is kept.
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Optional, Tuple

from ng2coreos.core import globs
from ng2coreos.core.errors import BadInput

# A host at work takes things away; and any user can make a tree that no path reaches the end of.
_UNSEEN = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


@dataclass(frozen=True)
class Left:
    """`patterns` stay behind, `keep` does not, `never` stays behind whatever else is said.

    Paths are relative, without ``.`` and ``..``.
    """

    patterns: Tuple[str, ...]
    keep: Tuple[str, ...] = ()
    never: Tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        """Does `path` stay behind, by itself or with a directory above it?"""
        gone = False
        for way in _ways(path):
            gone = self.goes(way, gone)
        return gone

    def goes(self, path: str, above: bool) -> bool:
        """Does `path` stay behind whose directory does, or does not (`above`)?"""
        if self.never and _fits(self.never, *_ways(path)):
            return True
        return not self.spares(path) and (above or _fits(self.patterns, path))

    def spares(self, path: str) -> bool:
        """Is `path` itself kept?"""
        return _fits(self.keep, path)

    def spares_below(self, path: str) -> bool:
        """May something below directory `path`, which stays behind, be kept?"""
        return any(globs.leads(pattern, path) for pattern in self.keep) and not _fits(
            self.never, *_ways(path))

    def found(self, top: Path) -> List[Path]:
        """What of it is below `top`, outermost only, without what is spared; no link is followed.

        Of the file system of `top` alone.  BadInput for a pattern that leads out of `top`.
        """
        for pattern in (*self.patterns, *self.never):
            parts = pattern.split("/")
            if not all(parts) or {".", ".."} & set(parts):
                raise BadInput(f"{pattern!r} is no path below a volume.", hint="Plan again.")
        found: List[Path] = []
        device = os.lstat(str(top)).st_dev
        stack = [("", False)]
        while stack:
            directory, above = stack.pop()
            for entry in _entries(top / directory):
                path = f"{directory}/{entry.name}".lstrip("/")
                info = _lstat(entry)
                if info is None or info.st_dev != device:
                    continue
                gone, below = self.goes(path, above), stat.S_ISDIR(info.st_mode)
                if gone and not (below and self.spares_below(path)):
                    found.append(top / path)
                elif below and (gone or self._leads(path)):
                    stack.append((path, gone))
        return sorted(found)

    def _leads(self, path: str) -> bool:
        """May something below directory `path` stay behind?"""
        return any(globs.leads(pattern, path) for pattern in (*self.patterns, *self.never))


def _fits(patterns: Iterable[str], *paths: str) -> bool:
    return any(globs.matches(pattern, path) for pattern in patterns for path in paths)


def _ways(path: str) -> Iterable[str]:
    """Every directory above the path, the outermost first, and the path."""
    parts = path.split("/")
    return ("/".join(parts[:n]) for n in range(1, len(parts) + 1))


def _entries(directory: Path) -> List["os.DirEntry[str]"]:
    """By name; none of a directory that cannot be seen."""
    try:
        with os.scandir(str(directory)) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        if error.errno not in _UNSEEN:
            raise
        return []


def _lstat(entry: "os.DirEntry[str]") -> Optional[os.stat_result]:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError as error:
        if error.errno not in (*_UNSEEN, errno.EACCES):  # a file system of a user's (FUSE)
            raise
        return None
