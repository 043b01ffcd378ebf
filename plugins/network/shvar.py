"""Shell assignments as NetworkManager's ifcfg reader understands them; nothing is ever executed.

The rules are those of its svUnescape, which follow bash's quoting: a value that only a shell could
compute (``$(..)`` or ``$X`` in double quotes, a pipe, a second word) has no value here.
"""

import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

_ASSIGNMENT = re.compile(r"[ \t\v\f\r]*([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_REST = re.compile(rb"[ \t\n\v\f\r]*;?[ \t\n\v\f\r]*(#.*)?", re.DOTALL)
_OLD_WRITER = re.compile(rb'"(?:[^"\\$`\'~]|\\["\\$`\'~])*"')  # what svEscape wrote long ago
_SPACE, _META = b" \t\n\v\f\r;", b"|&()<>"
_ANSI = {b"a": 7, b"b": 8, b"e": 27, b"E": 27, b"f": 12, b"n": 10, b"r": 13, b"t": 9, b"v": 11,
         b"?": 63, b'"': 34, b"\\": 92, b"'": 39}
_CODE = re.compile(rb"[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}")
_UNICODE_END = 0x110000


@dataclass(frozen=True)
class Assignment:
    """`key` is given `value` on `line` (the first is 1); None is a value that cannot be read."""

    line: int
    key: str
    value: Optional[str]


class _Bad(Exception):
    """The value is beyond what is understood without a shell."""


def parse(text: str) -> Tuple[List[Assignment], List[int]]:
    """The assignments in `text`, and the numbers of lines that are neither these nor comments."""
    found: List[Assignment] = []
    odd: List[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _ASSIGNMENT.fullmatch(line)
        if match:
            found.append(Assignment(number, match.group(1), unescape(match.group(2))))
        elif line.strip() and not line.lstrip().startswith("#"):
            odd.append(number)
    return found, odd


def values(text: str) -> Dict[str, str]:
    """The readable values by key; the last assignment wins, as in a shell."""
    last = {a.key: a.value for a in parse(text)[0]}
    return {key: value for key, value in last.items() if value is not None}


def unescape(raw: str) -> Optional[str]:
    """What a shell would assign for the text after ``=``, or None where it cannot be said."""
    data = raw.encode("utf-8", "surrogateescape")
    try:
        return _unescape(data).partition(b"\0")[0].decode("utf-8")
    except (_Bad, UnicodeDecodeError):
        return None


def unescape_bytes(text: str) -> bytes:
    """The bytes of a string of dhclient's: octal and hexadecimal escapes, any other char itself."""
    out, at, data = bytearray(), 0, text.encode("utf-8", "surrogateescape")
    while at < len(data):
        code = _CODE.match(data, at + 1) if data[at:at + 1] == b"\\" else None
        if code and code.group()[:1] not in b"uU":
            out += _character(code.group())
            at = code.end()
        else:
            at += data[at:at + 1] == b"\\"
            out += data[at:at + 1]
            at += 1
    return bytes(out)


def _unescape(data: bytes) -> bytes:
    out, at = bytearray(), 0
    while at < len(data):
        char = data[at:at + 1]
        if char in _SPACE:
            if not _REST.fullmatch(data, at):
                raise _Bad
            break
        if char == b"\\":
            if at + 1 == len(data):
                raise _Bad
            out += data[at + 1:at + 2]
            at += 2
        elif char == b"'":
            end = _find(data, b"'", at + 1)
            out += data[at + 1:end]
            at = end + 1
        elif char == b'"':
            at = _double(data, at + 1, out)
        elif data.startswith(b"$'", at):
            at = _ansi(data, at + 2, out)
        elif char in _META:
            raise _Bad
        else:
            out += char
            at += 1
    return bytes(out)


def _find(data: bytes, what: bytes, start: int) -> int:
    end = data.find(what, start)
    if end < 0:
        raise _Bad
    return end


def _double(data: bytes, at: int, out: bytearray) -> int:
    """The inside of double quotes from `at`; returns where it goes on after them."""
    while True:
        char = data[at:at + 1]
        if char == b'"':
            return at + 1
        if not char or char in b"`$":
            raise _Bad
        if char == b"\\":
            at += 1
            char = data[at:at + 1]
            if not char:
                raise _Bad
            # "\'" and "\~" keep their backslash, unless an old NetworkManager wrote the value
            if char not in b'$`"\\' and (char not in b"'~" or not _OLD_WRITER.fullmatch(data)):
                out += b"\\"
        out += char
        at += 1


def _ansi(data: bytes, at: int, out: bytearray) -> int:
    """The inside of ``$'..'`` from `at`; returns where it goes on after it."""
    while True:
        char = data[at:at + 1]
        if char == b"'":
            return at + 1
        if not char:
            raise _Bad
        if char != b"\\":
            out += char
            at += 1
            continue
        at += 1
        escape = data[at:at + 1]
        if not escape:
            raise _Bad
        code = _CODE.match(data, at)
        if escape in _ANSI:
            out.append(_ANSI[escape])
            at += 1
        elif code:
            out += _character(code.group())
            at = code.end()
        else:
            out += b"\\" + escape
            at += 1


def _character(code: bytes) -> bytes:
    kind, digits = code[:1], code[1:]
    if kind in b"uU":
        number = int(digits, 16)
        if number >= _UNICODE_END:
            raise _Bad
        return chr(number).encode("utf-8", "surrogatepass")
    return bytes([(int(digits, 16) if kind == b"x" else int(code, 8)) & 0xFF])
