"""The image's users and groups, as its passwd and group files have them.

Accounts that sysusers.d makes at boot are not among them: Ignition runs before and could not
name them as owners.
"""

import re
from typing import Dict, List, Tuple

from ng2coreos.model.facts import Group, User
from ng2coreos.target.tree import Tree

# /etc comes first, as in nsswitch.conf ("files altfiles"); /usr/etc is the image's /etc.
_PASSWD = ("usr/etc/passwd", "usr/lib/passwd")
_GROUP = ("usr/etc/group", "usr/lib/group")
_ID = re.compile(r"[0-9]{1,20}")  # int() refuses thousands of them


def users(tree: Tree) -> Tuple[User, ...]:
    """Every user; a name in both files counts as /usr/etc has it."""
    found: Dict[str, User] = {}
    for path in _PASSWD:
        for fields in _lines(tree.text(path), 7):
            name, _, uid, gid, gecos, home, shell = fields
            if _ID.fullmatch(uid) and _ID.fullmatch(gid):
                found.setdefault(name, User(name, int(uid), int(gid), gecos, home, shell))
    return tuple(found.values())


def groups(tree: Tree) -> Tuple[Group, ...]:
    """Every group; members are joined over both files."""
    found: Dict[str, Group] = {}
    for path in _GROUP:
        for name, _, gid, members in _lines(tree.text(path), 4):
            if not _ID.fullmatch(gid):
                continue
            old = found.get(name)
            names = tuple(m for m in members.split(",") if m)
            if old is not None:
                names = (*old.members, *(m for m in names if m not in old.members))
            found[name] = Group(name, old.gid if old else int(gid), names)
    return tuple(found.values())


def etc_groups(tree: Tree) -> Tuple[str, ...]:
    """Names of the groups in /usr/etc/group: only their members can be changed."""
    return tuple(fields[0] for fields in _lines(tree.text(_GROUP[0]), 4))


def _lines(text: str, count: int) -> List[List[str]]:
    split = [line.split(":") for line in text.splitlines() if line and line[0] not in "#+-"]
    return [fields for fields in split if len(fields) == count and fields[0]]
