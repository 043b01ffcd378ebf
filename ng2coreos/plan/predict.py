"""How much a run will need: bytes in the pool, its metadata and /boot, inodes, and time.

docs/predictions.md tells the method and what was measured.  What is expected is the sum of what
each step takes.  A margin beside it says how far an estimate in it may be off; the run is refused
where there is no room for both and for the reserve.
"""

from typing import List, Optional, Sequence, Tuple

from ng2coreos.model.facts import HostFacts, ThinPool
from ng2coreos.model.filesystem import BLOCK, empty_bytes
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Identities, Pace, Policy, Prediction, StepNeed, Volume
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.boot_space import boot_bytes, boot_inodes, boot_margin_bytes
from ng2coreos.plan.durations import timed
from ng2coreos.plan.restart import downtime_s, restart
from ng2coreos.plan.root_space import checkout_bytes, content_bytes, root_inodes
from ng2coreos.plan.snapshot_space import Taken, snapshot

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

MARGIN = 0.05  # of what is reckoned by the sizes of everything: for what file systems do otherwise
UNMEASURED_TREE_BYTES = 256 * MIB  # /root, /opt, /usr/local and /srv where inventory has no size
STATE_CHUNKS = 10  # of NG's /var: its journal, directories, and what else is written meanwhile
# Mappings in a leaf of the pool's B-tree: in a new one on the average, and before it is split
PER_LEAF, LEAF_FULL = 140, 252
PATH_BLOCKS = 3  # of metadata for each new thin volume: its details, and the way to its leaves
METADATA_BLOCK = 4096
METADATA_MAX = 0.8  # host-state.md 2, row 18: beyond that a pool is in danger
RESERVE_PART, RESERVE_BYTES = 0.10, GIB  # of the pool, whichever is more: both systems live in it
LATER_BOOT_BYTES = 64 * MIB  # coreos-target.md 8.1, row 3


def rounded_up(value: int, unit: int) -> int:
    """`value`, or the next multiple of `unit`."""
    return -(-value // unit) * unit if unit else value


def predict(facts: HostFacts, target: TargetFacts, policy: Policy, volumes: Sequence[Volume],
            items: Sequence[Item], identities: Identities,
            pace: Optional[Pace] = None) -> Prediction:
    """The prediction for a run that makes `volumes` and carries `items`."""
    pool = facts.layout.pool
    chunk = max(pool.chunk_bytes, BLOCK)
    roots = [v for v in volumes if not v.origin]
    inner = sum(not root.thick for root in roots)  # a thick volume takes nothing of the pool
    moved = bool(target.selinux) or any(c.source_id != c.target_id for c in (
        *identities.users, *identities.groups))  # each inode gets another label or owner
    taken = {v.name: snapshot(facts, v, chunk, moved) for v in volumes if v.origin}
    trees = sum(t.bytes + t.inodes * BLOCK // 2 + 2 * chunk for t in facts.trees)
    boot = boot_bytes(target, items)
    kernel = target.kernel_bytes + target.initramfs.bytes
    steps: List[StepNeed] = [
        StepNeed("make-root", "", sum(empty_bytes(r.fstype, r.size_bytes, chunk)
                                      for r in roots if not r.thick)),
        StepNeed("pull-commit", "", inner * content_bytes(target, _fstype(roots))),
        StepNeed("deploy", "", inner * checkout_bytes(target, _fstype(roots)), kernel),
        StepNeed("export-state", "", STATE_CHUNKS * chunk + 2 * _carried(items)),
        StepNeed("write-ignition")]
    steps += [StepNeed("snapshot-volumes", v.name,
                       taken[v.name].bytes + (trees if v.source_mount == "/var" else 0))
              for v in volumes if v.origin]
    steps += [StepNeed("label-root")] * bool(target.selinux)
    steps += [StepNeed("write-boot", "", 0, boot - kernel), StepNeed("arm")]
    steps = [StepNeed(s.step, s.volume, rounded_up(s.pool_bytes, chunk), s.boot_bytes)
             for s in steps]
    data = sum(s.pool_bytes for s in steps)
    margin = int(MARGIN * data) + sum(t.margin_bytes for t in taken.values()) + (
        sum(t.inodes for t in facts.trees) * BLOCK // 2 if facts.trees else UNMEASURED_TREE_BYTES)
    steps = timed(steps, facts, target, volumes, pace)
    parts = restart(facts.boot_times)
    metadata, most = _metadata(data, data + margin, chunk, list(taken.values()))
    return Prediction(
        pool_bytes=data, pool_free_bytes=pool.size_bytes - pool.used_bytes,
        pool_reserve_bytes=reserve_bytes(pool), metadata_bytes=metadata, boot_bytes=boot,
        boot_free_bytes=facts.boot.boot_free_bytes, seconds=sum(s.seconds for s in steps),
        downtime_s=downtime_s(policy, parts), reboots=policy.trial_boots,
        pool_margin_bytes=rounded_up(margin, chunk), metadata_margin_bytes=most - metadata,
        boot_margin_bytes=boot_margin_bytes(items), boot_inodes=boot_inodes(target),
        root_inodes=root_inodes(target), steps=tuple(steps), pace=pace, restart=parts)


def reserve_bytes(pool: ThinPool) -> int:
    """What must stay free: room for both systems' writes, and all beyond the pool's threshold.

    Beyond the threshold LVM makes no snapshots, and would extend the pool by itself.
    """
    beyond = pool.size_bytes * (100 - pool.autoextend_percent) // 100
    return max(int(pool.size_bytes * RESERVE_PART), RESERVE_BYTES, beyond)


def _metadata(data: int, most: int, chunk: int, taken: Sequence[Taken]) -> Tuple[int, int]:
    """Expected, and at worst: every leaf of a snapshot copied, every new one a quarter full."""
    new = 1 + len(taken)
    shared = sum(min(t.leaves(LEAF_FULL), t.bytes // chunk) for t in taken)
    expected = data // chunk // PER_LEAF + PATH_BLOCKS * new + shared // 4
    worst = 64 + most // chunk // (LEAF_FULL // 4) + 2 * PATH_BLOCKS * new + sum(
        t.leaves(LEAF_FULL // 2) for t in taken)
    return expected * METADATA_BLOCK, max(expected, worst) * METADATA_BLOCK


def _carried(items: Sequence[Item]) -> int:
    """Contents that lie in the bundle, and again in the config that is made of it."""
    return sum(item.size_bytes or len(item.content) for item in items
               if item.kind == "file" and item.outcome is not Outcome.DROPPED)


def _fstype(roots: Sequence[Volume]) -> str:
    return roots[0].fstype if roots else "ext4"
