"""Logs of a disk's writes in the format of dm-log-writes (linux: drivers/md/dm-log-writes.c).

QEMU's block driver blklogwrites writes one.  An entry is a sector with four little-endian 64-bit
numbers, then its data; sectors count in the unit that the log's first sector names.
"""

import random
import struct
from pathlib import Path
from typing import BinaryIO, Iterator, List, NamedTuple, Sequence

_MAGIC = 0x6A736677736872
_VERSION = 1
_SUPER = struct.Struct("<QQQL")
_ENTRY = struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8
_KNOWN = _FLUSH | _FUA | _DISCARD | _MARK


class LogError(Exception):
    """The log is not one, or ends in the middle of an entry."""


class Entry(NamedTuple):
    """One request; `data_at` is where its bytes lie in the log, `start` and `size` are bytes."""

    number: int
    start: int
    size: int
    flags: int
    data_at: int

    @property
    def flush(self) -> bool:
        """Is everything before this entry durable once it has ended?"""
        return bool(self.flags & _FLUSH)

    @property
    def discard(self) -> bool:
        """Is it a discard: what is there afterwards is not defined?"""
        return bool(self.flags & _DISCARD)

    @property
    def fua(self) -> bool:
        """Is this write durable by itself?"""
        return bool(self.flags & _FUA)

    def within(self, start: int, size: int) -> bool:
        """Does it change a byte of that range?"""
        return bool(self.size) and self.start < start + size and start < self.start + self.size


def read(path: Path) -> List[Entry]:
    """The entries of the log, in the order in which the disk got them; LogError if it is torn."""
    with open(path, "rb") as log:
        return list(_entries(log, path.stat().st_size))


def data(log: BinaryIO, entry: Entry) -> bytes:
    """What the write `entry` wrote."""
    log.seek(entry.data_at)
    found = log.read(entry.size)
    if len(found) != entry.size:
        raise LogError(f"entry {entry.number} has {len(found)} of {entry.size} bytes")
    return found


def flushes(entries: Sequence[Entry]) -> List[int]:
    """The states at which all that was written is durable, as numbers of entries applied."""
    found, dirty = [], True  # the first state is the disk as it was
    for entry in entries:
        if entry.flush and dirty:
            found.append(entry.number)
        dirty = (dirty and not entry.flush) or bool(entry.size)
    return found


def lost(entries: Sequence[Entry], cut: int, chance: random.Random) -> List[Entry]:
    """What a disk with a volatile cache keeps of the first `cut` entries when the power goes.

    All up to the last flush that had ended, and of what came after it any part, in any order: a
    write that did not reach the disk may be older than one that did.
    """
    safe = max((e.number for e in entries[:cut] if e.flush), default=0)
    share = chance.random()
    return [*entries[:safe], *(e for e in entries[safe:cut]
                               if e.fua or (not e.flush and chance.random() < share))]


def _entries(log: BinaryIO, end: int) -> Iterator[Entry]:
    magic, version, _, sector = _SUPER.unpack(log.read(_SUPER.size))
    if (magic, version) != (_MAGIC, _VERSION) or sector < 512:
        raise LogError(f"no log of writes: {magic:#x}, version {version}, sectors of {sector}")
    at, number = sector, 0
    while at + sector <= end:
        log.seek(at)
        first, sectors, flags, length = _ENTRY.unpack(log.read(_ENTRY.size))
        if flags & ~_KNOWN:
            raise LogError(f"entry {number} at byte {at} has the flags {flags:#x}")
        at += sector
        inside = 0 if flags & (_DISCARD | _MARK) else sectors * sector
        if at + inside > end:
            raise LogError(f"entry {number} ends at byte {at + inside} of {end}")
        if not flags & _MARK and (sectors or flags):
            yield Entry(number, first * sector, sectors * sector, flags, at)
            number += 1
        at += inside + (length if flags & _MARK else 0)
