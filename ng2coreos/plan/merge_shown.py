"""Both sides of a conflict as differences for the report: bounded, and without secrets.

What is shown here lands in findings, which are kept and sent to others, so it is better to hide a
harmless value than to show a key.
"""

import re
from typing import Iterable, List, Set, Tuple

from ng2coreos.core.redact import HIDDEN, redact_text
from ng2coreos.model.sides import Sides

LINES = 24  # of a side
WIDTH = 160  # of a line
_LOOKED_AT = 1000  # characters of a line in which secrets are looked for; the rest is never shown
_NAMED = re.compile(
    r"(?i)^(?P<name>[-+\s]*\S*?(?:pass|secret|token|psk|private|credential|communit|auth|key)"
    r"[^\s=:]*\s*[=:\s]\s*)(?P<value>.+)$")
_HARMLESS = re.compile(r"(?i)['\"]?(?:yes|no|true|false|on|off|none|enabled?|disabled?|\d{1,5}"
                       r"|/[^\s@]*|\{)?['\"]?;?$")
_LONG = re.compile(r"(?<![\w/+.-])(?=\S*\d)[A-Za-z0-9+/_-]{32,}={0,2}")
_BEGIN, _END = re.compile(r"-----BEGIN [^-]*PRIVATE"), re.compile(r"-----END [^-]*PRIVATE")


def shown(sides: Sides) -> Tuple[str, ...]:
    """Lines that show what NG and what the target changed, each with its title."""
    hidden = _private_lines((sides.ours, sides.factory or "", sides.theirs))
    if sides.factory is None:
        return _titled("From the target's to NG's:", sides.their_diff, hidden)
    return (*_titled("NG changed:", sides.our_diff, hidden),
            *_titled("The target changed:", sides.their_diff, hidden))


def hide(line: str) -> str:
    """`line` without values that may be secret; of a very long one only its start."""
    line = line[:_LOOKED_AT]
    named = _NAMED.match(line)
    if named and not _HARMLESS.match(named.group("value").strip()):
        line = named.group("name") + HIDDEN
    return redact_text(_LONG.sub(HIDDEN, line))


def secretive(text: str) -> bool:
    """Does a text seem to hold a secret? One with very long lines does."""
    return bool(_private_lines((text,))) or any(hide(line) != line for line in text.splitlines())


def _titled(title: str, diff: Tuple[str, ...], hidden: Set[str]) -> Tuple[str, ...]:
    body = [line for line in diff[2:] if line]  # the first two name the sides
    if not body:
        return ()
    lines = [line[0] + HIDDEN if line[1:].strip() in hidden else hide(line)
             for line in body[:LINES]]
    cut = [line if len(line) <= WIDTH else line[:WIDTH] + "..." for line in lines]
    if len(body) > LINES:
        cut.append(f"... and {len(body) - LINES} lines more")
    return (title, *cut)


def _private_lines(texts: Iterable[str]) -> Set[str]:
    """The lines of private keys in PEM; a hunk may show them without their first line."""
    found: Set[str] = set()
    for text in texts:
        block: List[str] = []
        inside = False
        for line in text.splitlines():
            inside = inside or bool(_BEGIN.search(line))
            if inside:
                block.append(line.strip())
            if _END.search(line):
                inside = False
        found.update(line for line in block if line)
    return found
