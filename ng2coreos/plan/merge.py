"""Three versions of a file become one, if nothing of what NG or the target changed is lost.

Lines are merged by diff3 (inventory/sides.py).  Where a format has keys, the result must also say
what each key should be; if it does not, or if lines clash, the keys themselves are merged.
"""

import json
from dataclasses import dataclass
from typing import Iterable, List, Mapping, Optional, Tuple

from ng2coreos.model.facts import EtcChange, FileFact
from ng2coreos.model.sides import LIMIT_BYTES, TOTAL_BYTES, Sides
from ng2coreos.plan.etc_places import NEVER, same
from ng2coreos.plan.merge_keys import (
    Format,
    Key,
    Piece,
    format_of,
    merged_values,
    pieces,
    rewritten,
    values,
)

NO_SIDES = "it is no file, or too large, or diff3 is missing"
NO_TEXT = "it is no text"
NO_BASE = "NG and the target each added it, so nobody can tell what either changed"
LINES_CLASH = "both changed the same lines"
KEYS_LOST = "its keys do not fit together"
NOT_JSON = "what the lines make is no JSON"


@dataclass(frozen=True)
class Merge:
    """The merged `content`, or None and why not; `by` says what was merged: lines or keys."""

    content: Optional[str] = None
    by: str = ""
    problems: Tuple[str, ...] = ()


def disputed(changes: Iterable[EtcChange], theirs: Mapping[str, FileFact]) -> Tuple[str, ...]:
    """The small files that the target has otherwise than NG and than the factory: their contents
    are needed to merge them, and the target's where NG changed only owner or mode."""
    found = []
    room = TOTAL_BYTES
    for change in changes:
        host, there = change.host, theirs.get(change.path)
        if host is None or there is None or not host.kind == there.kind == "file":
            continue
        if same(host, there) or (change.factory is not None and same(change.factory, there)):
            continue
        size = host.size_bytes + there.size_bytes
        if max(host.size_bytes, there.size_bytes) > LIMIT_BYTES or size > room:
            continue
        if change.path not in NEVER:
            found.append(change.path)
            room -= size
    return tuple(found)


def merge(path: str, sides: Optional[Sides]) -> Merge:
    """The merge of the file at `path`. Pure; equal input gives an equal result."""
    if sides is None:
        return Merge(problems=(NO_SIDES,))
    if sides.binary:
        return Merge(problems=(NO_TEXT,))
    by_keys = _by_keys(path, sides)
    if by_keys is not None:
        return by_keys
    if sides.factory is None:
        return Merge(problems=(NO_BASE,))
    if sides.merged is None:
        return Merge(problems=(LINES_CLASH,))
    if path.endswith(".json") and not _json(sides.merged):
        return Merge(problems=(NOT_JSON,))
    return Merge(sides.merged, "lines")


def _by_keys(path: str, sides: Sides) -> Optional[Merge]:
    """The merge of a file whose format has keys; None for any other."""
    kind = format_of(path)
    documents = _documents(sides, kind) if kind is not None else None
    if kind is None or documents is None:
        return None
    ours, factory, theirs = documents
    wanted, clashes = merged_values(values(ours), values(factory), values(theirs))
    if clashes:
        return Merge(problems=tuple(f"both changed {_shown(key)}" for key in clashes))
    for text, by in ((sides.merged, "lines"), (rewritten(ours, theirs, wanted), "keys")):
        document = pieces(text, kind) if text is not None else None
        if document is not None and values(document) == wanted:
            return Merge(text, by)
    return Merge(problems=(KEYS_LOST,))


def _documents(sides: Sides, kind: Format) -> Optional[Tuple[Tuple[Piece, ...], ...]]:
    found: List[Tuple[Piece, ...]] = []
    for text in (sides.ours, sides.factory or "", sides.theirs):
        document = pieces(text if not text or text.endswith("\n") else text + "\n", kind)
        if document is None:
            return None
        found.append(document)
    return tuple(found)


def _shown(key: Key) -> str:
    section, name = key
    return f"{name} in [{section}]" if section else name


def _json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
