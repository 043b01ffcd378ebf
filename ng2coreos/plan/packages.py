"""The last word about each added package: a plug-in's judgement, the image's means, the answers.

Pure.  By default a distributor's package is laid over the image and another vendor's is not: the
first is found by its name in a repository of the new system's family, the second was built for
NG's release and no repository there has it.  That is safe as a default because nothing of it
happens before the confirmation, it never replaces what is in the image, and it takes effect at a
restart that somebody else asks for, with the deployment before it to fall back to.
"""

from dataclasses import replace
from typing import Sequence, Tuple

from ng2coreos.model.finding import Finding
from ng2coreos.model.packages import AddedPackage, Fate
from ng2coreos.model.plan import Policy
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

_DAEMON = "rpm-ostreed.service"
_REPOSITORIES = "/etc/yum.repos.d/"
_IDS = {Fate.LAYER: "N2C_PACKAGES_LAYER", Fate.LEFT: "N2C_PACKAGES_LEFT",
        Fate.VENDOR: "N2C_PACKAGES_VENDOR", Fate.BLOCKED: "N2C_PACKAGES_BLOCKED",
        Fate.IN_IMAGE: "N2C_PACKAGES_IN_IMAGE", Fate.DROPPED: "N2C_PACKAGES_DROPPED"}


def decide_packages(judged: Sequence[AddedPackage], policy: Policy, carried: Sequence[str],
                    target: TargetFacts) -> Tuple[Tuple[AddedPackage, ...], Tuple[Finding, ...]]:
    """Each package with its fate, a finding for each fate. `carried`: the new system's paths."""
    unable = _unable(carried, target)
    decided = tuple(_decide(package, policy, unable) for package in judged)
    found = []
    for fate, id in _IDS.items():
        rows = [package for package in decided if package.fate is fate]
        if rows:
            found.append(finding(
                id, [f"package:{p.name}" for p in rows],
                [f"{p.nevra} of {p.vendor or 'no vendor'}: {p.reason}" for p in rows],
                count=len(rows), names=" ".join(p.name for p in rows)))
    return decided, tuple(found)


def _decide(package: AddedPackage, policy: Policy, unable: str) -> AddedPackage:
    answer = policy.packages.get(package.name, "")
    if package.fate not in (Fate.LAYER, Fate.VENDOR):
        refused = " The answer `layer` cannot be followed." if (
            answer == "layer" and package.fate is Fate.BLOCKED) else ""
        return replace(package, reason=package.reason + refused)
    if not answer:
        answer = policy.added_packages if package.fate is Fate.LAYER else "drop"
        if package.fate is Fate.VENDOR:
            return package
    if answer == "drop":
        return replace(package, fate=Fate.LEFT, reason="Left behind by your answer.")
    if unable:
        return replace(package, fate=Fate.LEFT, reason=unable)
    by = " by your answer" if package.name in policy.packages else ""
    return replace(package, fate=Fate.LAYER, reason=f"{package.reason} It is layered{by}.")


def _unable(carried: Sequence[str], target: TargetFacts) -> str:
    """Why nothing can be layered on this image; empty where it can."""
    if _DAEMON not in target.units:
        return "The image has no rpm-ostree."
    if not any(path.startswith(_REPOSITORIES) and path.endswith(".repo")
               for path in (*target.etc, *carried)):
        return "The image has no repository, and none is carried."
    return ""
