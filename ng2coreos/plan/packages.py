"""The last word about each added package: a plug-in's judgement, the image's means, the answers.

Pure.  By default a distributor's package is laid over the image and another vendor's is not: the
first is found by its name in a repository of the new system's family, the second was built for
NG's release and no repository there has it.  That is safe as a default because nothing of it
happens before the confirmation, it never replaces what is in the image, and it takes effect at a
restart that somebody else asks for, with the deployment before it to fall back to.

Only what no other layered package brings is asked for: a library's package may have another name in
the new release, and one that was asked for by name stays when nothing needs it any more.
"""

from dataclasses import replace
from typing import AbstractSet, Dict, Mapping, Sequence, Set, Tuple

from ng2coreos.model.finding import Finding
from ng2coreos.model.packages import AddedPackage, Fate
from ng2coreos.model.plan import Policy
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.repositories import Repositories

_DAEMON = "rpm-ostreed.service"
_IDS = {Fate.LAYER: "N2C_PACKAGES_LAYER", Fate.ALONG: "N2C_PACKAGES_ALONG",
        Fate.LEFT: "N2C_PACKAGES_LEFT", Fate.VENDOR: "N2C_PACKAGES_VENDOR",
        Fate.BLOCKED: "N2C_PACKAGES_BLOCKED", Fate.IN_IMAGE: "N2C_PACKAGES_IN_IMAGE",
        Fate.DROPPED: "N2C_PACKAGES_DROPPED"}


def decide_packages(judged: Sequence[AddedPackage], policy: Policy, target: TargetFacts,
                    needs: Mapping[str, Sequence[str]], there: Repositories,
                    ) -> Tuple[Tuple[AddedPackage, ...], Tuple[Finding, ...]]:
    """Each package with its fate, a finding for each fate.

    `needs`: which of the packages brings which along; `there`: the new system's repositories.
    """
    unable = there.unable if _DAEMON in target.units else "The image has no rpm-ostree."
    decided = _with_along([_decide(package, policy, unable, there) for package in judged], policy,
                          needs)
    found = []
    for fate, id in _IDS.items():
        rows = [package for package in decided if package.fate is fate]
        if rows:
            found.append(finding(
                id, [f"package:{p.name}" for p in rows],
                [f"{p.nevra} of {p.vendor or 'no vendor'}: {p.reason}" for p in rows],
                count=len(rows), names=" ".join(p.name for p in rows)))
    return decided, tuple(found)


def _decide(package: AddedPackage, policy: Policy, unable: str,
            there: Repositories) -> AddedPackage:
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
    doubt = there.doubt(package.repository)
    if doubt and package.fate is Fate.VENDOR and package.repository in there.disabled:
        return replace(package, fate=Fate.LEFT, reason=f"No other repository has it.{doubt}")
    by = " by your answer" if package.name in policy.packages else ""
    return replace(package, fate=Fate.LAYER, reason=(
        f"{package.reason} It is layered{by}.{doubt}{there.trouble}"))


def _with_along(decided: Sequence[AddedPackage], policy: Policy,
                needs: Mapping[str, Sequence[str]]) -> Tuple[AddedPackage, ...]:
    """What a layered package brings is not asked for, unless the answers name it."""
    layered = {p.name for p in decided if p.fate is Fate.LAYER}
    asked = {name for name in layered if policy.packages.get(name) == "layer"}
    by = _brought(layered, {p.name for p in decided if p.fate is Fate.LEFT}, asked, needs)
    return tuple(
        package if package.name not in by else replace(
            package, fate=Fate.ALONG, reason=f"It comes as a dependency of {by[package.name]}"
            + ("." if package.fate is Fate.LAYER else ", whatever the answers say."))
        for package in decided)


def _brought(layered: AbstractSet[str], left: AbstractSet[str], asked: AbstractSet[str],
             needs: Mapping[str, Sequence[str]]) -> Dict[str, str]:
    """Each that comes along, with one that is asked for and brings it.

    Of packages that need each other in a ring, one is asked for: the answers' choice, or the first.
    """
    reach = {name: _reach(name, needs) for name in layered}

    def outranks(one: str, other: str) -> bool:
        return other in reach[one] and (one not in reach[other] or (
            (one not in asked, one) < (other not in asked, other)))

    kept = {name for name in layered
            if name in asked or not any(outranks(other, name) for other in layered)}
    return {name: min(bringing, key=lambda other: (name not in needs.get(other, ()), other))
            for name in sorted((layered | left) - kept)
            for bringing in [[other for other in kept if name in reach[other]]] if bringing}


def _reach(name: str, needs: Mapping[str, Sequence[str]]) -> Set[str]:
    """Everything that `name` needs, and what that needs, itself left out unless in a ring."""
    found: Set[str] = set()
    ahead = list(needs.get(name, ()))
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead += needs.get(one, ())
    return found
