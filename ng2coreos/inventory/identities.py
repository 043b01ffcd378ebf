"""Users and groups of a passwd and a group file, as glibc reads them."""

import re
from typing import Dict, FrozenSet, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import Group, User

_ID_MAX = 2**32 - 1
_DIGITS = re.compile(r"[0-9]{1,20}")  # int() refuses thousands of them


def users(host: Host, path: str = "/etc/passwd", shadow: str = "") -> Tuple[User, ...]:
    """The users in the file's order; lines that are none are skipped, of equal names the first
    counts.  Without `shadow` nobody is known to have a password."""
    found: Dict[str, User] = {}
    hashed = _hashed(host, shadow) if shadow else frozenset()
    for fields in _lines(host, path, 7):
        if _number(fields[2]) and _number(fields[3]):
            user = User(name=fields[0], uid=int(fields[2]), gid=int(fields[3]), gecos=fields[4],
                        home=fields[5], shell=fields[6], hashed=fields[0] in hashed)
            found.setdefault(user.name, user)
    return tuple(found.values())


def groups(host: Host, path: str = "/etc/group") -> Tuple[Group, ...]:
    """The groups in the file's order, by the same rules."""
    found: Dict[str, Group] = {}
    for fields in _lines(host, path, 4):
        if _number(fields[2]):
            members = tuple(name for name in fields[3].split(",") if name)
            found.setdefault(fields[0], Group(name=fields[0], gid=int(fields[2]), members=members))
    return tuple(found.values())


def _hashed(host: Host, path: str) -> FrozenSet[str]:
    """Who has a password that can be typed: shadow(5) says the rest by an empty field, ! or *."""
    with readable(path):
        rows = [line.split(":") for line in host.read_text(path, default="").splitlines()]
    return frozenset(row[0] for row in rows if len(row) > 1 and row[1] and row[1][0] not in "!*")


def _lines(host: Host, path: str, fields: int) -> List[List[str]]:
    with readable(path):
        text = host.read_text(path, default="")
    split = [line.split(":") for line in text.splitlines()]
    return [parts for parts in split
            if len(parts) == fields and parts[0] and parts[0][0] not in "#+-"]


def _number(text: str) -> bool:
    return bool(_DIGITS.fullmatch(text)) and int(text) <= _ID_MAX
