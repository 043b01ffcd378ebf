"""A census of two systems: what of NG's own state is on the new one, and what the plan says of it.

NG's own state is what lies in its volumes and in the admin's directories, and what of /etc is not
as the image brought it.  It must be there in content, mode, owners by name, link target and
extended attributes, or the plan must have an item about it that says why not.
"""

import re
import stat
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

from tests.vm.scene import Scene

Facts = Dict[str, List[Any]]

# The places of NG's own state, and where the new system has them
PLACES = {"/etc": "/etc", "/var": "/var", "/home": "/var/home", "/root": "/var/roothome",
          "/opt": "/var/opt", "/srv": "/var/srv", "/usr/local": "/var/usrlocal",
          "/mnt": "/var/mnt"}
FACTORY = "/usr/share/factory"
# Links that enable a unit: the plan names the unit, and `systemctl is-enabled` proves it
WANTS = re.compile(r"/etc/systemd/system/[^/]+\.(wants|requires)/")
_LABEL = "security.selinux"  # of each system's own policy
_NAMES = ("import json, pwd, grp; print(json.dumps([{u.pw_uid: u.pw_name for u in pwd.getpwall()},"
          "{g.gr_gid: g.gr_name for g in grp.getgrall()}]))")
_MOUNTS = ("import json; print(json.dumps(sorted({line.split()[1] for line in "
           "open('/proc/self/mounts') if line.split()[1].startswith('/var')})))")


@dataclass(frozen=True)
class Census:
    """The facts of one system, owners by name."""

    facts: Facts

    @classmethod
    def of(cls, scene: Scene, found: Facts) -> "Census":
        """Of what `scene.fingerprint` found in the system that runs."""
        users, groups = scene.python(_NAMES)
        return cls({path: [mode, users.get(str(uid), uid), groups.get(str(gid), gid), *rest,
                           {name: value for name, value in xattrs.items() if name != _LABEL}]
                    for path, (mode, uid, gid, *rest, xattrs) in found.items()})

    @classmethod
    def of_new(cls, scene: Scene) -> "Census":
        """Of /etc and every file system below /var."""
        return cls.of(scene, scene.fingerprint("/etc", *scene.python(_MOUNTS)))

    def own(self) -> Facts:
        """What of it is NG's own state."""
        return {path: fact for path, fact in self.facts.items() if _place(path)
                and not (path.startswith("/etc/") and self.facts.get(FACTORY + path) == fact)}


def _place(path: str) -> str:
    return next((p for p in PLACES if path == p or path.startswith(p + "/")), "")


def _there(path: str) -> str:
    place = _place(path)
    return PLACES[place] + path[len(place):]


def lost(ng: Census, new: Census, items: Sequence[Dict[str, Any]]) -> List[str]:
    """The paths of NG's own state that are not on the new system and are in no item.

    An item that says that something is carried is no excuse, but for an owner or mode of its own.
    """
    told: Dict[str, Dict[str, Any]] = {}
    for item in items:
        told.update(dict.fromkeys({item["path"], item["source"]} - {""}, item))
    return [path for path, fact in sorted(ng.own().items()) if not WANTS.match(path)
            and not _excused(path, fact, new.facts.get(_there(path)), told)]


def _excused(path: str, fact: List[Any], there: Optional[List[Any]],
             told: Dict[str, Dict[str, Any]]) -> bool:
    item = told.get(path) or told.get(_there(path))
    if item is not None and item["outcome"] == "carried":
        mode = stat.S_IFMT(fact[0]) | (stat.S_IMODE(fact[0]) if item["kind"] == "symlink"
                                       else int(item["mode"], 8))
        return there == [mode, item["owner"], item["group"], *fact[3:]]
    return there == fact or any(way in told and told[way]["reason"] for way in _ways(path))


def _ways(path: str) -> List[str]:
    """The path here and there, and the directories above it that may be items."""
    found = [_there(path)]
    while path.count("/") > 1:
        found.append(path)
        path = path.rpartition("/")[0]
    return found
