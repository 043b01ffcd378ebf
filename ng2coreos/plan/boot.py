"""The boot hand-over: which entry is NG's, what the first boot leaves out, what GRUB must do."""

import re
from typing import Dict, List, Optional, Tuple

from ng2coreos.model.facts import BlsEntry, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import BootPlan
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

STATEROOT = "ovirt-node"
GRUBENV_BYTES = 1024  # GRUB writes exactly this much, in place
BOOT_FILE_SYSTEMS = ("ext2", "ext3", "ext4", "xfs")  # on which next_entry was seen to work
OUR_ENTRIES = ("ng2coreos", "ng2coreos-firstboot", "ng2coreos-rollback")
# First-boot units that need file systems labelled boot or root, or root on a partition, and that
# fail the boot without (coreos-target.md 2.7, rows 2 to 8)
LEFT_OUT = frozenset((
    "coreos-ignition-setup-user", "coreos-copy-firstboot-network", "coreos-gpt-setup",
    "coreos-unique-boot", "coreos-ignition-unique-boot", "ignition-ostree-uuid-boot",
    "ignition-ostree-uuid-root", "coreos-boot-edit", "ignition-ostree-growfs"))
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def decide_boot(facts: HostFacts, target: TargetFacts) -> Tuple[BootPlan, Tuple[Finding, ...]]:
    """The plan of the hand-over, and what stands against it."""
    boot = facts.boot
    entry = next((e for e in boot.entries if e.id == boot.running_entry), None)
    saved = boot.grub_variables.get("saved_entry", "") or boot.running_entry
    # ours, left by a move whose files are gone: going back to it would be no way back
    default = boot.running_entry if saved in OUR_ENTRIES else saved
    plan = BootPlan(
        stateroot=STATEROOT, boot_uuid=boot.boot_uuid, boot_fstype=boot.boot_fstype,
        grub_cfg=boot.grub_cfg, grubenv=boot.grubenv, custom_cfg=boot.custom_cfg,
        blscfg=boot.blscfg, saved_entry=default, rollback_linux=entry.linux if entry else "",
        rollback_initrds=entry.initrds if entry else (),
        rollback_options=expanded(entry.options, boot.grub_variables) if entry else "",
        drop_units=tuple(u for u in target.initramfs.first_boot_units if _left_out(u)))
    return plan, (*_grub(facts), *_partition(facts), *_entries(facts, entry, saved))


def expanded(options: str, variables: Dict[str, str]) -> str:
    """Options with GRUB's variables filled in (``$tuned_params``); an unset one is nothing."""
    text = _VARIABLE.sub(lambda m: variables.get(m.group(1) or m.group(2), ""), options)
    return " ".join(text.split())


def _left_out(link: str) -> bool:
    unit = link.rpartition("/")[2]
    return unit.partition("@")[0].partition(".")[0] in LEFT_OUT


def _grub(facts: HostFacts) -> List[Finding]:
    boot = facts.boot
    wrong = []
    if boot.grubenv_size_bytes != GRUBENV_BYTES:
        wrong.append(f"{boot.grubenv} has {boot.grubenv_size_bytes} bytes, not {GRUBENV_BYTES}")
    for path in (boot.grubenv, boot.custom_cfg):
        # the new system changes them too, and mounts nothing but this partition for that
        if not path.startswith("/boot/") or path.startswith("/boot/efi/"):
            wrong.append(f"{path or 'a file that it needs'} is not on the /boot partition")
    if not boot.sources_custom_cfg:
        wrong.append(f"{boot.grub_cfg} does not source custom.cfg")
    if not boot.handles_next_entry:
        wrong.append(f"{boot.grub_cfg} does not handle next_entry")
    if not boot.blscfg:
        wrong.append("how this GRUB reads boot entries is not known")
    found = [finding("N2C_GRUB_UNUSABLE", [f"file:{boot.grub_cfg}"], wrong)] if wrong else []
    if boot.secure_boot:
        found.append(finding("N2C_BOOT_SECURE_BOOT"))
    return found


def _partition(facts: HostFacts) -> List[Finding]:
    boot = facts.boot
    found = []
    mount = facts.layout.mount("/boot")
    if (mount is not None and mount.volume) or boot.boot_source.startswith(
            (f"/dev/mapper/{facts.layout.vg.replace('-', '--')}-", f"/dev/{facts.layout.vg}/")):
        found.append(finding("N2C_BOOT_ON_LVM", [boot.boot_source], source=boot.boot_source))
    if boot.boot_fstype not in BOOT_FILE_SYSTEMS:
        found.append(finding("N2C_BOOT_FSTYPE", [boot.boot_source], fstype=boot.boot_fstype))
    return found


def _entries(facts: HostFacts, entry: Optional[BlsEntry], saved: str) -> List[Finding]:
    boot = facts.boot
    if entry is None:
        return [finding("N2C_BOOT_ENTRY_UNKNOWN")]
    found = []
    if saved not in (entry.id, entry.title) and saved not in OUR_ENTRIES:
        found.append(finding("N2C_BOOT_OTHER_DEFAULT", [f"entry:{saved}"], saved=saved,
                             running=entry.id))
    upcoming = boot.grub_variables.get("next_entry", "")
    if upcoming and upcoming not in OUR_ENTRIES:
        found.append(finding("N2C_BOOT_NEXT_ENTRY", [f"entry:{upcoming}"], entry=upcoming))
    return found
