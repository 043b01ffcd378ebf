"""fstab of the new system: its own volumes, never NG's."""

import base64
import hashlib
from dataclasses import replace
from typing import List

from ng2coreos.model.facts import HostFacts, Mount
from ng2coreos.model.item import Outcome
from ng2coreos.model.plan import Decisions
from tests.plan.build import BOOT_UUID, added, changed, decided, found, host, ids, item, layout


def lines(plan: Decisions) -> List[str]:
    text = base64.b64decode(item(plan, "/etc/fstab").content).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def with_mount(*mounts: Mount) -> HostFacts:
    return host(layout=replace(layout(), mounts=(*layout().mounts, *mounts)))


def test_the_boot_partition_comes_first_and_boot_is_a_directory_of_it() -> None:
    assert lines(decided())[:2] == [
        f"UUID={BOOT_UUID} /sysroot/boot xfs nodev,nosuid,ro,x-systemd.device-timeout=300 0 0",
        "/sysroot/boot/coreos /boot none bind,ro,nodev,nosuid 0 0"]


def test_only_our_volumes_are_mounted_with_the_options_that_the_admin_chose() -> None:
    made = lines(decided())
    assert "/dev/onn/ng2coreos_var /var xfs defaults,nodev,discard 0 0" in made
    assert "/dev/onn/ng2coreos_home /var/home xfs defaults,nodev,discard 0 0" in made
    assert not any("/dev/onn/var" in line or " /tmp " in line for line in made)


def test_swap_is_shared_and_cannot_stop_the_boot() -> None:
    assert lines(decided())[-1] == (
        "/dev/onn/swap none swap defaults,nofail,x-systemd.device-timeout=300 0 0")


def test_the_item_is_converted_and_has_its_digest() -> None:
    one = item(decided(host(etc=(changed("/etc/fstab"),))), "/etc/fstab")
    data = base64.b64decode(one.content)
    assert one.outcome is Outcome.CONVERTED
    assert (one.sha256, one.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))


def test_another_local_file_system_is_mounted_by_uuid_and_reported() -> None:
    plan = decided(with_mount(Mount("/dev/sdb1", "/srv/my data", "ext4", "rw,noexec", "u-1")))
    assert ("UUID=u-1 /var/srv/my\\040data ext4 "
            "defaults,noexec,nofail,x-systemd.device-timeout=300 0 0") in lines(plan)
    assert found(plan, "N2C_MOUNT_SHARED").resources == ("mount:/srv/my data",)


def test_no_volume_of_ng_is_mounted_whatever_lies_where() -> None:
    layer = host().layout.mount("/")
    assert layer is not None
    plan = decided(with_mount(
        Mount("/dev/mapper/onn-home[/vm]", "/srv/vm", "xfs", "rw", "fs-home", "home"),
        Mount("/dev/mapper/onn-layer[/x]", "/mnt/x", "xfs", "rw", "fs-root", layer.volume),
        Mount("/dev/mapper/onn-layer", "/mnt/y", "xfs", "rw", "fs-root", layer.volume),
        Mount("/dev/mapper/onn-var", "/mnt/z", "xfs", "rw", "fs-var", "var"),
        Mount("/dev/mapper/onn-var[/lib/containers/storage/overlay]",
              "/var/lib/containers/storage/overlay", "xfs", "rw", "fs-var", "var")))
    assert not [line for line in lines(plan) if "UUID=fs-" in line]
    assert [text.split(" at ")[1].split(":")[0] for text in
            found(plan, "N2C_MOUNT_LEFT").evidence] == ["/mnt/x", "/mnt/y", "/mnt/z", "/srv/vm"]
    assert "N2C_MOUNT_SHARED" not in ids(plan)


def test_mounts_that_cannot_be_carried_are_named() -> None:
    plan = decided(with_mount(
        Mount("/dev/sdb1", "/data", "xfs", "rw", "u-1"), Mount("/dev/sdc1", "/mnt/x", "xfs", "rw"),
        Mount("nas:/share", "/mnt/nas", "nfs4", "rw")))
    evidence = found(plan, "N2C_MOUNT_LEFT").evidence
    assert [text.split(":")[-1].strip() for text in evidence] == [
        "the image has no such directory", "a network file system", "it has no UUID"]


def test_what_the_system_or_vdsm_mounts_is_passed_over() -> None:
    plan = decided(with_mount(
        Mount("tmpfs", "/run", "tmpfs", "rw"),
        Mount("nas:/sd", "/rhev/data-center/mnt/n", "nfs", ""),
        Mount("/dev/sda3", "/boot/efi", "vfat", "rw", "9B3A-7F21")))
    assert ids(plan) == [] and lines(plan) == lines(decided())


def test_mount_units_of_ngs_volumes_are_not_carried() -> None:
    unit = "/etc/systemd/system/var-tmp.mount"
    plan = decided(host(etc=(added(unit), added("/etc/systemd/system/my.mount"))))
    assert item(plan, unit).outcome is Outcome.DROPPED
    assert item(plan, "/etc/systemd/system/my.mount").outcome is Outcome.CARRIED
