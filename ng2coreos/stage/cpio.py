"""The first-boot overlay: a small newc archive that GRUB loads after the initramfs, once.

The kernel unpacks archives in order and replaces existing links, so a ``.requires/UNIT`` link to
/dev/null takes the unit out of the first boot (a masked unit that is required would fail it).
"""

import stat
from dataclasses import dataclass
from typing import Iterable, List, Tuple

from ng2coreos.core.errors import BadInput

IGNITION_CONFIG = "usr/lib/ignition/user.ign"  # where Ignition looks for a config in the initramfs
_UNITS = "etc/systemd/system"
_FORBIDDEN = ("lib", "lib64", "bin", "sbin")  # symlinks in an initramfs: a directory replaces them
_MAGIC = "070701"
_TRAILER = "TRAILER!!!"
_BLOCK_BYTES = 512
_MTIME = 1  # the same archive for the same content; 0 is "unknown" to some tools


@dataclass(frozen=True)
class Record:
    """A file (`mode` and `data`) or, with `link`, a symlink of the archive."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    link: str = ""


def first_boot_overlay(config: bytes, drop_units: Iterable[str]) -> bytes:
    """The archive with the Ignition config (0600) and the units that the first boot goes without.

    `drop_units` are "TARGET.requires/UNIT" as found in the initramfs.
    """
    records = [Record(IGNITION_CONFIG, config, 0o600)]
    for unit in sorted(set(drop_units)):
        if unit.count("/") != 1 or ".." in unit:
            raise BadInput(f"{unit!r} is not of the form TARGET.requires/UNIT.",
                           hint="Plan again.")
        records.append(Record(f"{_UNITS}/{unit}", link="/dev/null"))
    return newc(records)


def newc(records: Iterable[Record]) -> bytes:
    """An uncompressed newc archive: parent directories 0755 first, owner 0:0, padded to 512."""
    found: List[bytes] = []
    known = set()
    for record in records:
        _check(record.path)
        for parent in _parents(record.path):
            if parent not in known:
                known.add(parent)
                found.append(_record(len(found) + 1, parent, stat.S_IFDIR | 0o755, b"", 2))
        if record.path in known:
            raise BadInput(f"The archive would hold {record.path} twice.", hint="Plan again.")
        known.add(record.path)
        if record.link:
            mode, data = stat.S_IFLNK | 0o777, record.link.encode()
        else:
            mode, data = stat.S_IFREG | record.mode, record.data
        found.append(_record(len(found) + 1, record.path, mode, data, 1))
    found.append(_record(0, _TRAILER, 0, b"", 1, mtime=0))
    archive = b"".join(found)
    return archive + bytes(-len(archive) % _BLOCK_BYTES)


def _record(inode: int, path: str, mode: int, data: bytes, links: int,
            mtime: int = _MTIME) -> bytes:
    name = path.encode("utf-8", "surrogateescape") + b"\0"
    fields = (inode, mode, 0, 0, links, mtime, len(data), 0, 0, 0, 0, len(name), 0)
    head = _MAGIC.encode() + b"".join(b"%08X" % field for field in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def _parents(path: str) -> Tuple[str, ...]:
    parts = path.split("/")
    return tuple("/".join(parts[:n]) for n in range(1, len(parts)))


def _check(path: str) -> None:
    parts = path.split("/")
    if not all(parts) or {".", ".."} & set(parts) or parts[0] in _FORBIDDEN or "\0" in path:
        raise BadInput(f"{path!r} must not be in an initramfs overlay.",
                       hint="Use usr/lib, usr/bin or etc.")
