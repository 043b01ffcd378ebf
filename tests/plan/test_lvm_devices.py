"""The LVM devices file: every local disk, no storage domain's."""

import base64
from dataclasses import replace

from ng2coreos.model.facts import PhysicalVolume
from ng2coreos.plan.lvm_devices import decide_lvm_devices
from tests.plan import build


def test_local_disks_are_named_by_their_pvid_and_storage_domains_are_not() -> None:
    facts = build.host()
    pvs = (PhysicalVolume("/dev/sdb", "SDSDSD-aaaa-bbbb-cccc-dddd-eeee-ffffff",
                          "6d1c1c0e-2f0b-4b1b-9a57-0f7e7c3a9d11", 1),
           PhysicalVolume("/dev/sda3", "Fl21KX-V4sb-Uxg3-dAjd-Nh8j-0qFN-AV5KtL", "onn", 1),
           PhysicalVolume("/dev/sdc", "BrickB-V4sb-Uxg3-dAjd-Nh8j-0qFN-AV5KtL", "gluster_vg", 1),
           PhysicalVolume("[unknown]", "Gone00-V4sb-Uxg3-dAjd-Nh8j-0qFN-AV5KtL", "gluster_vg", 1),
           PhysicalVolume("/dev/sdd", "UnusedB-4sb-Uxg3-dAjd-Nh8j-0qFN-AV5KtL", "", 1))
    facts = replace(facts, layout=replace(facts.layout, pvs=pvs))
    text = base64.b64decode(decide_lvm_devices(facts).content).decode()
    assert [line for line in text.splitlines() if line.startswith("IDTYPE")] == [
        "IDTYPE=devname IDNAME=/dev/sda3 DEVNAME=/dev/sda3 PVID=Fl21KXV4sbUxg3dAjdNh8j0qFNAV5KtL",
        "IDTYPE=devname IDNAME=/dev/sdc DEVNAME=/dev/sdc PVID=BrickBV4sbUxg3dAjdNh8j0qFNAV5KtL"]
