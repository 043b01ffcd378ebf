"""LVM's metadata on a physical volume, read as LVM does: label, area, CRCs, text.

Formats: lvm2, lib/format_text/layout.h and lib/config/config.c.
"""

import re
import struct
import zlib
from typing import Any, BinaryIO, Dict, List, NamedTuple, Tuple

SECTOR = 512
AREA_BYTES = 2 << 20  # label, header and text of a volume group as anaconda makes it: 1 MiB
_LABEL = struct.Struct("<8sQLL8s")
_LOCATION = struct.Struct("<QQLL")
_AREA = struct.Struct("<L16sLQQ")
_MAGIC = b" LVM2 x[5A%r0N*>"
_CRC_START = 0xF597A6CF
_IGNORED = 1
_TOKEN = re.compile(r'#[^\n]*|("(?:\\.|[^"\\])*"|[-+\w.]+|[=\[\]{},])')


class LvmError(Exception):
    """LVM would not believe this metadata."""


class Extent(NamedTuple):
    """A run of bytes of a logical volume, on the physical volume."""

    at: int
    start: int
    size: int


def metadata(disk: BinaryIO) -> Dict[str, Any]:
    """The volume group of a physical volume that begins at the file's begin."""
    text = _text(disk)
    found = _Parser(text).section()
    groups = [value for value in found.values() if isinstance(value, dict)]
    if len(groups) != 1:
        raise LvmError(f"{len(groups)} volume groups in the metadata")
    group: Dict[str, Any] = groups[0]
    return group


def volumes(group: Dict[str, Any]) -> Dict[str, Any]:
    """The logical volumes, by name."""
    found: Dict[str, Any] = group["logical_volumes"]
    return found


def extents(group: Dict[str, Any], name: str) -> List[Extent]:
    """Where a volume of linear segments lies; LvmError for another kind."""
    (physical,) = group["physical_volumes"].values()
    unit = group["extent_size"] * SECTOR
    found = []
    for number in range(1, volumes(group)[name]["segment_count"] + 1):
        segment = volumes(group)[name][f"segment{number}"]
        if (segment["type"], segment["stripe_count"]) != ("striped", 1):
            raise LvmError(f"{name} is not linear")
        found.append(Extent(segment["start_extent"] * unit,
                            physical["pe_start"] * SECTOR + segment["stripes"][1] * unit,
                            segment["extent_count"] * unit))
    return found


def _text(disk: BinaryIO) -> str:
    area, size = _area(disk)
    header = _at(disk, area, SECTOR)
    checksum, magic, version, start, length = _AREA.unpack_from(header)
    if magic != _MAGIC or version != 1 or (start, length) != (area, size):
        raise LvmError(f"no metadata area at byte {area}")
    if _crc(header[4:]) != checksum:
        raise LvmError("the metadata area's header has another checksum")
    offset, used, wanted, flags = _LOCATION.unpack_from(header, _AREA.size)
    if not offset or flags & _IGNORED:
        raise LvmError("the metadata area holds none")
    if offset + used <= size:
        data = _at(disk, area + offset, used)
    else:  # a ring: it goes on behind the header
        data = _at(disk, area + offset, size - offset)
        data += _at(disk, area + SECTOR, used - len(data))
    if _crc(data) != wanted:
        raise LvmError("the metadata's text has another checksum")
    return data.rstrip(b"\0").decode("utf-8")


def _area(disk: BinaryIO) -> Tuple[int, int]:
    for number in range(4):
        sector = _at(disk, number * SECTOR, SECTOR)
        name, at, checksum, offset, kind = _LABEL.unpack_from(sector)
        if (name, kind) != (b"LABELONE", b"LVM2 001"):
            continue
        if at != number or _crc(sector[20:]) != checksum:
            raise LvmError("the label has another checksum")
        areas = list(struct.iter_unpack("<QQ", sector[offset + 40:offset + 40 + 16 * 8]))
        end = areas.index((0, 0))  # data areas, an end, metadata areas, an end
        return areas[end + 1][0], areas[end + 1][1]
    raise LvmError("no label")


def _crc(data: bytes) -> int:
    return zlib.crc32(data, _CRC_START ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def _at(disk: BinaryIO, start: int, size: int) -> bytes:
    disk.seek(start)
    return disk.read(size)


class _Parser:
    """A text of LVM's configuration format."""

    def __init__(self, text: str) -> None:
        self._tokens = [token for token in _TOKEN.findall(text) if token]  # without comments
        self._next = 0

    def section(self) -> Dict[str, Any]:
        """name = value, name { section }, up to the end or a closing brace."""
        found: Dict[str, Any] = {}
        while self._next < len(self._tokens):
            name = self._take()
            if name == "}":
                break
            what = self._take()
            if what not in ("=", "{"):
                raise LvmError(f"{name!r} is followed by {what!r}")
            found[name.strip('"')] = self.section() if what == "{" else self._value()
        return found

    def _value(self) -> Any:
        token = self._take()
        if token == "[":
            values = []
            while self._tokens[self._next] != "]":
                if self._tokens[self._next] == ",":
                    self._next += 1
                else:
                    values.append(self._value())
            self._next += 1
            return values
        if token.startswith('"'):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        return int(token)

    def _take(self) -> str:
        if self._next == len(self._tokens):
            raise LvmError("the metadata's text ends in the middle")
        self._next += 1
        token: str = self._tokens[self._next - 1]
        return token
