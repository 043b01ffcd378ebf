"""The state inside our snapshots: NG-only content goes, owners and labels become the target's."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Any, Callable, List, Tuple

from ng2coreos.core.left import Left
from ng2coreos.stage import inodes
from ng2coreos.stage.copying import Copied, copy_tree
from ng2coreos.stage.ids import IdMap
from ng2coreos.stage.relabel import Relabel
from ng2coreos.stage.reown import Passed, reown

__all__ = ["Copied", "IdMap", "Passed", "Relabel", "copy_tree", "remove_content", "reown"]

_DEPTH = 200  # directories; Python calls itself for each, some thousand times at most


def remove_content(top: Path, left: Left) -> Tuple[str, ...]:
    """Remove what stays behind below `top`; what went.

    Symlinks are removed, never followed; a second call finds nothing.
    """
    gone = left.found(top)
    for path in gone:
        _remove(path)
    return tuple(str(path.relative_to(top)) for path in gone)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        inodes.allow_deep_trees()
        for place in (path, *_too_deep(path)):
            shutil.rmtree(str(place), onerror=_again)
    else:
        try:
            os.unlink(str(path))
        except PermissionError as error:
            _again(os.unlink, str(path), (type(error), error, None))


def _too_deep(top: Path) -> List[Path]:
    """What is deeper than `shutil.rmtree`, which calls itself, can go: moved up, beside `top`."""
    found = [top]
    parent = os.open(str(top.parent), inodes.DIRECTORY)
    try:
        for here in found:  # which grows
            above = str(here).count("/")
            for root, names, _, fd in os.fwalk(str(here)):
                if root.count("/") - above < _DEPTH:
                    continue
                for name in names:
                    found.append(top.with_name(f".ng2coreos-{secrets.token_hex(16)}"))
                    os.rename(name, found[-1].name, src_dir_fd=fd, dst_dir_fd=parent)
                names.clear()
    finally:
        os.close(parent)
    return found[1:]


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
