"""The hand-over: the way back is NG's running entry, and a GRUB that cannot do it is refused."""

from dataclasses import replace
from typing import Any

import pytest

from ng2coreos.model.facts import HostFacts, Mount
from ng2coreos.model.finding import Kind
from ng2coreos.plan.boot import expanded
from tests.plan.build import ENTRY, LAYER, boot, decided, found, host, ids, layout, target


def with_boot(**more: Any) -> HostFacts:
    return host(boot=replace(boot(), **more))


def test_the_way_back_is_the_running_entry() -> None:
    plan = decided().boot
    assert (plan.saved_entry, plan.rollback_linux) == (ENTRY, f"/{LAYER}/vmlinuz-5.14.0")
    assert plan.rollback_initrds == (f"/{LAYER}/initramfs-5.14.0.img",)
    assert f"img.bootid={LAYER}" in plan.rollback_options
    assert plan.stateroot == "ovirt-node"


def test_variables_of_grub_are_filled_in() -> None:
    assert expanded("root=/x $tuned_params ${missing} ro",
                    {"tuned_params": "a=1"}) == "root=/x a=1 ro"


def test_first_boot_units_that_need_labels_are_left_out_if_they_are_there() -> None:
    links = tuple(f"ignition-diskful.target.requires/{u}" for u in (
        "coreos-gpt-setup@dev-disk.service", "coreos-boot-edit.service", "ignition-mount.service",
        "ignition-ostree-uuid-root.service", "coreos-copy-firstboot-network.service"))
    image = target(initramfs=replace(target().initramfs, first_boot_units=links))
    assert decided(image=image).boot.drop_units == (links[0], links[1], links[3], links[4])


@pytest.mark.parametrize("more,words", [
    ({"grubenv_size_bytes": 1023}, "has 1023 bytes"),
    ({"sources_custom_cfg": False}, "does not source custom.cfg"),
    ({"handles_next_entry": False}, "does not handle next_entry"),
    ({"blscfg": ""}, "is not known")])
def test_a_grub_that_cannot_boot_once_is_refused(more: Any, words: str) -> None:
    one = found(decided(with_boot(**more)), "N2C_GRUB_UNUSABLE")
    assert one.kind is Kind.INHIBITOR and words in one.evidence[0] and len(one.evidence) == 1


def test_secure_boot_can_be_overridden() -> None:
    assert found(decided(with_boot(secure_boot=True)),
                 "N2C_BOOT_SECURE_BOOT").kind is Kind.OVERRIDABLE


@pytest.mark.parametrize("source", ["/dev/mapper/onn-boot", "/dev/onn/boot"])
def test_boot_on_a_volume_is_refused(source: str) -> None:
    assert "N2C_BOOT_ON_LVM" in [f.id for f in decided(with_boot(boot_source=source)).inhibitors]


def test_boot_on_a_volume_is_seen_by_its_mount_too() -> None:
    mounts = (*layout().mounts, Mount("/dev/dm-3", "/boot", "xfs", "rw", "u", "boot"))
    plan = decided(host(layout=replace(layout(), mounts=mounts)))
    assert "N2C_BOOT_ON_LVM" in ids(plan)


def test_an_unknown_file_system_of_boot_is_refused() -> None:
    assert "N2C_BOOT_FSTYPE" in [f.id for f in decided(with_boot(boot_fstype="btrfs")).inhibitors]


def test_without_the_running_entry_there_is_no_way_back() -> None:
    plan = decided(with_boot(running_entry=""))
    assert "N2C_BOOT_ENTRY_UNKNOWN" in [f.id for f in plan.inhibitors]


@pytest.mark.parametrize("saved", [ENTRY, f"{LAYER} (5.14.0)", ""])
def test_the_default_may_be_named_by_id_or_title(saved: str) -> None:
    plan = decided(with_boot(grub_variables={"saved_entry": saved}))
    assert ids(plan) == [] and plan.boot.saved_entry == (saved or ENTRY)


def test_another_default_and_another_one_shot_boot_are_named() -> None:
    plan = decided(with_boot(grub_variables={"saved_entry": "newer", "next_entry": "memtest"}))
    assert [f.id for f in plan.overridables] == ["N2C_BOOT_NEXT_ENTRY", "N2C_BOOT_OTHER_DEFAULT"]


def test_a_used_up_one_shot_is_nothing() -> None:
    plan = decided(with_boot(grub_variables={"saved_entry": ENTRY, "next_entry": ""}))
    assert ids(plan) == []


@pytest.mark.parametrize("name", ["grubenv", "custom_cfg"])
def test_files_that_the_new_system_could_not_change_are_refused(name: str) -> None:
    """el8 on UEFI keeps them on the ESP, which the new system does not mount there."""
    one = found(decided(with_boot(**{name: "/boot/efi/EFI/centos/file"})), "N2C_GRUB_UNUSABLE")
    assert one.kind is Kind.INHIBITOR and "/boot/efi/EFI/centos/file is not on" in one.evidence[0]


def test_a_default_of_ours_is_nothing_to_go_back_to() -> None:
    plan = decided(with_boot(grub_variables={"saved_entry": "ng2coreos"}))
    assert plan.boot.saved_entry == ENTRY
