"""What the commit's initramfs holds, by the names in it."""

import re
from typing import Iterator, Set

from ng2coreos.core.errors import BadInput
from ng2coreos.model.target import Initramfs
from ng2coreos.target.compressed import ProgramRefused, decompressed
from ng2coreos.target.cpio import TRAILER, Pieces, read_names

_BINARY = r"(usr/)?s?bin/"  # merged or not
_LVM = re.compile(_BINARY + "lvm")
_THIN_TOOLS = re.compile(_BINARY + "thin_check")
_OSTREE = re.compile(r"(usr/)?lib/ostree/ostree-prepare-root|" + _BINARY + "ostree-prepare-root")
_IGNITION = re.compile(_BINARY + "ignition")
_DEVICES_FILE = "etc/lvm/devices/system.devices"
_FIRST_BOOT = re.compile(r"(?:etc|usr/lib)/systemd/system/"
                         r"(ignition-(?:complete|diskful)\.target\.requires/[^/]+)")


def inspect(size_bytes: int, content: Iterator[bytes]) -> Initramfs:
    """Read the whole initramfs once, in bounded memory; BadInput where it is damaged.

    Its content is checked against the commit too, since `content` ends with that check.
    """
    seen = _Seen()
    pieces = Pieces(content)
    while True:
        start = read_names(pieces, seen.add)
        if start is None:
            break
        before = seen.archives
        inner = Pieces(decompressed(pieces, start))
        try:
            follows = read_names(inner, seen.add)
        except ProgramRefused:
            # rpm-ostree appends a small gzip archive (two device nodes), which a zstd program
            # without gzip support refuses after it has put out all of the main archive.
            if seen.archives == before:
                raise
            break
        if follows is not None:
            raise BadInput(f"The initramfs holds unknown data (it begins with {follows.hex()}).",
                           hint="Only cpio archives in the newc format are known.")
    for _ in pieces.rest():
        pass  # to the end, where the checksum is compared
    return Initramfs(
        bytes=size_bytes, has_lvm=seen.lvm, has_thin_tools=seen.thin_tools,
        has_ostree=seen.ostree, has_ignition=seen.ignition, devices_file=seen.devices_file,
        first_boot_units=tuple(sorted(seen.first_boot_units)))


class _Seen:
    """The few names that matter out of thousands."""

    def __init__(self) -> None:
        self.lvm = self.thin_tools = self.ostree = self.ignition = self.devices_file = False
        self.first_boot_units: Set[str] = set()
        self.archives = 0

    def add(self, name: str) -> None:
        """One name of an archive; its trailer counts the archive as whole."""
        if name == TRAILER:
            self.archives += 1
            return
        self.lvm = self.lvm or _LVM.fullmatch(name) is not None
        self.thin_tools = self.thin_tools or _THIN_TOOLS.fullmatch(name) is not None
        self.ostree = self.ostree or _OSTREE.fullmatch(name) is not None
        self.ignition = self.ignition or _IGNITION.fullmatch(name) is not None
        self.devices_file = self.devices_file or name == _DEVICES_FILE
        unit = _FIRST_BOOT.fullmatch(name)
        if unit:
            self.first_boot_units.add(unit.group(1))
