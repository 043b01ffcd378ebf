"""The kernel modules of the CoreOS stand-in: those that a guest of the rig can need.

udev asks for a module for each device and CPU feature that it sees.  Under emulation each answer
costs tenths of a second (unpacking, relocation, changing page attributes on all CPUs), so there
are few to be found, and they are not compressed.
"""

import lzma
from pathlib import Path
from typing import Dict, List, Set

from .. import debian

# By what they are for; what these depend on stays too.
_WANTED = (
    "virtio_pci virtio_blk virtio_net virtio_rng virtio_scsi virtio_console virtio_balloon"
    " sd_mod loop ext4 xfs vfat nls_ascii nls_cp437 nls_iso8859_1 nls_utf8 overlay erofs fuse"
    " autofs4 configfs efivarfs squashfs isofs"
    " dm_mod dm_thin_pool dm_snapshot dm_multipath dm_service_time"
    " bonding 8021q bridge tun sch_fq_codel"
    " i6300esb softdog button qemu_fw_cfg crc32c_generic libcrc32c"
)
_SUFFIX = ".ko.xz"


def prune(tree: Path, version: str) -> None:
    """Remove the other modules of `tree`, unpack the rest, and make the indexes anew."""
    top = tree / "usr/lib/modules" / version
    needs = _dependencies(top)
    builtin = {_name(line) for line in (top / "modules.builtin").read_text("ascii").split()}
    by_name = {_name(path): path for path in needs}
    missing = [name for name in _WANTED.split() if name not in by_name and name not in builtin]
    if missing:
        raise RuntimeError(f"the kernel has no module {' '.join(missing)}")
    kept: Set[str] = set()
    for name in _WANTED.split():
        if name in by_name:
            kept.update([by_name[name], *needs[by_name[name]]])
    for path in needs:
        if path in kept:
            plain = (top / path).with_suffix("")
            plain.write_bytes(lzma.decompress((top / path).read_bytes()))
        (top / path).unlink()
    debian.chroot(tree, "depmod", version)


def _dependencies(top: Path) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for line in (top / "modules.dep").read_text("ascii").splitlines():
        path, _, needed = line.partition(":")
        found[path] = needed.split()
    return found


def _name(path: str) -> str:
    name = Path(path).name
    for suffix in (_SUFFIX, ".ko"):
        if name.endswith(suffix):
            name = name[: -len(suffix)]
    return name.replace("-", "_")
