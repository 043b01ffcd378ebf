"""Does the target image fit: signed, of this architecture, able to boot from a thin volume?"""

import re
from collections import Counter
from datetime import datetime, timezone
from typing import List, Tuple

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.places import PYTHON, REMOTE
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

ARCHITECTURES = ("aarch64", "ppc64le", "s390x", "x86_64")
VARIANT = "ovirt-node"
_BUILT = re.compile(r"-0\.(20[0-9]{6})\.")  # the day in ovirt-node-ng-4.5.5-0.20231130.0
_LAST = 253402300799  # the end of the year 9999


def image_findings(facts: HostFacts, target: TargetFacts) -> Tuple[Finding, ...]:
    """What stands against this image on this host."""
    found: List[Finding] = []
    if facts.variant_id != VARIANT or facts.layout.layer is None:
        found.append(finding("N2C_HOST_NOT_NG", product=facts.product))
    found += _signature(target)
    arch = architecture(target)
    if arch and arch != facts.arch:
        found.append(finding("N2C_TARGET_ARCH", image=arch, host=facts.arch))
    found += _age(facts, target)
    if target.source.kind != "url":
        found.append(finding("N2C_TARGET_REMOTE", [f"remote:{REMOTE}"],
                             location=target.source.location, remote=REMOTE))
    if not target.kernel_version or not target.kernel_bytes:
        found.append(finding("N2C_TARGET_KERNEL"))
    if not target.python:
        found.append(finding("N2C_TARGET_PYTHON", [f"file:{PYTHON}"], path=PYTHON))
    lacking = [name for has, name in (
        (target.initramfs.has_lvm, "lvm"), (target.initramfs.has_thin_tools, "the thin tools"),
        (target.initramfs.has_ostree, "ostree-prepare-root"),
        (target.initramfs.has_ignition and bool(target.ignition_version), "Ignition")) if not has]
    if lacking:
        found.append(finding("N2C_TARGET_INITRAMFS", evidence=lacking, lacking=", ".join(lacking)))
    if target.initramfs.devices_file:
        found.append(finding("N2C_TARGET_DEVICES_FILE"))
    if target.ostree_composefs:
        found.append(finding("N2C_TARGET_COMPOSEFS"))
    return tuple(found)


def architecture(target: TargetFacts) -> str:
    """The image's architecture by its packages, else by its ref; empty where neither says."""
    seen = Counter(p.arch for p in target.packages if p.arch in ARCHITECTURES)
    if seen:
        return seen.most_common(1)[0][0]
    return next((part for part in target.ref.split("/") if part in ARCHITECTURES), "")


def _age(facts: HostFacts, target: TargetFacts) -> List[Finding]:
    """An old commit is signed as well as a new one; a commit without a time tells nothing."""
    layer = facts.layout.layer
    built = _BUILT.search(layer.nvr) if layer is not None else None
    made = datetime.fromtimestamp(max(0, min(target.timestamp, _LAST)), timezone.utc)
    if built is None or target.timestamp <= 0 or made.strftime("%Y%m%d") >= built.group(1):
        return []
    return [finding("N2C_TARGET_OLDER", [f"commit:{target.commit}"],
                    image=made.strftime("%Y-%m-%d"),
                    host="-".join((built.group(1)[:4], built.group(1)[4:6], built.group(1)[6:])))]


def _signature(target: TargetFacts) -> List[Finding]:
    if target.signature.verified:
        return []
    problem = target.signature.problem or "It has no signature."
    if target.source.insecure:
        return [finding("N2C_TARGET_UNSIGNED_ACCEPTED", [f"commit:{target.commit}"], [problem])]
    return [finding("N2C_TARGET_UNSIGNED", [f"commit:{target.commit}"], [problem])]
