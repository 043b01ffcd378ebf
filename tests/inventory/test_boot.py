"""How the host boots."""

import dataclasses

import pytest

from ng2coreos.inventory import boot
from ng2coreos.model.facts import Boot
from tests import recorded
from tests.fakes import FakeHost

SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def read(host: FakeHost) -> Boot:
    return boot.read(host, recorded.facts("el8-two-generations").layout)


def test_the_recorded_host(el8: FakeHost) -> None:
    found = read(el8)
    assert (found.firmware, found.secure_boot, found.boot_fstype) == ("uefi", False, "xfs")
    assert found.grubenv_size_bytes == 1024
    assert found.grub_variables["saved_entry"] == "ovirt-node-ng-4.5.3.2-0.20221027.0 " \
                                                  "(4.18.0-408.el8.x86_64)"
    assert found.running_entry == "ovirt-node-ng-4.5.3.2-0.20221027.0+1-4.18.0-408.el8.x86_64"
    assert "BOOT_IMAGE" not in found.kernel_args
    assert found.kernel_args.endswith("img.bootid=ovirt-node-ng-4.5.3.2-0.20221027.0+1")


@pytest.mark.parametrize("content,wanted", [(b"\6\0\0\0\1", True), (b"\6\0\0\0\0", False),
                                            (b"", False)])
def test_secure_boot(el8: FakeHost, content: bytes, wanted: bool) -> None:
    el8.write(SECURE_BOOT, content)
    assert read(el8).secure_boot is wanted


def test_a_missing_grubenv_is_a_fact_not_an_error(el8: FakeHost) -> None:
    el8.path("/boot/efi/EFI/centos/grubenv").unlink()
    found = read(el8)
    assert (found.grubenv_size_bytes, found.grub_variables) == (0, {})


def test_without_a_boot_partition_its_facts_are_empty(el8: FakeHost) -> None:
    layout = recorded.facts("el8-two-generations").layout
    layout = dataclasses.replace(
        layout, mounts=tuple(m for m in layout.mounts if m.target != "/boot"))
    assert boot.read(el8, layout).boot_uuid == ""
