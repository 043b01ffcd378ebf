"""The digest: another host is another digest, and a busier one is the same."""

from dataclasses import replace

import pytest

from ng2coreos.model.facts import HostFacts, LogicalVolume, Mount, TreeSize
from ng2coreos.plan import changed_parts, digests
from tests.plan.build import MIB, VDSM, added, boot, changed, host, layout

BASE = host(etc=(added("/etc/a"), changed("/etc/b")))


def pool_used() -> HostFacts:
    shape = layout()
    return replace(BASE, layout=replace(
        shape, vg_free_bytes=1, pool=replace(shape.pool, used_bytes=1, metadata_used_bytes=1),
        volumes=tuple(replace(v, data_percent=55.5) for v in shape.volumes),
        mounts=tuple(replace(m, used_bytes=1, inodes_used=1) for m in shape.mounts)))


def our_own() -> HostFacts:
    shape = layout()
    mine = LogicalVolume("ng2coreos_root", "u", "Vwi-a-tz--", MIB, "pool00", "", ("ng2coreos",))
    mount = Mount("/dev/x", "/run/ng2coreos/root", "xfs", "rw", "u", "ng2coreos_root")
    return replace(BASE, layout=replace(shape, volumes=(*shape.volumes, mine),
                                        mounts=(*shape.mounts, mount)),
                   boot=replace(BASE.boot, grub_variables={**BASE.boot.grub_variables,
                                                           "next_entry": "ng2coreos-firstboot"}))


@pytest.mark.parametrize("facts", [
    replace(BASE, boot_id="another"), replace(BASE, memory_bytes=5), pool_used(), our_own(),
    replace(BASE, etc=(*BASE.etc, added("/etc/lvm/backup/onn"))),
    replace(BASE, etc=tuple(reversed(BASE.etc))),
    replace(BASE, boot=replace(BASE.boot, boot_free_bytes=1, boot_free_inodes=1)),
    replace(BASE, trees=(TreeSize("/opt", 1, 1),)),
    replace(BASE, plugins={**BASE.plugins, "vdsm": {**VDSM, "volatile": {"vms": ["a"]}}})],
    ids=["boot id", "memory", "pool", "ours", "lvm backup", "order", "boot space", "trees", "vms"])
def test_what_changes_by_itself_does_not_matter(facts: HostFacts) -> None:
    assert digests(facts) == digests(BASE)


@pytest.mark.parametrize("facts", [
    replace(BASE, machine_id="f" * 32), replace(BASE, kernel="6"), replace(BASE, users=()),
    replace(BASE, groups=()), replace(BASE, nics=()), replace(BASE, services=()),
    replace(BASE, etc=()), replace(BASE, etc=(added("/etc/a"), added("/etc/b"))),
    replace(BASE, boot=replace(boot(), kernel_args="other")),
    replace(BASE, boot=replace(boot(), grub_variables={"saved_entry": "other"})),
    replace(BASE, layout=replace(layout(), vg_uuid="other")),
    replace(BASE, layout=replace(layout(), mounts=layout().mounts[:-1])),
    replace(BASE, layout=replace(layout(), volumes=layout().volumes[:-1])),
    replace(BASE, packages=replace(BASE.packages, total=501)),
    replace(BASE, packages=replace(BASE.packages, persisted=("htop.rpm",))),
    replace(BASE, plugins={**BASE.plugins, "vdsm": {**VDSM, "id": "another"}})])
def test_what_the_changes_depend_on_matters(facts: HostFacts) -> None:
    assert digests(facts) != digests(BASE)


def test_the_parts_that_differ_are_named() -> None:
    other = replace(BASE, users=(), plugins={"vdsm": {**VDSM, "id": "another"}})
    before = digests(replace(BASE, plugins={"vdsm": VDSM, "gone": {}}))
    assert changed_parts(before, digests(other)) == ["plug-in gone", "plug-in vdsm", "users"]
    assert changed_parts(before, before) == []
