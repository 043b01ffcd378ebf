"""Files whose unit is a key, not a line: read as pieces, merged key by key, comments kept.

Three formats: ``[section]`` files with ``key = value`` (`INI`), sysctl's (`SYSCTL`) and files of
shell assignments (`SHELL`).  A file that does not fit its format to the last line is none of them.
"""

import re
import shlex
from dataclasses import dataclass
from enum import Enum
from typing import Dict, List, Optional, Tuple

Key = Tuple[str, str]  # section and name
Values = Dict[Key, Tuple[str, ...]]  # in order: a key may stand more than once


class Format(Enum):
    """How a file says its keys."""

    INI = "ini"
    SYSCTL = "sysctl"
    SHELL = "shell"


@dataclass(frozen=True)
class Piece:
    """Some lines that belong together: `name` is empty for what is no assignment.

    `lead` are the comments and empty lines right above an assignment or a section's head.
    """

    section: str
    name: str
    value: str
    text: str
    lead: str = ""

    @property
    def key(self) -> Key:
        """Where the value belongs."""
        return self.section, self.name


_BLANK = re.compile(r"\s*(?:[#;].*)?$")
_HEAD = re.compile(r"\[([^\[\]]+)\]\s*(?:[#;].*)?$")
# before, name, value: what stands before the name (sysctl's ``-``, ``export``) counts as value
_ASSIGN = {
    Format.INI: re.compile(r"()([^\s=\[#;:][^=]*?)\s*=\s*(.*)$"),
    Format.SYSCTL: re.compile(r"\s*(-?)\s*([\w./*%:@-]+)\s*=\s*(.*)$"),
    Format.SHELL: re.compile(r"((?:export\s+)?)([A-Za-z_]\w*)=(.*)$")}
_BY_PATH = (
    (Format.SYSCTL, re.compile(r"/etc/sysctl(?:\.conf|\.d/[^/]+\.conf)$")),
    (Format.SHELL, re.compile(r"/etc/(?:sysconfig/|default/|locale\.conf$|vconsole\.conf$)")),
    (Format.INI, re.compile(r".*\.(?:conf|ini|cfg|service|socket|timer|mount|automount|path|slice"
                            r"|target|network|netdev|link|nmconnection|repo|policy)$")))


def format_of(path: str) -> Optional[Format]:
    """The format that a path promises; whether the content keeps it is up to `pieces`."""
    return next((kind for kind, pattern in _BY_PATH if pattern.match(path)), None)


def pieces(text: str, kind: Format) -> Optional[Tuple[Piece, ...]]:
    """The file as pieces, whose leads and texts in order are the whole file; None if it is other.
    """
    found: List[Piece] = []
    section, lead = "", ""
    lines = text.splitlines(keepends=True)
    if not all(line.endswith("\n") for line in lines):
        return None  # form feeds and the like, which readers see each in their own way
    lines.reverse()
    while lines:
        line = lines.pop()
        bare = line.rstrip("\r\n")
        head = _HEAD.match(bare) if kind is Format.INI else None
        assigned = _ASSIGN[kind].match(bare)
        if _BLANK.match(bare):
            lead += line
        elif head:
            section = head.group(1).strip()
            found.append(Piece(section, "", "", line, lead))
            lead = ""
        elif assigned and (section or kind is not Format.INI):
            before, name, value = assigned.groups()
            while lines and _goes_on(value, lines[-1], kind):
                line += lines[-1]
                value += "\n" + lines.pop().rstrip("\r\n")
            if kind is Format.SHELL and not _one_word(value):
                return None
            found.append(Piece(section, _name(name, kind), before.strip() + value.strip(), line,
                               lead))
            lead = ""
        else:
            return None
    return (*found, Piece(section, "", "", "", lead)) if lead else tuple(found)


def values(document: Tuple[Piece, ...]) -> Values:
    """Every key's values."""
    found: Dict[Key, List[str]] = {}
    for piece in document:
        if piece.name:
            found.setdefault(piece.key, []).append(piece.value)
    return {key: tuple(texts) for key, texts in found.items()}


def merged_values(ours: Values, factory: Values, theirs: Values) -> Tuple[Values, Tuple[Key, ...]]:
    """What each key must be, and the keys that both changed, each its own way.

    An empty tuple of values stands for a key that is gone.  Conflicts have NG's values.
    """
    wanted: Values = {}
    conflicts: List[Key] = []
    for key in {**ours, **factory, **theirs}:
        mine, base, their = (table.get(key, ()) for table in (ours, factory, theirs))
        wanted[key] = their if mine == base else mine
        if mine != base and their not in (base, mine):
            conflicts.append(key)
    return {key: found for key, found in wanted.items() if found}, tuple(conflicts)


def rewritten(ours: Tuple[Piece, ...], theirs: Tuple[Piece, ...], wanted: Values) -> str:
    """NG's file with the values that are wanted: all that differs comes from the target's file.

    Every other line of NG's file stays where it is, comments too; what the target has new goes to
    the end of its section with the comments above it.
    """
    mine = values(ours)
    foreign = {key for key in {**mine, **wanted} if wanted.get(key, ()) != mine.get(key, ())}
    texts: Dict[Key, str] = {}
    fresh: Dict[str, List[Key]] = {}
    for piece in theirs:
        if piece.key in foreign and piece.name:
            new = piece.key not in mine
            if new and piece.key not in texts:
                fresh.setdefault(piece.section, []).append(piece.key)
            texts[piece.key] = texts.get(piece.key, "") + (piece.lead if new else "") + piece.text
    last = {piece.section: number for number, piece in enumerate(ours) if piece.text}
    out: List[str] = []
    for number, piece in enumerate(ours):
        out.append(piece.lead)
        if not piece.name or piece.key not in foreign:
            out.append(piece.text)
        elif piece.key in texts:
            out.append(texts.pop(piece.key))  # at the place of the first of them
        if last.get(piece.section) == number:
            out += [texts.pop(key) for key in fresh.pop(piece.section, [])]
    heads = {piece.section: piece.lead + piece.text for piece in reversed(theirs)
             if not piece.name and piece.text}
    for section, keys in fresh.items():
        out += [heads.get(section, ""), *(texts.pop(key) for key in keys)]
    return "".join(out)


def _goes_on(value: str, following: str, kind: Format) -> bool:
    """Does a value go on in the following line?"""
    if value.endswith("\\"):
        return True
    return kind is Format.INI and following[:1] in " \t" and not _BLANK.match(following.rstrip())


def _name(name: str, kind: Format) -> str:
    """The name as its reader sees it: for sysctl ``a/b.c`` is ``a.b/c`` (sysctl.d(5))."""
    first = next((c for c in name if c in "./"), ".")
    if kind is Format.SYSCTL and first == "/":
        return name.translate({ord("."): "/", ord("/"): "."})
    return name


def _one_word(value: str) -> bool:
    """Is it the value of an assignment, and no more shell code than that?"""
    try:
        return len(shlex.split(value, comments=True)) <= 1
    except ValueError:
        return False
