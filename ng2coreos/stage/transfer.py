"""The state inside our snapshots: NG-only content goes, owners and labels become the target's."""

import os
import shutil
from pathlib import Path
from typing import Any, Callable, Iterable, List, Tuple

from ng2coreos.core import globs
from ng2coreos.core.errors import BadInput
from ng2coreos.stage import inodes
from ng2coreos.stage.copying import Copied, copy_tree
from ng2coreos.stage.ids import IdMap
from ng2coreos.stage.relabel import Relabel
from ng2coreos.stage.reown import Passed, reown

__all__ = ["Copied", "IdMap", "Passed", "Relabel", "copy_tree", "remove_content", "reown"]


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
