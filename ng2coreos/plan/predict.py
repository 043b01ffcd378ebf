"""How much a run will need: bytes in the pool, its metadata and /boot, and time.

Each figure is an upper bound from sizes that were read; the run measures what it really took.
"""

from typing import Dict, Sequence

from ng2coreos.model.facts import HostFacts, ThinPool
from ng2coreos.model.item import Item
from ng2coreos.model.plan import Policy, Prediction, Volume
from ng2coreos.model.target import TargetFacts

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

BLOCK = 4096  # file system block of xfs and ext4
# xfs and ext4 write their log (64 to 128 MiB here) and allocation tables when they are made
MKFS_BYTES = 160 * MIB
REPO_FACTOR = 1.05  # dirtree and commit objects, and the copy of /usr/etc, beside the files
SNAPSHOT_BYTES = 32 * MIB  # a new UUID in every superblock copy, and a replayed log
INODES_PER_CHUNK = 64  # one xfs inode cluster; ext4 packs 256 into a chunk
UNMEASURED_TREE_BYTES = 256 * MIB  # /root, /opt, /usr/local and /srv where inventory has no size
MAPPING_BYTES = 64  # a thin mapping is 16 bytes, in B-tree leaves that are half full at worst
LEAF_BYTES, LEAF_MAPPINGS = 4096, 126  # a leaf that two snapshots shared is copied when changed
METADATA_FIXED_BYTES = 256 * KIB
METADATA_MAX = 0.8  # host-state.md 2, row 18: beyond that a pool is in danger
RESERVE_PART, RESERVE_BYTES = 0.10, GIB  # of the pool, whichever is more: both systems live in it
OVERLAY_FIXED_BYTES = 2 * MIB  # the zipapp and the manifest, in base64
BASE64 = 4 / 3
BOOT_FIXED_BYTES = 4 * MIB  # entries, state, journal copy and their directories
LATER_BOOT_BYTES = 64 * MIB  # coreos-target.md 8.1, row 3
# Deliberately slow: what a disk with one spindle does
PULL_BYTES_PER_S, DEPLOY_FILES_PER_S, INODES_PER_S = 40 * MIB, 1500, 5000
STAGE_FIXED_S, BOOT_S, SHUTDOWN_S = 25.0, 90.0, 30.0


def rounded_up(value: int, unit: int) -> int:
    """`value`, or the next multiple of `unit`."""
    return -(-value // unit) * unit if unit else value


def root_bytes(target: TargetFacts) -> int:
    """What one deployment takes on a new root: files in whole blocks, objects, the file system."""
    content = target.bytes + target.files * BLOCK // 2
    return int(content * REPO_FACTOR) + MKFS_BYTES


def predict(facts: HostFacts, target: TargetFacts, policy: Policy, volumes: Sequence[Volume],
            items: Sequence[Item]) -> Prediction:
    """The prediction for a run that makes `volumes` and carries `items`."""
    pool = facts.layout.pool
    used = {m.target: m for m in facts.layout.mounts}
    root = root_bytes(target)
    trees = _tree_bytes(facts)
    touched: Dict[str, int] = {
        v.name: SNAPSHOT_BYTES + _inode_bytes(used[v.source_mount].inodes_used, pool.chunk_bytes)
        for v in volumes if v.origin and v.source_mount in used}
    data = root + trees + sum(touched.values())
    metadata = METADATA_FIXED_BYTES + MAPPING_BYTES * (data // max(pool.chunk_bytes, 1))
    for volume in volumes:
        if volume.name in touched:
            leaves = used[volume.source_mount].used_bytes // max(pool.chunk_bytes, 1)
            metadata += LEAF_BYTES * (leaves // LEAF_MAPPINGS + 1)
    inodes = sum(used[v.source_mount].inodes_used for v in volumes if v.name in touched)
    reboots = policy.trial_boots
    return Prediction(
        pool_bytes=data, pool_free_bytes=pool.size_bytes - pool.used_bytes,
        pool_reserve_bytes=reserve_bytes(pool),
        metadata_bytes=metadata, boot_bytes=boot_bytes(target, items),
        boot_free_bytes=facts.boot.boot_free_bytes,
        seconds=(STAGE_FIXED_S + target.bytes / PULL_BYTES_PER_S
                 + target.files / DEPLOY_FILES_PER_S + inodes / INODES_PER_S),
        downtime_s=SHUTDOWN_S + BOOT_S + (reboots - 1) * (SHUTDOWN_S + BOOT_S), reboots=reboots)


def reserve_bytes(pool: ThinPool) -> int:
    """What must stay free: room for both systems' writes, and all beyond the pool's threshold.

    Beyond the threshold LVM makes no snapshots, and would extend the pool by itself.
    """
    beyond = pool.size_bytes * (100 - pool.autoextend_percent) // 100
    return max(int(pool.size_bytes * RESERVE_PART), RESERVE_BYTES, beyond)


def boot_bytes(target: TargetFacts, items: Sequence[Item]) -> int:
    """What the first deployment takes on the /boot partition, the first-boot overlay included."""
    carried = sum(item.size_bytes or len(item.content) for item in items if item.kind == "file")
    overlay = OVERLAY_FIXED_BYTES + int(carried * BASE64) + 1 * KIB * len(items)
    return target.kernel_bytes + target.initramfs.bytes + overlay + BOOT_FIXED_BYTES


def _tree_bytes(facts: HostFacts) -> int:
    if not facts.trees:
        return UNMEASURED_TREE_BYTES
    return sum(tree.bytes + tree.inodes * BLOCK for tree in facts.trees)


def _inode_bytes(inodes: int, chunk_bytes: int) -> int:
    """Chunks that are copied when each inode gets another owner or label."""
    return (inodes // INODES_PER_CHUNK + 1) * chunk_bytes
