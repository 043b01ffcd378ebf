"""Every state of LVM's metadata and of the thin pool's that a power cut can leave."""

import struct
import subprocess
from pathlib import Path
from typing import Any, BinaryIO, Collection, Dict, List, Sequence

from tests.rig import lvmdisk
from tests.rig.lvmdisk import AREA_BYTES, LvmError
from tests.rig.ng import NgImage
from tests.rig.ng.disk import BOOT
from tests.rig.replay import Range, Replay, extract
from tests.rig.writelog import Entry
from tests.vm.recorded import Recorded

OURS = "ng2coreos"  # the tag
PV = BOOT.start + BOOT.size
METADATA = Range(PV, AREA_BYTES)
_TRANSACTION_AT = 48  # linux: drivers/md/dm-thin-metadata.c, struct thin_disk_superblock


class LvmOracle:
    """What must hold of the host's volume group in every state.

    The volumes are as in `before`; those that are `leaving`, whole or gone.
    """

    def __init__(self, image: NgImage, before: Dict[str, Any], leaving: Collection[str]) -> None:
        self._pool = image.pool
        self._before = lvmdisk.volumes(before)
        self._leaving = leaving
        self._id = before["id"]

    def group(self, disk: BinaryIO) -> List[str]:
        """What is wrong with the volume group's metadata."""
        try:
            group = lvmdisk.metadata(disk)
        except LvmError as error:
            return [str(error)]
        found = lvmdisk.volumes(group)
        told = [] if group["id"] == self._id else ["it is another volume group"]
        for name, volume in self._before.items():
            gone = name not in found and name in self._leaving
            if not gone and self._plain(found.get(name, {})) != self._plain(volume):
                told.append(f"the volume {name} has changed")
        told += [f"the volume {name} is new and not ours" for name, volume in found.items()
                 if name not in self._before and OURS not in volume["tags"]]
        return told

    def pool(self, disk: BinaryIO, meta: BinaryIO) -> List[str]:
        """What is wrong with the thin pool: its own metadata, and how far LVM's is ahead of it."""
        done = subprocess.run(["thin_check", "-q", meta.name], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        told = [] if done.returncode == 0 else [f"thin_check: {done.stdout}"]
        segment = lvmdisk.volumes(lvmdisk.metadata(disk))[self._pool]["segment1"]
        meta.seek(_TRANSACTION_AT)
        (kernels,) = struct.unpack("<Q", meta.read(8))
        ahead = segment["transaction_id"] - kernels
        # LVM writes a message first, then gives it to the kernel, and sends it again after a cut
        if ahead not in ((0, 1) if "message1" in segment else (0,)):
            told.append(f"LVM's transaction is {segment['transaction_id']}, the pool's {kernels}")
        return told

    def _plain(self, volume: Dict[str, Any]) -> Dict[str, Any]:
        """Without what new thin volumes change in the pool, and leaving ones in their snapshots."""
        segment = volume.get("segment1", {})
        changing = ["transaction_id", "message1"]
        if segment.get("origin") in self._leaving:
            changing.append("origin")
        return {**volume, "segment1": {k: v for k, v in segment.items() if k not in changing}}


def pool_metadata(group: Dict[str, Any], pool: str) -> Range:
    """Where on the disk the thin pool has its metadata."""
    (extent,) = lvmdisk.extents(group, f"{pool}_tmeta")
    return Range(PV + extent.start, extent.size)


def check(run: Recorded, image: NgImage, place: Path,
          leaving: Collection[str] = ()) -> "Result":
    """Judge the group's metadata at each sector written, and the pool at each flush of changes."""
    base, log, entries = run.base, run.log, run.entries
    area, thin = place / "area", place / "thin"
    extract(base, METADATA, area)
    with open(area, "rb") as disk:
        before = lvmdisk.metadata(disk)
    extract(base, pool_metadata(before, image.pool), thin)
    oracle, result = LvmOracle(image, before, leaving), Result()
    with open(area, "r+b") as disk, open(thin, "r+b") as meta, open(log, "rb") as writes:
        group = Replay(disk, writes, METADATA)
        pool = Replay(meta, writes, pool_metadata(before, image.pool))
        volatile: List[Entry] = []
        dirty = True
        for entry in entries:
            if entry.flush:
                pool.apply(volatile)
                volatile = []
                if dirty:
                    result.flushes += 1
                    result.add(entry, oracle.pool(disk, meta))
                dirty = False
            if entry.within(*METADATA):
                for size in (*range(lvmdisk.SECTOR, min(entry.size, 8192), lvmdisk.SECTOR), -1):
                    undo = group.apply([entry], size)
                    result.writes += 1
                    result.add(entry, oracle.group(disk))
                    if size >= 0:
                        group.undo(undo)
            dirty = dirty or entry.within(*METADATA) or entry.within(*pool.part)
            volatile.append(entry)
    return result


class Result:
    """How much was judged, and what was wrong."""

    def __init__(self) -> None:
        self.writes = self.flushes = 0
        self.problems: List[str] = []

    def add(self, entry: Entry, problems: Sequence[str]) -> None:
        """Note the problems after an entry."""
        self.problems += [f"after entry {entry.number}: {problem}" for problem in problems]
