"""Files of /etc that NG and the target changed: their contents, and what diff3 makes of them.

diff and diff3 come from GNU diffutils, which every NG has.  Their input lies in a private directory
for temporary files, which the command line puts into memory.
"""

import tempfile
from pathlib import Path
from typing import Dict, Iterable, Mapping, Optional, Tuple

from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.inventory.etc import ETC, FACTORY
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import EtcChange
from ng2coreos.model.sides import LIMIT_BYTES, Sides

_DIFF_LINES = 400  # more are not kept; what is shown of them is the plan's to say
_DEADLINE_S = 20.0
_MERGED, _OVERLAPS = 0, 1  # exit statuses of diff3


def read(host: Host, changes: Iterable[EtcChange], theirs: Mapping[str, str]) -> Dict[str, Sides]:
    """The sides of each change for which `theirs` has the target's content; changes nothing.

    A file that is gone or too large by now is left out: the run will find it stale anyway.
    """
    found: Dict[str, Sides] = {}
    for change in changes:
        if change.path not in theirs or change.host is None or change.host.kind != "file":
            continue
        ours = _text(host, change.path)
        if ours is None:
            continue
        factory = None
        if change.factory is not None and change.factory.kind == "file":
            factory = _text(host, FACTORY + change.path[len(ETC):])
        found[change.path] = compared(host, Sides(ours, factory, theirs[change.path]))
    return found


def compared(host: Host, sides: Sides) -> Sides:
    """`sides` with its differences and, where lines do not clash, merged."""
    if sides.binary:
        return sides
    base = sides.factory if sides.factory is not None else ""
    with tempfile.TemporaryDirectory(prefix="ng2coreos-") as directory:
        names = [str(Path(directory, name)) for name in ("ng", "factory", "target")]
        for name, text in zip(names, (sides.ours, base, sides.theirs)):
            Path(name).write_bytes(_lines(text).encode("utf-8", "surrogateescape"))
        ours, factory, theirs = names
        try:
            if sides.factory is None:
                return Sides(sides.ours, None, sides.theirs, None, (),
                             _diff(host, theirs, ours, "target", "NG"))
            return Sides(sides.ours, base, sides.theirs, _merge(host, ours, factory, theirs),
                         _diff(host, factory, ours, "factory", "NG"),
                         _diff(host, factory, theirs, "factory", "target"))
        except (CommandFailed, Unsupported):  # no diffutils: nothing is merged, nothing is lost
            return sides


def _text(host: Host, path: str) -> Optional[str]:
    with readable(path):
        try:
            return host.read_bytes(path, limit=LIMIT_BYTES).decode("utf-8", "surrogateescape")
        except (FileNotFoundError, NotADirectoryError, BadInput):
            return None


def _lines(text: str) -> str:
    """diff3 glues lines together where a last one has no line feed."""
    return text if not text or text.endswith("\n") else text + "\n"


def _merge(host: Host, ours: str, factory: str, theirs: str) -> Optional[str]:
    # -E: the same change on both sides is no conflict (-A and plain -m call it one)
    done = host.run(["diff3", "--text", "-E", "-m", ours, factory, theirs],
                    ok=(_MERGED, _OVERLAPS), timeout_s=_DEADLINE_S)
    return done.stdout if done.returncode == _MERGED else None


def _diff(host: Host, old: str, new: str, old_name: str, new_name: str) -> Tuple[str, ...]:
    done = host.run(["diff", "--text", "-u", f"--label={old_name}", f"--label={new_name}", old,
                     new], ok=(0, 1), timeout_s=_DEADLINE_S)
    return tuple(done.stdout.split("\n")[:_DIFF_LINES])
