"""Takes what looks like a password, a token or a password hash out of texts that are shown."""

import re

HIDDEN = "***"
_WORDS = "(?:password|passwd|passphrase|secret|token)"
_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|\S+)"""
# The rest of the name that a word is part of.  Bounded, and what stands before the word is looked
# at from the start of the name alone: any user can log a line of 48 KiB of nothing but such words.
_REST = r"[\w.-]{0,200}[\"']?"
_PATTERNS = (
    # rd.iscsi.password=..., token:...
    (re.compile(rf"(?i)({_WORDS}{_REST}\s*(?:=\s*|:(?=\S))){_VALUE}"), rf"\1{HIDDEN}"),
    # password: ... (what follows the name of a file, /etc/passwd: ..., is said about it)
    (re.compile(rf"(?i)((?<![\w./-])[\w.-]*{_WORDS}{_REST}\s*:\s+){_VALUE}"),
     rf"\1{HIDDEN}"),
    # netroot=iscsi:user:password@server
    (re.compile(r"(?i)(iscsi:)[^@\s]{1,1000}@"), rf"\1{HIDDEN}@"),
    # https://user:password@server
    (re.compile(r"(://)[^/@\s]+@"), rf"\1{HIDDEN}@"),
    # crypt(3) hashes, as in shadow
    (re.compile(r"\$(?:y|gy|7|1|5|6|2[aby])\$[./A-Za-z0-9$=,]{8,}"), HIDDEN),
)
_MARKS = frozenset("=:$")  # each pattern has one of them; most texts (paths, digests) have none


def redact_text(text: str) -> str:
    """`text` without what looks like a password, a token or a password hash."""
    if not _MARKS.intersection(text):
        return text
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text
