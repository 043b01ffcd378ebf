"""Is there room: in the pool, in its metadata, on /boot?"""

from dataclasses import replace
from typing import List, Tuple

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import Prediction
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.predict import LATER_BOOT_BYTES, METADATA_MAX, MIB

BOOT_FULL = "N2C_BOOT_FULL"
MIN_BOOT_INODES = 64  # files and directories of one deployment on /boot, with room for a second


def space_findings(facts: HostFacts, target: TargetFacts,
                   need: Prediction) -> Tuple[Finding, ...]:
    """What stands against the run for want of space."""
    found = list(room_findings(facts, need))
    later = 2 * (target.kernel_bytes + target.initramfs.bytes) + LATER_BOOT_BYTES
    if later > need.boot_free_bytes and not any(f.id == BOOT_FULL for f in found):
        found.append(finding("N2C_BOOT_TIGHT", ["mount:/boot"], need=_mib(later),
                             free=_mib(need.boot_free_bytes)))
    return tuple(found)


def room_findings(facts: HostFacts, need: Prediction) -> Tuple[Finding, ...]:
    """What stands against making what `need` says, by the free space that `need` says too."""
    found: List[Finding] = []
    pool, name = facts.layout.pool, f"{facts.layout.vg}/{facts.layout.pool.name}"
    left = need.pool_free_bytes - need.pool_most_bytes
    if left < need.pool_reserve_bytes:
        found.append(finding(
            "N2C_POOL_FULL", [f"lv:{name}"], need=_mib(need.pool_most_bytes),
            free=_mib(need.pool_free_bytes), reserve=_mib(need.pool_reserve_bytes)))
    full = pool.metadata_used_bytes + need.metadata_most_bytes
    if full > METADATA_MAX * pool.metadata_bytes:
        found.append(finding("N2C_POOL_METADATA_FULL", [f"lv:{name}"],
                             need=_kib(need.metadata_most_bytes),
                             used=_kib(pool.metadata_used_bytes),
                             size=_kib(pool.metadata_bytes)))
    counted = facts.boot.boot_fstype != "xfs" and facts.boot.boot_free_inodes > 0
    if need.boot_most_bytes > need.boot_free_bytes or (
            counted and facts.boot.boot_free_inodes < MIN_BOOT_INODES):
        found.append(finding(
            BOOT_FULL, ["mount:/boot"], need=_mib(need.boot_most_bytes),
            free=_mib(need.boot_free_bytes), inodes=facts.boot.boot_free_inodes))
    return tuple(found)


def measured(facts: HostFacts, need: Prediction) -> Prediction:
    """`need` with the free space of now."""
    pool = facts.layout.pool
    return replace(need, pool_free_bytes=pool.size_bytes - pool.used_bytes,
                   boot_free_bytes=facts.boot.boot_free_bytes)


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / MIB:.0f} MiB"


def _kib(size_bytes: int) -> str:
    return f"{size_bytes / 1024:.0f} KiB"
