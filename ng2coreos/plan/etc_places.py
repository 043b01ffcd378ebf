"""Where something of NG's /etc can lie in the target's: what is in the way, and whose attributes.

Pure look-ups; EtcDecisions asks them.
"""

import posixpath
from typing import Dict, List, Optional, Tuple

from ng2coreos.model.facts import EtcChange, FileFact, HostFacts
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.owners import Owners

# Never carried as files, whatever a whitelist says: their lines are translated one by one, or they
# belong to the system that wrote them.
NEVER = frozenset(
    f"/etc/{name}" for base in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")
    for name in (base, base + "-")) | {"/etc/fstab", "/etc/mtab", "/etc/.pwd.lock"}
_WRITABLE = ("/var/", "/run/")  # beside /etc itself
_MAX_LINKS = 40  # as the kernel
_MODE = 0o7777

Attributes = Tuple[str, str, int]  # owner, group, mode


class Places:
    """The target's /etc as NG's files find it."""

    def __init__(self, target: TargetFacts) -> None:
        self._etc = target.etc
        self._blockers: Dict[str, str] = {}

    def blocker(self, path: str) -> str:
        """The directory above `path` that is none in the target, the topmost; empty where none is.

        A link that leads to a directory of /etc, or into /var or /run, is as good as one.
        """
        parent = posixpath.dirname(path)
        if len(parent) <= len("/etc"):
            return ""
        if parent not in self._blockers:
            above = self.blocker(parent)
            self._blockers[parent] = above or ("" if self._is_directory(parent) else parent)
        return self._blockers[parent]

    def _is_directory(self, path: str) -> bool:
        for _ in range(_MAX_LINKS):
            fact = self._etc.get(path)
            if fact is None or fact.kind == "directory":
                return True
            if fact.kind != "symlink":
                return False
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), fact.link))
            if path.startswith(_WRITABLE):
                return True
            if not path.startswith("/etc/"):
                return False
        return False


class AttributesOf:
    """Owners and modes three ways: NG's where NG changed them, else the target's."""

    def __init__(self, facts: HostFacts, target: TargetFacts, owners: Owners) -> None:
        self._owners = owners
        self._users: Dict[int, str] = {}
        self._groups: Dict[int, str] = {}
        for user in target.users:
            self._users.setdefault(user.uid, user.name)
        for group in target.groups:
            self._groups.setdefault(group.gid, group.name)

    def theirs(self, fact: FileFact) -> Attributes:
        """The target's, by name."""
        return (self._users.get(fact.uid, str(fact.uid)),
                self._groups.get(fact.gid, str(fact.gid)), fact.mode & _MODE)

    def wanted(self, change: EtcChange, host: FileFact, theirs: Optional[FileFact]) -> Attributes:
        """What the path must have on the new system."""
        base = change.factory
        if theirs is None or base is None or not theirs.kind == base.kind == host.kind:
            return (*self._owners.of(change.path, host), host.mode & _MODE)
        owner, group, mode = self.theirs(theirs)
        if (host.uid, host.gid) != (base.uid, base.gid):
            mine = self._owners.of(change.path, host)
            owner = mine[0] if host.uid != base.uid else owner
            group = mine[1] if host.gid != base.gid else group
        return owner, group, host.mode & _MODE if host.mode != base.mode else mode


def same(one: FileFact, other: Optional[FileFact]) -> bool:
    """Is the content the same? Owners and modes are not compared: see AttributesOf."""
    if other is None or one.kind != other.kind:
        return False
    if one.kind == "file":
        return one.sha256 == other.sha256
    return one.kind == "directory" or (one.kind == "symlink" and one.link == other.link)


def named(attributes: Attributes) -> str:
    """Owner, group and mode for a reader."""
    owner, group, mode = attributes
    return f"{owner}:{group} {mode:04o}"


def all_above(path: str) -> List[str]:
    """Every directory above `path` and below /etc, the nearest first."""
    found = []
    parent = posixpath.dirname(path)
    while len(parent) > len("/etc"):
        found.append(parent)
        parent = posixpath.dirname(parent)
    return found
