"""Fixtures for the stage room."""

from pathlib import Path
from typing import Iterator, List

import pytest

from ng2coreos.core import durable
from ng2coreos.core.host import Host
from ng2coreos.model.plan import BootPlan
from ng2coreos.stage.bls import BootEntry, Deployed

UUID = "5b1e0c5a-6a3e-4d9f-8a53-3d1f4a9b7c20"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> Iterator[List[Path]]:
    """Where `durable.settle` was called: tests must not freeze this machine's root file system."""
    calls: List[Path] = []

    def settle(path: Path) -> None:
        assert path.is_dir()
        calls.append(path)

    monkeypatch.setattr(durable, "settle", settle)
    yield calls


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """NG's /boot with one layer, an entry, a GRUB environment and somebody's custom.cfg."""
    partition = tmp_path / "boot"
    for name, content in {
            "ovirt-node-4.5/vmlinuz": "kernel", "ovirt-node-4.5/initramfs.img": "initramfs",
            "loader/entries/ng.conf": "title NG\n", "grub2/grub.cfg": "blscfg\n",
            "grub2/custom.cfg": "# mine\r\nset x='\udce9'\nlast line without end",
            "coreos.txt": "not ours"}.items():
        path = partition / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    head = b"# GRUB Environment Block\nsaved_entry=NG\nboot_success=0\n"
    (partition / "grub2/grubenv").write_bytes(head.ljust(1024, b"#"))
    return partition


@pytest.fixture
def host(boot: Path) -> Host:
    """A host whose /boot is `boot`, with this machine's programs."""
    return Host(str(boot.parent))


@pytest.fixture
def boot_plan() -> BootPlan:
    """The hand-over of a host with a VG name and arguments that need quoting."""
    return BootPlan(
        stateroot="ovirt-node", boot_uuid=UUID, boot_fstype="ext4", grub_cfg="/boot/grub2/grub.cfg",
        grubenv="/boot/grub2/grubenv", custom_cfg="/boot/grub2/custom.cfg", blscfg="upstream",
        saved_entry="NG", rollback_linux="/ovirt-node-4.5/vmlinuz",
        rollback_initrds=("/ovirt-node-4.5/initramfs.img",),
        rollback_options='root=/dev/onn/layer ro dyndbg="file a.c +p; x" $tuned_params it\'s',
        drop_units=("ignition-complete.target.requires/a.service",))


@pytest.fixture
def deployed(boot: Path) -> Deployed:
    """What ostree has written into the private directory."""
    return write_deployment(boot)


def write_deployment(boot: Path) -> Deployed:
    """A private directory as ostree leaves it, and what is read from it."""
    private = boot / "coreos"
    for name, content in {
            "ostree/ovirt-node-abc/vmlinuz-6": "k", "ostree/ovirt-node-abc/initramfs-6.img": "i",
            ".ng2coreos": "", "loader.1/entries/ostree-1-ovirt-node.conf": (
                "title CoreOS\nversion 1\noptions root=UUID=1 rw ostree=/ostree/boot.1/o/abc/0\n"
                "linux /ostree/ovirt-node-abc/vmlinuz-6\n"
                "initrd /ostree/ovirt-node-abc/initramfs-6.img\n")}.items():
        path = private / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (private / "loader").symlink_to("loader.1")
    return Deployed("c" * 64, "ostree/deploy/ovirt-node/deploy/" + "c" * 64 + ".0",
                    "loader.1/entries/ostree-1-ovirt-node.conf", "abc", entry())


def entry() -> BootEntry:
    """The boot entry of `deployed`, as GRUB loads it."""
    return BootEntry("/coreos/ostree/ovirt-node-abc/vmlinuz-6",
                     ("/coreos/ostree/ovirt-node-abc/initramfs-6.img",),
                     "root=UUID=1 rw ostree=/ostree/boot.1/o/abc/0")


def ng_entry(options: str = "root=/dev/onn/layer ro") -> BootEntry:
    """NG's own boot entry."""
    return BootEntry("/ovirt-node-4.5/vmlinuz", ("/ovirt-node-4.5/initramfs.img",), options)


