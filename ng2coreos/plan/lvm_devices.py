"""The new system's LVM devices file: computed from the disks that NG sees, never carried.

A CoreOS image comes with an empty one, and LVM then sees no disk at all but those that the
initramfs was told to activate.  The file names every PV of local VGs.  Storage domains (their VGs
are named by a UUID) are left out: vdsm gives LVM its own list, and a host must not activate them.
"""

import base64
import hashlib
import re
from typing import List

from ng2coreos.model.facts import HostFacts, PhysicalVolume
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.places import LVM_DEVICES

_RULE = "plan:lvm-devices"
_DOMAIN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEADER = "# Written by ng2coreos: the disks of NG's local volume groups.\nVERSION=1.1.1\n"


def decide_lvm_devices(facts: HostFacts) -> Item:
    """The file. LVM finds a disk whose name changed by its PVID and corrects the entry itself.

    That correction is why the file's content is not proved on the new system; the pv-set check
    proves what it is for.
    """
    mine = local_pvs(facts)
    lines = [f"IDTYPE=devname IDNAME={pv.device} DEVNAME={pv.device} "
             f"PVID={pv.uuid.replace('-', '')}" for pv in sorted(mine, key=lambda pv: pv.device)]
    data = (_HEADER + "".join(f"{line}\n" for line in lines)).encode()
    return Item(
        LVM_DEVICES, "file", Outcome.REGENERATED, "LVM must see the disks of the local VGs, and no "
        "storage domain.", _RULE, mode=0o600, sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data), content=base64.b64encode(data).decode(), verify=False)


def local_pvs(facts: HostFacts) -> List[PhysicalVolume]:
    """Every PV of a local VG: NG's, Gluster's bricks', the admin's; not one that is missing."""
    return [pv for pv in facts.layout.pvs
            if pv.vg and pv.device.startswith("/") and not _DOMAIN.fullmatch(pv.vg)]
