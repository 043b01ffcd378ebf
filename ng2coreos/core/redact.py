"""Takes what looks like a password, a token or a password hash out of texts that are shown."""

import re

HIDDEN = "***"
_PATTERNS = (
    # rd.iscsi.password=..., password: ..., token=...
    (re.compile(r"(?i)([\w.-]*(?:password|passwd|passphrase|secret|token)[\w.-]*\s*[=:]\s*)\S+"),
     rf"\1{HIDDEN}"),
    # netroot=iscsi:user:password@server
    (re.compile(r"(?i)(iscsi:)[^@\s]+@"), rf"\1{HIDDEN}@"),
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
