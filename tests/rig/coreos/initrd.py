"""The initramfs of the CoreOS stand-in: dracut with real Ignition and the units around it."""

import os
import shutil
from pathlib import Path

from .. import debian
from .units import UNITS

MODULE = "40ignition-ostree"
_HERE = Path(__file__).parent
# A positive list, so that nothing comes in because a package happens to be installed.
_MODULES = (
    "bash systemd systemd-initrd systemd-sysctl systemd-tmpfiles dracut-systemd base fs-lib"
    " shutdown kernel-modules rootfs-block udev-rules usrmount ostree ignition ignition-ostree"
)
_DRIVERS = "virtio_blk virtio_pci virtio_rng ext4 xfs dm-mod dm-thin-pool dm-snapshot i6300esb"


def prepare(tree: Path) -> None:
    """Add CoreOS' dracut module to `tree`, and spare Ignition the network, which no guest needs."""
    modules = tree / "usr/lib/dracut/modules.d"
    target = modules / MODULE
    shutil.copytree(_HERE / "dracut", target)
    for unit in UNITS:
        (target / unit.name).write_text(unit.text(), "ascii")
    required = "".join(f"{unit.name} {unit.target}\n" for unit in UNITS)
    (target / "required").write_text(required, "ascii")
    setup = modules / "30ignition/module-setup.sh"
    before = setup.read_text("utf-8")
    after = before.replace("echo qemu systemd url-lib network", "echo systemd")
    if after == before:
        raise RuntimeError(f"{setup} is not as expected")
    setup.write_text(after, "utf-8")


def kernel_version(tree: Path) -> str:
    """The one kernel of `tree`."""
    (version,) = os.listdir(tree / "usr/lib/modules")
    return version


def make(tree: Path, name: str, *, lvm: bool) -> Path:
    """Build an initramfs in `tree`, with or without LVM; the path below /tmp of the tree."""
    inside = f"/tmp/{name}"
    argv = ["dracut", "--force", "--no-hostonly", "--no-hostonly-cmdline", "--reproducible"]
    argv += ["--modules", _MODULES + (" lvm dm" if lvm else "")]
    argv += ["--filesystems", "ext4 vfat xfs", "--add-drivers", _DRIVERS]
    argv += ["--compress", "zstd -9", inside, kernel_version(tree)]
    with debian.mounted_for_chroot(tree):
        log = debian.chroot(tree, *argv).stdout
    (tree / f"tmp/{name}.log").write_text(log, "utf-8")
    return tree / inside.lstrip("/")
