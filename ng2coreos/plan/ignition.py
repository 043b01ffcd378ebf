"""What the target's Ignition can be told: nothing at all, or all but a few things."""

from typing import List, Sequence, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.model.finding import Finding
from ng2coreos.model.ignition import Release
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

_SPECIAL = 0o7000  # setuid, setgid, sticky: no spec that we write sets them
_FIRST_LINE = 0  # major release of those that read spec 2 and know no mounts below the root


def ignition_findings(target: TargetFacts, items: Sequence[Item]) -> Tuple[Finding, ...]:
    """Whether it reads a config of ours, and what of `items` it leaves to others."""
    if not target.ignition_version:
        return ()  # an image without it is refused by plan/image.py
    try:
        release = Release.parse(target.ignition_version)
    except BadInput:
        return (finding("N2C_TARGET_IGNITION", version=target.ignition_version),)
    if not release.writable:
        return (finding("N2C_TARGET_IGNITION", version=str(release)),)
    evidence: List[str] = []
    special = [item for item in items if item.kind in ("file", "directory")
               and item.outcome is not Outcome.DROPPED and item.mode & _SPECIAL]
    if special:
        evidence += [f"{item.path}: mode {item.mode:04o}" for item in special]
    if release.major == _FIRST_LINE:
        evidence.append("SELinux labels of what is written below /var")
        evidence.append("homes of new users: they come with their volume")
    if not evidence:
        return ()
    return (finding("N2C_IGNITION_LIMITS", [f"file:{item.path}" for item in special], evidence,
                    version=str(release)),)
