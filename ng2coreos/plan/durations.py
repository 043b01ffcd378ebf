"""How long each step takes: counts of its work, at the pace that this host showed while planning.

All of it is an estimate.  The factors are what the steps took in the rig's VM, in units of the work
that planning itself does: reading and hashing the image's kernel, looking at its objects, asking
LVM, reading all that is known of the host.  docs/predictions.md has the figures.
"""

from dataclasses import replace
from typing import Dict, List, Optional, Sequence

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.plan import Pace, StepNeed, Volume
from ng2coreos.model.target import Stored, TargetFacts

# Where planning measured nothing: what a host with one spindle does
SLOW = Pace(read_bytes_per_s=40 << 20, objects_per_s=1500.0, lvm_s=0.2, inventory_s=5.0)
# In units of reading and hashing a byte, of reading an object, of one `vgs`
_PULL_BYTE, _PULL_OBJECT = 3.0, 8.0
_DEPLOY_BYTE, _DEPLOY_INODE = 5.0, 1.0
_MAKE_ROOT_LVM, _SNAPSHOT_LVM, _STEP_LVM = 5.0, 13.0, 2.0
_OWNER, _LABEL, _COPY_BYTE, _COPY_INODE, _EXPORT_ITEM = 0.3, 0.5, 3.0, 3.0, 3.0
_LABELLED = 1.4  # more than its owner takes, as the pass took over 200,000 inodes by a real policy
_WRITE_BOOT_BYTE = 1.5  # kernel and initramfs are read back and compared


def timed(steps: Sequence[StepNeed], facts: HostFacts, target: TargetFacts,
          volumes: Sequence[Volume], pace: Optional[Pace]) -> List[StepNeed]:
    """The same steps with their seconds."""
    pace = pace or SLOW
    byte, item = 1 / pace.read_bytes_per_s, 1 / pace.objects_per_s
    stored = target.stored or Stored(target.files, target.bytes, target.files // 8, 0,
                                     target.files // 8, 0)
    boot = target.kernel_bytes + target.initramfs.bytes
    mounts = {m.target: m for m in facts.layout.mounts}
    each = _OWNER + (_LABELLED if target.selinux else 0.0)
    trees = sum(t.bytes * _COPY_BYTE * byte + t.inodes * _COPY_INODE * item for t in facts.trees)
    flat: Dict[str, float] = {
        "make-root": _MAKE_ROOT_LVM * pace.lvm_s,
        "pull-commit": (target.bytes * _PULL_BYTE * byte
                        + (stored.objects + stored.metadata) * _PULL_OBJECT * item),
        "deploy": (boot * _DEPLOY_BYTE * byte
                   + (target.files + stored.directories) * _DEPLOY_INODE * item),
        "label-root": 2 * (len(target.etc) + stored.directories) * _LABEL * item,
        "export-state": len(facts.etc) * _EXPORT_ITEM * item + _STEP_LVM * pace.lvm_s,
        "write-ignition": _STEP_LVM * pace.lvm_s,
        "write-boot": boot * _WRITE_BOOT_BYTE * byte + _STEP_LVM * pace.lvm_s,
        "arm": pace.inventory_s + _STEP_LVM * pace.lvm_s}
    made = []
    for step in steps:
        seconds = flat.get(step.step, 0.0)
        volume = next((v for v in volumes if v.name == step.volume), None)
        if volume is not None:
            mount = mounts.get(volume.source_mount)
            seconds = _SNAPSHOT_LVM * pace.lvm_s + (
                mount.inodes_used * each * item if mount else 0.0)
            if volume.source_mount == "/var":
                seconds += trees
        made.append(replace(step, seconds=round(seconds, 1)))
    return made
