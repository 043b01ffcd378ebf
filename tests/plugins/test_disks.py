"""disks: what NG's disk is made of, and what the image's general initramfs must be told."""

from dataclasses import replace
from typing import Any, Dict, List

import pytest

from ng2coreos.model.facts import HostFacts, PhysicalVolume, Service
from ng2coreos.model.finding import Kind
from ng2coreos.model.plan import Decisions
from ng2coreos.plan.digest import digests
from plugins.disks import Disks
from tests.fakes import FakeHost
from tests.plan.build import ARGS, GIB, VG, added, decided, found, host, ids, target

DEVICES: Dict[str, Any] = {"stack": {}, "lvm": [], "drivers": {}, "cards": {}}
NONE: Dict[str, Any] = {"crypttab": [], "vdo": False}


def device(name: str, uuid: str = "", *slaves: str, md: str = "",
           form: str = "") -> Dict[str, Any]:
    return {"name": name, "uuid": uuid, "md": md, "format": form, "slaves": list(slaves)}


def with_disks(pv: str = "/dev/sda2", words: str = "", **more: Any) -> HostFacts:
    facts = host()
    live = {**DEVICES, **{key: more.pop(key) for key in DEVICES if key in more}}
    layout = replace(facts.layout, pvs=(PhysicalVolume(pv, "pv-uuid", VG, GIB),))
    return replace(facts, layout=layout,
                   boot=replace(facts.boot, kernel_args=f"{ARGS} {words}".strip()),
                   plugins={**facts.plugins, "disks": {**NONE, **more, "volatile": live}})


def results(plan: Decisions) -> List[str]:
    return [arg.result for arg in plan.kernel_args]


def test_reads_the_stack_and_the_files(fake_host: FakeHost) -> None:
    fake_host.write_all({
        "/sys/block/dm-0/dev": "253:0\n", "/sys/block/dm-0/dm/name": "luks-1\n",
        "/sys/block/dm-0/dm/uuid": "CRYPT-LUKS2-1-luks-1\n", "/sys/block/dm-0/slaves/md127/x": "",
        "/sys/block/dm-7/dm/name": "vg-ng2coreos_root\n", "/sys/block/dm-7/dm/uuid": "LVM-Ab1\n",
        "/sys/block/md127/dev": "9:127\n", "/sys/block/md127/md/metadata_version": "1.2\n",
        "/run/udev/data/b9:127": "E:MD_UUID=aa:bb\nE:X=y\n",
        "/sys/block/sda/dev": "8:0\n", "/etc/crypttab": "# none\nluks-1 UUID=1 none\n",
        "/etc/vdoconf.yml": "config: !Configuration\n  vdos:\n    v: !VDOService\n"})
    facts = Disks().facts(fake_host)
    assert facts == {
        "crypttab": ["luks-1"], "vdo": False, "volatile": {
            "stack": {"dm-0": device("luks-1", "CRYPT-LUKS2-1-luks-1", "md127"),
                      "md127": device("md127", md="aa:bb", form="1.2")},
            "lvm": ["vg-ng2coreos_root"], "drivers": {"sda": []}, "cards": {}}}


def test_maintenance_takes_disks_away_and_leaves_the_plan_good() -> None:
    lun = {"dm-9": device("3600", "mpath-3600", "sdb")}
    up = with_disks(stack=lun, drivers={"sda": [], "sdb": ["sd_mod"]}, cards={"vf0": ["iavf"]})
    assert digests(up) == digests(with_disks(drivers={"sda": []}))
    assert digests(up) != digests(with_disks(crypttab=["data"]))


def test_a_plain_disk_needs_nothing() -> None:
    plan = decided(with_disks())
    assert not [i for i in ids(plan) if i.startswith("N2C_DISKS")]
    assert results(plan) == results(decided())


@pytest.mark.parametrize("source,what", [
    ("/dev/md127", "array"), ("/dev/md127p1", "array"), ("/dev/mapper/luks-boot", "encrypted"),
    ("/dev/mapper/other-boot", "another volume group"), ("/dev/md126p1", ""), ("/dev/sda1", ""),
    ("/dev/mapper/mpatha1", ""), (f"/dev/mapper/{VG}-boot", "")])
def test_where_grub_cannot_write_no_boot_is_one_shot(source: str, what: str) -> None:
    stack = {"md127": device("md127", form="1.0"), "md126": device("md126", form="external:/md0/0"),
             "dm-1": device("luks-boot", "CRYPT-LUKS2-1"), "dm-2": device("mpatha1", "part1-mpath")}
    facts = with_disks(stack=stack, lvm=["other-boot", f"{VG}-boot"])
    plan = decided(replace(facts, boot=replace(facts.boot, boot_source=source)))
    told = [f for f in plan.findings if f.id == "N2C_BOOT_NOT_PLAIN"]
    assert [(f.kind, what in f.title) for f in told] == ([(Kind.INHIBITOR, True)] if what else [])
    assert ("N2C_BOOT_ON_LVM" in ids(plan)) == (f"/{VG}-" in source)


def test_an_encrypted_disk_below_an_array_is_found() -> None:
    stack = {"dm-0": device("luks-1", "CRYPT-LUKS2-1-luks-1", "md127"),
             "md127": device("md127", md="aa:bb"), "md1": device("md1", md="other")}
    plan = decided(with_disks("/dev/mapper/luks-1", stack=stack, crypttab=["luks-1"]))
    one = found(plan, "N2C_DISKS_ENCRYPTED")
    assert one.kind is Kind.OVERRIDABLE and one.resources == ("device:luks-1",)
    assert "rd.md.uuid=aa:bb" in results(plan) and "rd.md.uuid=other" not in results(plan)
    there = with_disks("/dev/mapper/luks-1", "rd.md.uuid=aa:bb", stack=stack)
    assert results(decided(there)).count("rd.md.uuid=aa:bb") == 1


def test_other_encrypted_disks_are_told() -> None:
    assert "N2C_DISKS_CRYPTTAB" in ids(decided(with_disks(crypttab=["data"])))


def test_a_multipath_root_gets_its_argument_and_must_be_accepted() -> None:
    stack = {"dm-1": device("mpatha2", "part2-mpath-3600", "dm-0"),
             "dm-0": device("mpatha", "mpath-3600", "sda", "sdb")}
    plan = decided(with_disks("/dev/mapper/mpatha2", stack=stack))
    assert found(plan, "N2C_DISKS_MULTIPATH_ROOT").resources == ("device:mpatha",)
    assert "rd.multipath=default" in results(plan)
    other = decided(with_disks(stack=stack))
    assert "N2C_DISKS_MULTIPATH_ROOT" not in ids(other)


def test_a_boot_over_iscsi_must_be_accepted() -> None:
    plan = decided(with_disks(words="netroot=iscsi:@192.0.2.1::3260::iqn.x rd.iscsi.firmware=1"))
    assert len(found(plan, "N2C_DISKS_ISCSI_ROOT").evidence) == 2
    assert "rd.iscsi.firmware=1" in results(plan)


def test_clevis_must_be_accepted_by_its_unit_or_its_dracut_file() -> None:
    facts = with_disks()
    unit = Service("clevis-luks-askpass.path", "enabled", ("remote-fs.target.wants",))
    assert "N2C_DISKS_CLEVIS" in ids(decided(replace(facts, services=(*facts.services, unit))))
    assert "N2C_DISKS_CLEVIS" in ids(decided(replace(
        facts, etc=(added("/etc/dracut.conf.d/10-clevis.conf"),))))


def test_old_vdo_volumes_stop_the_plan(fake_host: FakeHost) -> None:
    fake_host.write("/etc/vdoconf.yml", "vdos:\n  bricks: !VDOVolume\n")
    assert Disks().facts(fake_host)["vdo"]
    assert found(decided(with_disks(vdo=True)), "N2C_DISKS_VDO").kind is Kind.INHIBITOR


def test_the_modules_that_drive_a_disk_and_its_controller_are_read(fake_host: FakeHost) -> None:
    pci = "/sys/devices/pci0000:00/0000:00:04.0"
    for place, module in ((f"{pci}/host0/0:0:0:0", "sd_mod"), (pci, "mpt3sas")):
        fake_host.write(f"/sys/module/{module}/x", "")
        fake_host.link(f"{place}/driver/module", f"/sys/module/{module}")
    fake_host.write(f"{pci}/host0/0:0:0:0/block/sda/dev", "8:0\n")
    fake_host.link("/sys/block/sda", f"{pci}/host0/0:0:0:0/block/sda")
    fake_host.write(f"{pci}/net/eno1/type", "1\n")
    fake_host.link(f"{pci}/net/eno1/device", "../..")
    fake_host.link("/sys/class/net/eno1", f"{pci}/net/eno1")
    fake_host.write("/sys/devices/virtual/net/lo/type", "772\n")
    fake_host.link("/sys/class/net/lo", "/sys/devices/virtual/net/lo")
    facts = Disks().facts(fake_host)["volatile"]
    assert facts["drivers"] == {"sda": ["sd_mod", "mpt3sas"]}
    assert facts["cards"] == {"eno1": ["mpt3sas"]}


def test_drivers_that_the_targets_kernel_lacks_must_be_accepted() -> None:
    facts = with_disks(drivers={"sda": ["sd_mod", "mptsas"], "sdb": ["old"], "sdaa": ["other"]},
                       cards={"ens3": ["be2net"], "unused0": ["gone"]})
    image = target(modules=("sd_mod", "virtio_net"))
    one = found(decided(facts, image), "N2C_DISKS_DRIVER")
    assert one.kind is Kind.OVERRIDABLE
    assert one.evidence == ("disk sda: mptsas", "interface ens3: be2net")
    assert "N2C_DISKS_DRIVER" not in ids(decided(facts))  # nobody knows the image's modules
    good = target(modules=("be2net", "mptsas", "sd_mod"))
    assert "N2C_DISKS_DRIVER" not in ids(decided(facts, good))
