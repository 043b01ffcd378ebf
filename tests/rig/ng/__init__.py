"""The stand-in for an oVirt Node NG host: disks of an installed, once updated, configured host."""

from pathlib import Path
from typing import NamedTuple, Tuple

from .. import grub, keys
from ..cache import cached
from . import boot, disk, host, names, pristine, tree

_HERE = Path(__file__).parent
_RIG = _HERE.parent
_MODULES = ("accounts", "debian", "grub", "guestfiles", "rpms", "uml")


class NgImage(NamedTuple):
    """The disks (never written: guests use overlays) and what tests need to know of the host."""

    disk: Path
    data_disk: Path
    boot_fs: str
    kernel: str
    vg: str = names.VG
    pool: str = names.POOL
    layer: str = names.NEW.layer
    base: str = names.NEW.nvr
    old_layer: str = names.OLD.layer
    old_base: str = names.OLD.nvr
    boot_uuid: str = names.BOOT_UUID
    hostname: str = names.HOSTNAME
    address: str = names.ADDRESS
    domain_vg: str = names.DATA_VG

    @property
    def title(self) -> str:
        """saved_entry: the title of the running layer's boot entry."""
        return boot.title(names.NEW, self.kernel)

    @property
    def entry(self) -> str:
        """The running layer's boot entry: the file's name without .conf."""
        return f"{self.layer}-{self.kernel}"

    @property
    def disks(self) -> Tuple[Path, Path]:
        return self.disk, self.data_disk


def build(boot_fs: str = "ext4") -> NgImage:
    """The image with that file system on /boot, from the cache if its sources are the same."""
    image = cached(
        f"ng-{boot_fs}",
        [_trees(), _HERE / "disk.py", _HERE / "build-lvm.sh", grub.images(), boot_fs],
        lambda out: _build_disks(out, boot_fs),
    )
    return NgImage(
        image / "ng.qcow2", image / "data.qcow2", boot_fs, boot.kernel_version(_trees() / "image")
    )


def root_tree() -> Path:
    """The image's root as a directory; for chroot in a mount namespace, never to be written."""
    return _trees() / "image"


def _trees() -> Path:
    sources = [
        _HERE / "files",
        _HERE / "packages",
        *sorted(set(_HERE.glob("*.py")) - {_HERE / "disk.py"}),
        *(_RIG / f"{name}.py" for name in _MODULES),
        _RIG / "vdsm",
        _RIG / "uml-init.sh",
    ]
    return cached(
        "ng-host", [tree.debian_tree().parent, keys.private_key().parent, *sources], _build_trees
    )


def _build_trees(out: Path) -> None:
    pristine.make(out / "image")
    pristine.older(out / "image", out / "older")
    host.make(out / "image", out / "host")
    for name, generation in (("old_layer", names.OLD), ("new_layer", names.NEW)):
        host.make_layer(out / name, generation)


def _build_disks(out: Path, boot_fs: str) -> None:
    trees = {path.name: path for path in _trees().iterdir()}
    disk.make(out, trees, boot_fs)


__all__ = ["NgImage", "build", "root_tree"]
