"""Users and groups of a passwd and a group file, as glibc reads them."""

import re
from typing import Dict, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import Group, User

_ID_MAX = 2**32 - 1
_DIGITS = re.compile(r"[0-9]{1,20}")  # int() refuses thousands of them


def users(host: Host, path: str = "/etc/passwd") -> Tuple[User, ...]:
    """The users in the file's order; lines that are none are skipped, of equal names the first
    counts."""
    found: Dict[str, User] = {}
    for fields in _lines(host, path, 7):
        if _number(fields[2]) and _number(fields[3]):
            user = User(name=fields[0], uid=int(fields[2]), gid=int(fields[3]), gecos=fields[4],
                        home=fields[5], shell=fields[6])
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


def _lines(host: Host, path: str, fields: int) -> List[List[str]]:
    with readable(path):
        text = host.read_text(path, default="")
    split = [line.split(":") for line in text.splitlines()]
    return [parts for parts in split
            if len(parts) == fields and parts[0] and parts[0][0] not in "#+-"]


def _number(text: str) -> bool:
    return bool(_DIGITS.fullmatch(text)) and int(text) <= _ID_MAX
