"""GRUB 2.14 (Debian sid: upstream with blscfg) as boot images, without a grub-install run.

This machine's kernel cannot read partition tables on loop devices, so the boot sector and core
image are placed by `install_bios`, and the EFI image is copied into the ESP by mtools.
"""

import struct
import subprocess
from pathlib import Path

from . import debian
from .cache import cached

BOOT_UUID = "5b1e0c5a-6a3e-4d9f-8a53-3d1f4a9b7c20"
EFI_VENDOR = "centos"
_PACKAGES = ("base-files", "grub-common", "grub2-common", "grub-pc-bin", "grub-efi-amd64-bin")
_MODULES = (
    "part_gpt ext2 xfs fat search search_fs_uuid normal configfile loadenv echo test true linux "
    "serial terminal blsuki minicmd reboot halt ls cat sleep regexp probe"
).split()
_EARLY = f"search --no-floppy --fs-uuid --set=root {BOOT_UUID}\nset prefix=($root)/grub2\n"
_SECTOR = 512


def images() -> Path:
    """boot.img, core.img (BIOS), grubx64.efi, modules/ and the programs' tree, all from sid."""
    return cached("grub", [Path(__file__), Path(debian.__file__), *_PACKAGES], _build)


def run(program: str, *argv: str) -> None:
    """Run one of GRUB's programs (grub-editenv, grub-script-check) on files of this machine."""
    command = ["chroot", str(images() / "tree"), program]
    files = images() / "tree" / "tmp"
    for index, word in enumerate(argv):
        if word.startswith("/"):
            (files / f"{index}").write_bytes(Path(word).read_bytes())
            command.append(f"/tmp/{index}")
        else:
            command.append(word)
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for index, word in enumerate(argv):
        if word.startswith("/"):
            Path(word).write_bytes((files / f"{index}").read_bytes())


def install_bios(disk: Path, start: int, sectors: int) -> None:
    """What grub-bios-setup does: boot.img into the MBR, core.img into the BIOS-boot partition.

    Both record where the next part lies: boot.img the first sector of core.img, core.img's first
    sector the rest of it.  The partition table's bytes in the MBR are kept.
    """
    boot = bytearray((images() / "boot.img").read_bytes()[:_SECTOR])
    core = bytearray((images() / "core.img").read_bytes())
    length = -(-len(core) // _SECTOR)
    if length > sectors:
        raise ValueError(f"core.img needs {length} sectors, the BIOS-boot partition has {sectors}")
    struct.pack_into("<Q", boot, 0x5C, start)
    boot[0x64] = 0xFF  # the drive that the BIOS booted
    boot[0x66:0x68] = b"\x90\x90"  # no floppy check
    struct.pack_into("<QHH", core, 0x1F4, start + 1, length - 1, 0x820)
    with open(disk, "r+b") as file:
        boot[0x1B8:] = file.read(_SECTOR)[0x1B8:]
        file.seek(0)
        file.write(boot)
        file.seek(start * _SECTOR)
        file.write(core)


def _build(out: Path) -> None:
    tree = out / "tree"
    debian.bootstrap("sid", _PACKAGES, tree, variant="extract", log=out / "bootstrap.log")
    (tree / "tmp/early.cfg").write_text(_EARLY, "ascii")
    debian.chroot(
        tree,
        "grub-mkimage",
        "-O",
        "i386-pc",
        "-o",
        "/tmp/core.img",
        "-p",
        "/grub2",
        "-c",
        "/tmp/early.cfg",
        "biosdisk",
        *_MODULES,
    )
    debian.chroot(
        tree,
        "grub-mkimage",
        "-O",
        "x86_64-efi",
        "-o",
        "/tmp/grubx64.efi",
        "-p",
        f"/EFI/{EFI_VENDOR}",
        "all_video",
        *_MODULES,
    )
    for name in ("core.img", "grubx64.efi"):
        (tree / "tmp" / name).rename(out / name)
    (out / "boot.img").write_bytes((tree / "usr/lib/grub/i386-pc/boot.img").read_bytes())
    for platform in ("i386-pc", "x86_64-efi"):
        target = out / "modules" / platform
        target.mkdir(parents=True)
        for pattern in ("*.mod", "*.lst"):
            for path in (tree / "usr/lib/grub" / platform).glob(pattern):
                (target / path.name).write_bytes(path.read_bytes())
