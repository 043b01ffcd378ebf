"""A disk as coreos-installer leaves it: the CoreOS stand-in and an Ignition config, never booted.

Partitions, labels and grub.cfg are those of Fedora CoreOS on BIOS; made without mounting anything.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Sequence

from . import coreos, grub
from .cache import cached
from .ng.disk import Partition, put

STATEROOT = "fedora-coreos"
_MIB = 1 << 20
_SECTOR = 512
_BIOS = Partition(1 * _MIB, 1 * _MIB)
_BOOT = Partition(2 * _MIB, 384 * _MIB)
_ROOT = Partition(386 * _MIB, 4096 * _MIB)
_TABLE = ((_BIOS, "21686148-6449-6E6F-744E-656564454649", "BIOS-BOOT"),
          (_BOOT, "linux", "boot"), (_ROOT, "linux", "root"))
# What GRUB of the rig knows: see grub.py
_FEATURES = "^metadata_csum_seed,^orphan_file"
_ARGUMENTS = ("$ignition_firstboot", "ignition.platform.id=metal", "console=ttyS0,115200n8")
# The stamp asks for Ignition at the first boot; its own script may add the network's arguments.
_GRUB_CFG = """serial --unit=0 --speed=115200
terminal_output serial
insmod part_gpt
insmod ext2
if [ -f /ignition.firstboot ]; then
  source /ignition.firstboot
  set ignition_firstboot="ignition.firstboot $ignition_network_kcmdline"
fi
export ignition_firstboot
insmod blsuki
set timeout=0
blscfg
"""


def install(config: bytes, disk: Path) -> None:
    """Write the image into `disk` (absent; qcow2), with `config` as the host's Ignition config."""
    made = cached("coreos-metal", [coreos.build().repo.parent, *_sources()], _build)
    boot, raw = disk.with_suffix(".boot"), disk.with_suffix(".raw")
    shutil.copytree(made / "boot", boot, symlinks=True)
    (boot / "ignition.firstboot").touch()
    (boot / "ignition").mkdir(mode=0o700)
    (boot / "ignition/config.ign").write_bytes(config)
    (boot / "ignition/config.ign").chmod(0o600)
    with open(raw, "wb") as file:
        file.truncate(_ROOT.start + _ROOT.size + _MIB)
    table = ["label: gpt", *(
        f"start={part.start // _SECTOR}, size={part.size // _SECTOR}, type={kind}, name={name}"
        for part, kind, name in _TABLE)]
    subprocess.run(["sfdisk", "-q", str(raw)], input="\n".join(table), text=True, check=True)
    grub.install_bios(raw, _BIOS.start // _SECTOR, _BIOS.size // _SECTOR)
    image = disk.with_suffix(".img")
    _ext4(image, boot, _BOOT, "boot", "-U", grub.BOOT_UUID)
    put(image, raw, _BOOT)
    shutil.copyfile(made / "root.img", image)
    put(image, raw, _ROOT)
    shutil.rmtree(boot)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(disk)], check=True)
    raw.unlink()


def _build(out: Path) -> None:
    """root.img, and boot with what belongs on the boot partition but for the config."""
    image, root = coreos.build(), out / "root"
    root.mkdir()
    repo = f"--repo={root}/ostree/repo"
    _ostree("admin", "init-fs", str(root))
    _ostree(repo, "config", "set", "sysroot.bootloader", "none")
    _ostree(repo, "pull-local", str(image.repo), image.ref)
    _ostree("admin", f"--sysroot={root}", "os-init", STATEROOT)
    _ostree("admin", f"--sysroot={root}", "deploy", f"--os={STATEROOT}",
            *(f"--karg={word}" for word in _ARGUMENTS), image.ref)
    (root / "boot").rename(out / "boot")
    (root / "boot").mkdir()
    shutil.copytree(grub.images() / "modules", out / "boot/grub2")
    (out / "boot/grub2/grub.cfg").write_text(_GRUB_CFG, "ascii")
    grub.run("grub-script-check", str(out / "boot/grub2/grub.cfg"))
    _ext4(out / "root.img", root, _ROOT, "root")
    shutil.rmtree(root)


def _ext4(image: Path, content: Path, part: Partition, label: str, *more: str) -> None:
    with open(image, "wb") as file:
        file.truncate(part.size)
    subprocess.run(["mkfs.ext4", "-q", "-O", _FEATURES, "-L", label, *more, "-d", str(content),
                    str(image)], check=True)


def _ostree(*argv: str) -> None:
    # without the immutable flag, on which the removal of a killed build would fail
    subprocess.run(["ostree", *argv], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL,
                   env={**os.environ, "OSTREE_SYSROOT_DEBUG": "mutable-deployments"})


def _sources() -> Sequence[Path]:
    return [Path(__file__), Path(grub.__file__)]
