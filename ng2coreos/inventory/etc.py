"""What of /etc is not as the image made it: compared with the image's own copy, by content.

imgbased compares by size and time and skips names such as ``tags`` (ng-host 8, item 39), so it
cannot be asked.  Owners are the same if their numbers or their names agree: an update re-owns the
image to the host's numbers (ng-host 4.6), but a factory that it did not touch has the image's.
"""

import posixpath
from typing import Dict, List, Optional, Set, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.inventory import identities
from ng2coreos.inventory.files import look
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import Difference, EtcChange, FileFact

ETC = "/etc"
FACTORY = "/usr/share/factory/etc"
Owners = Tuple[Dict[int, str], Dict[int, str]]


def read(host: Host) -> Tuple[EtcChange, ...]:
    """Every path of /etc that was added, changed or deleted, sorted by path."""
    return compare(host)[0]


def compare(host: Host) -> Tuple[Tuple[EtcChange, ...], Dict[str, FileFact]]:
    """As `read`, and the directories above these paths that are as the image has them."""
    ours, factory = _paths(host, ETC), _paths(host, FACTORY)
    if not factory:
        raise BadInput(f"The image's pristine /etc ({FACTORY}) is missing or empty.",
                       hint="An NG layer has it; without it nobody can tell what was changed.")
    here, there = _owners(host, ETC), _owners(host, FACTORY)
    changes: List[EtcChange] = []
    directories: Dict[str, FileFact] = {}
    for name in sorted(ours | factory):
        fact = look(host, ETC + name) if name in ours else None
        pristine = look(host, FACTORY + name) if name in factory else None
        difference = _difference(fact, pristine, here, there)
        if difference is not None:
            changes.append(EtcChange(ETC + name, difference, fact, pristine))
        elif fact is not None and fact.kind == "directory":
            directories[ETC + name] = fact
    return tuple(changes), _above(changes, directories)


def _above(changes: List[EtcChange], directories: Dict[str, FileFact]) -> Dict[str, FileFact]:
    found: Dict[str, FileFact] = {}
    for change in changes:
        parent = posixpath.dirname(change.path)
        while parent not in found and len(parent) > len(ETC):
            if parent in directories:
                found[parent] = directories[parent]
            parent = posixpath.dirname(parent)
    return dict(sorted(found.items()))


def state(host: Host, path: str) -> str:
    """How one path of /etc stands: added, changed, deleted, unchanged or missing.

    Empty where the image's pristine /etc is not there, so that nobody can tell.
    """
    if host.lstat(FACTORY) is None:
        return ""
    fact, pristine = look(host, path), look(host, FACTORY + path[len(ETC):])
    if fact is None and pristine is None:
        return "missing"
    difference = _difference(fact, pristine, _owners(host, ETC), _owners(host, FACTORY))
    return difference.value if difference is not None else "unchanged"


def _paths(host: Host, top: str) -> Set[str]:
    with readable(top):
        return {path[len(top):] for path in host.walk(top)}


def _owners(host: Host, top: str) -> Owners:
    return ({user.uid: user.name for user in identities.users(host, f"{top}/passwd")},
            {group.gid: group.name for group in identities.groups(host, f"{top}/group")})


def _difference(fact: Optional[FileFact], pristine: Optional[FileFact], here: Owners,
                there: Owners) -> Optional[Difference]:
    if fact is None:
        return Difference.DELETED if pristine is not None else None  # gone while we looked
    if pristine is None:
        return Difference.ADDED
    same = (fact.kind, fact.mode, fact.sha256, fact.link) == (
        pristine.kind, pristine.mode, pristine.sha256, pristine.link)
    same = same and _same_owner(fact.uid, pristine.uid, here[0], there[0])
    same = same and _same_owner(fact.gid, pristine.gid, here[1], there[1])
    return None if same else Difference.CHANGED


def _same_owner(ours: int, theirs: int, here: Dict[int, str], there: Dict[int, str]) -> bool:
    return ours == theirs or (ours in here and here[ours] == there.get(theirs))
