"""The stand-in's disks: partitions, ESP, /boot, LVM, all written into sparse files."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, NamedTuple

from .. import grub, uml
from ..cache import remove_tree
from . import boot
from .names import BOOT_UUID, DATA_VG, DOMAIN_POOL, NEW, OLD, POOL, VG, VOLUMES, fs_uuid

_MIB = 1 << 20
_SECTOR = 512
_DISK_BYTES = 13 << 30
_DATA_BYTES = 1 << 30
_ROOT_IMAGE_BYTES = (
    1100 * _MIB
)  # grown to ROOT_SIZE in the LV: writing 3.5 GiB in UML costs a minute
_SETTINGS = {"SWAP_SIZE": "256M", "POOL_SIZE": "9G", "ROOT_SIZE": "3584M"}
_TAR = ["tar", "--numeric-owner", "--xattrs", "--sort=name", "-cf"]


class Partition(NamedTuple):
    """Where a partition lies, in bytes."""

    start: int
    size: int


BIOS = Partition(1 * _MIB, 1 * _MIB)
ESP = Partition(2 * _MIB, 64 * _MIB)
BOOT = Partition(66 * _MIB, 1024 * _MIB)


def make(out: Path, trees: Dict[str, Path], boot_fs: str) -> None:
    """Write ng.qcow2 and data.qcow2 below `out`, in a second attempt if User Mode Linux hung.

    `trees`: image (the new generation), older (what the old one has otherwise), host (the host's
    state), old_layer and new_layer (what of it differs between the layers).
    """
    try:
        _make(out, trees, boot_fs)
    except uml.Stalled as stalled:
        print(f"rig: begun again: {stalled}", file=sys.stderr, flush=True)
        for path in out.iterdir():
            remove_tree(path)
        _make(out, trees, boot_fs)


def _make(out: Path, trees: Dict[str, Path], boot_fs: str) -> None:
    disk, data, work = out / "ng.raw", out / "data.raw", out / "work"
    work.mkdir()
    for path, size in ((disk, _DISK_BYTES), (data, _DATA_BYTES)):
        with open(path, "wb") as file:
            file.truncate(size)
    partition(disk)
    grub.install_bios(disk, BIOS.start // _SECTOR, BIOS.size // _SECTOR)
    boot.fill_esp(work / "esp.img", ESP.size)
    put(work / "esp.img", disk, ESP)
    boot.fill_boot(work / "boot", trees["image"])
    make_boot_fs(boot_fs, work / "boot", work / "boot.img")
    put(work / "boot.img", disk, BOOT)
    _lvm(disk, data, trees, work, out / "uml.log")
    subprocess.run(["rm", "-rf", str(work)], check=True)
    for raw in (
        disk,
        data,
    ):  # overlays of qcow2 need no guess at the format, and copies stay sparse
        subprocess.run(
            ["qemu-img", "convert", "-O", "qcow2", str(raw), str(raw.with_suffix(".qcow2"))],
            check=True,
        )
        raw.unlink()


def partition(disk: Path) -> None:
    """Write the stand-in's partition table; LVM gets the rest of the disk."""
    table = ["label: gpt"]
    kinds = ((BIOS, "21686148-6449-6E6F-744E-656564454649"), (ESP, "uefi"), (BOOT, "linux"))
    for part, kind in kinds:
        table.append(f"start={part.start // _SECTOR}, size={part.size // _SECTOR}, type={kind}")
    table.append("type=lvm")
    subprocess.run(
        ["sfdisk", "-q", str(disk)], input="\n".join(table) + "\n", text=True, check=True
    )


def put(image: Path, disk: Path, part: Partition) -> None:
    """Move an image's content into a partition."""
    subprocess.run(
        [
            "dd",
            f"if={image}",
            f"of={disk}",
            "bs=1M",
            f"seek={part.start // _MIB}",
            "conv=notrunc,sparse",
            "status=none",
        ],
        check=True,
    )
    image.unlink()


def make_boot_fs(kind: str, content: Path, image: Path) -> None:
    """A file system with the boot files, made without mounting it."""
    with open(image, "wb") as file:
        file.truncate(BOOT.size)
    if kind == "ext4":
        argv = [
            "mkfs.ext4",
            "-q",
            "-O",
            "^metadata_csum_seed,^orphan_file",
            "-U",
            BOOT_UUID,
            "-d",
            str(content),
        ]
    elif kind == "xfs":
        prototype = content.with_suffix(".proto")
        prototype.write_text("\n".join(["/stage0", "0 0", *_xfs_entry(content, ""), ""]), "ascii")
        argv = ["mkfs.xfs", "-q", "-m", f"uuid={BOOT_UUID}", "-p", str(prototype)]
    else:
        raise ValueError(f"no boot file system {kind!r}")
    subprocess.run([*argv, str(image)], check=True)


def _xfs_entry(path: Path, name: str) -> "list[str]":
    """The lines of an mkfs.xfs prototype for `path` (see mkfs.xfs(8), option -p)."""
    permissions = path.lstat().st_mode & 0o777
    if path.is_symlink():
        return [f"{name} l--777 0 0 {os.readlink(path)}"]
    if not path.is_dir():
        return [f"{name} ---{permissions:03o} 0 0 {path}"]
    lines = [f"{name} d--{permissions:03o} 0 0".lstrip()]
    for child in sorted(path.iterdir()):
        lines += _xfs_entry(child, child.name)
    return [*lines, "$"]


def _lvm(disk: Path, data: Path, trees: Dict[str, Path], work: Path, log: Path) -> None:
    image = work / "root.img"
    with open(image, "wb") as file:
        file.truncate(_ROOT_IMAGE_BYTES)
    subprocess.run(
        [
            "mkfs.ext4",
            "-q",
            "-O",
            "^metadata_csum_seed,^orphan_file",
            "-d",
            str(trees["image"]),
            str(image),
        ],
        check=True,
    )
    variables = {
        **_SETTINGS,
        "VG": VG,
        "POOL": POOL,
        "OLD_NVR": OLD.nvr,
        "NEW_NVR": NEW.nvr,
        "VOLUMES": str(work / "volumes"),
        "DOMAIN": DATA_VG,
        "DOMAIN_TAGS": str(work / "tags"),
        "PROFILE": str(trees["image"] / "etc/lvm/profile/imgbased-pool.profile"),
    }
    for name in ("older", "host", "old_layer", "new_layer"):
        archive = work / f"{name}.tar"
        subprocess.run([*_TAR, str(archive), "-C", str(trees[name]), "."], check=True)
        variables[f"{name.upper()}_TAR"] = str(archive)
    for name in ("SWAP", "ROOT", "OLD_BASE", "OLD_LAYER", "NEW_BASE", "NEW_LAYER"):
        variables[f"{name}_UUID"] = fs_uuid(name)
    lines = [
        f"{lv} {size} {mount} {'imgbased:volume' if mount == '/var/tmp' else '-'} {fs_uuid(mount)}"
        for mount, (lv, size) in VOLUMES.items()
    ]
    (work / "volumes").write_text("\n".join(lines) + "\n", "ascii")
    (work / "tags").write_text("\n".join(_domain_tags()) + "\n", "ascii")
    uml.run(Path(__file__).with_name("build-lvm.sh"), [disk, image, data], variables, log)


def _domain_tags() -> "list[str]":
    """The VG tags of a block storage domain, as vdsm's storage/blockSD.py writes them."""
    values = {
        "SDUUID": DATA_VG,
        "POOL_UUID": DOMAIN_POOL,
        "CLASS": "Data",
        "TYPE": "ISCSI",
        "ROLE": "Master",
        "VERSION": "5",
        "DESCRIPTION": "data1",
        "MASTER_VERSION": "1",
        "LOCKPOLICY": "",
        "LEASETIMESEC": "60",
        "LOCKRENEWALINTERVALSEC": "5",
        "ALIGNMENT": "1048576",
        "BLOCK_SIZE": "512",
    }
    return ["RHAT_storage_domain", *(f"MDT_{name}={value}" for name, value in values.items())]
