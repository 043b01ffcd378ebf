"""The first-boot overlay: a small newc archive that GRUB loads after the initramfs, once.

The kernel unpacks archives in order and replaces existing links, so a ``.requires/UNIT`` link to
/dev/null takes the unit out of the first boot (a masked unit that is required would fail it).
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator, Optional, Set, Tuple

from ng2coreos.core.errors import BadInput

IGNITION_CONFIG = "usr/lib/ignition/user.ign"  # where Ignition looks for a config in the initramfs
_UNITS = "etc/systemd/system"
_FORBIDDEN = ("lib", "lib64", "bin", "sbin")  # symlinks in an initramfs: a directory replaces them
_MAGIC = "070701"
_TRAILER = "TRAILER!!!"
_BLOCK_BYTES = 512
_CHUNK_BYTES = 1 << 20
_MTIME = 1  # the same archive for the same content; 0 is "unknown" to some tools


@dataclass(frozen=True)
class Record:
    """A file (`mode` and `data`, or what lies at `source`) or, with `link`, a symlink."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    link: str = ""
    source: Optional[Path] = None


def first_boot_overlay(config: Path, drop_units: Iterable[str]) -> Iterator[bytes]:
    """The archive with the file `config` (0600) and the units that the first boot goes without.

    It comes piece by piece.  `drop_units` are "TARGET.requires/UNIT" as found in the initramfs.
    """
    records = [Record(IGNITION_CONFIG, source=config, mode=0o600)]
    for unit in sorted(set(drop_units)):
        if unit.count("/") != 1 or ".." in unit:
            raise BadInput(f"{unit!r} is not of the form TARGET.requires/UNIT.",
                           hint="Plan again.")
        records.append(Record(f"{_UNITS}/{unit}", link="/dev/null"))
    return newc(records)


def newc(records: Iterable[Record]) -> Iterator[bytes]:
    """An uncompressed newc archive: parent directories 0755 first, owner 0:0, padded to 512.

    It comes piece by piece; BadInput before the first one for a record that cannot be in it.
    """
    listed = tuple(records)
    known: Set[str] = set()
    for record in listed:
        _check(record.path)
        if record.path in known:
            raise BadInput(f"The archive would hold {record.path} twice.", hint="Plan again.")
        known.update((record.path, *_parents(record.path)))
    return _archive(listed)


def _archive(records: Tuple[Record, ...]) -> Iterator[bytes]:
    made: Set[str] = set()
    inode = written = 0
    for record in records:
        for parent in _parents(record.path):
            if parent not in made:
                made.add(parent)
                inode += 1
                head = _head(inode, parent, stat.S_IFDIR | 0o755, 0, 2)
                written += len(head)
                yield head
        inode += 1
        for part in _record(inode, record):
            written += len(part)
            yield part
    end = _head(0, _TRAILER, 0, 0, 1, mtime=0)
    yield end + bytes(-(written + len(end)) % _BLOCK_BYTES)


def _record(inode: int, record: Record) -> Iterator[bytes]:
    if record.link:
        target = record.link.encode()
        yield _head(inode, record.path, stat.S_IFLNK | 0o777, len(target), 1)
        yield target + bytes(-len(target) % 4)
    elif record.source is None:
        yield _head(inode, record.path, stat.S_IFREG | record.mode, len(record.data), 1)
        yield record.data + bytes(-len(record.data) % 4)
    else:
        with open(record.source, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            yield _head(inode, record.path, stat.S_IFREG | record.mode, size, 1)
            left = size
            while left:
                data = stream.read(min(left, _CHUNK_BYTES))
                if not data:
                    raise BadInput(f"{record.source} became shorter while it was read.",
                                   hint="Try again.")
                left -= len(data)
                yield data
            yield bytes(-size % 4)


def _head(inode: int, path: str, mode: int, size: int, links: int, mtime: int = _MTIME) -> bytes:
    name = path.encode("utf-8", "surrogateescape") + b"\0"
    fields = (inode, mode, 0, 0, links, mtime, size, 0, 0, 0, 0, len(name), 0)
    head = _MAGIC.encode() + b"".join(b"%08X" % field for field in fields) + name
    return head + bytes(-len(head) % 4)


def _parents(path: str) -> Tuple[str, ...]:
    parts = path.split("/")
    return tuple("/".join(parts[:n]) for n in range(1, len(parts)))


def _check(path: str) -> None:
    parts = path.split("/")
    if not all(parts) or {".", ".."} & set(parts) or parts[0] in _FORBIDDEN or "\0" in path:
        raise BadInput(f"{path!r} must not be in an initramfs overlay.",
                       hint="Use usr/lib, usr/bin or etc.")
