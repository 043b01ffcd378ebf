"""What stays behind below a directory: everything that patterns name, but for what is spared.

Patterns are those of globs.py, relative to the directory.  A directory takes all below it along,
on either side; what is spared is kept even in a directory that stays behind.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Tuple

from ng2coreos.core import globs
from ng2coreos.core.errors import BadInput


@dataclass(frozen=True)
class Left:
    """`patterns` stay behind, `keep` does not. Paths are relative, without ``.`` and ``..``."""

    patterns: Tuple[str, ...]
    keep: Tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        """Does `path` stay behind, by itself or with a directory above it?"""
        ways = list(_ways(path))
        return any(self.names(way) for way in ways) and not any(self.spares(way) for way in ways)

    def names(self, path: str) -> bool:
        """Does one of the patterns fit `path` itself?"""
        return any(globs.matches(pattern, path) for pattern in self.patterns)

    def spares(self, path: str) -> bool:
        """Is `path` itself kept, and so all below it?"""
        return any(globs.matches(pattern, path) for pattern in self.keep)

    def spares_below(self, path: str) -> bool:
        """May something below directory `path` be kept?"""
        return any(_meet(globs.start(pattern), path) for pattern in self.keep)

    def found(self, top: Path) -> List[Path]:
        """What of it is below `top`, outermost only, without what is spared; no link is followed.

        BadInput for a pattern that leads out of `top`.
        """
        seen: List[Path] = []
        for pattern in self.patterns:
            parts = pattern.split("/")
            if not all(parts) or {".", ".."} & set(parts):
                raise BadInput(f"{pattern!r} is no path below a volume.", hint="Plan again.")
            for path in _matching(top, pattern):
                seen += self._thinned(top, path)
        every = {*seen}
        return [path for path in dict.fromkeys(seen) if every.isdisjoint(path.parents)]

    def _thinned(self, top: Path, path: Path) -> List[Path]:
        """`path`, or what is in it where some of that is kept."""
        inside = str(path.relative_to(top))
        if any(self.spares(way) for way in _ways(inside)):
            return []
        if not self.spares_below(inside) or path.is_symlink() or not path.is_dir():
            return [path]
        return [one for entry in _entries(path) for one in self._thinned(top, Path(entry.path))]


def _meet(start: str, path: str) -> bool:
    return start == path or start.startswith(f"{path}/") or path.startswith(f"{start}/")


def _ways(path: str) -> Iterable[str]:
    """The path and every directory above it."""
    parts = path.split("/")
    return ("/".join(parts[:n]) for n in range(1, len(parts) + 1))


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
        for entry in _entries(stack.pop()):
            path = Path(entry.path)
            if globs.matches(pattern, str(path.relative_to(top))):
                found.append(path)
            elif entry.is_dir(follow_symlinks=False):
                stack.append(path)
    return sorted(found)


def _entries(directory: Path) -> List["os.DirEntry[str]"]:
    """By name; none of a directory that went meanwhile, as on a running host."""
    try:
        with os.scandir(str(directory)) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
