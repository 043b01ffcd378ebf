"""Rebuilds a recorded disk as it was at any moment: all of it, or one range of it as a raw file."""

import subprocess
from pathlib import Path
from typing import BinaryIO, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from . import nbd
from .recording import overlay
from .writelog import Entry, data


class Range(NamedTuple):
    """Where a partition lies on the disk, in bytes."""

    start: int
    size: int


def extract(disk: Path, part: Range, out: Path) -> None:
    """That range of a qcow2 image as a sparse file."""
    options = (f"driver=raw,offset={part.start},size={part.size},"
               f"file.driver=qcow2,file.file.filename={disk.resolve()}")
    subprocess.run(["qemu-img", "convert", "-O", "raw", "--image-opts", options, str(out)],
                   check=True)


def rebuild(base: Path, log: Path, entries: Iterable[Entry], out: Path) -> None:
    """The whole disk after these entries, as an overlay of the recording's base."""
    overlay(out, base)
    with open(log, "rb") as stream, nbd.opened(out) as disk:
        for entry in entries:
            if entry.discard:
                disk.zero(entry.start, entry.size)
            elif entry.size:
                disk.write(entry.start, data(stream, entry))


def same(one: Path, other: Path) -> bool:
    """Do two qcow2 images hold the same bytes?"""
    done = subprocess.run(["qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", str(one),
                           str(other)], stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"qemu-img compare ended with {done.returncode}")
    return done.returncode == 0


class Replay:
    """A range of the disk as a file, that goes forward through the log."""

    def __init__(self, disk: BinaryIO, log: BinaryIO, part: Range) -> None:
        self.disk, self.log, self.part = disk, log, part

    def apply(self, entries: Iterable[Entry], most: int = -1) -> List[Tuple[int, bytes]]:
        """Do what they did, of each the first `most` bytes at most; what undoes it, newest last."""
        undo = []
        for entry in entries:
            for at, new in self._change(entry, most):
                self.disk.seek(at)
                undo.append((at, self.disk.read(len(new))))
                self.disk.seek(at)
                self.disk.write(new)
        self.disk.flush()
        return undo

    def undo(self, record: Sequence[Tuple[int, bytes]]) -> None:
        """Go back to before an `apply`."""
        for at, old in reversed(record):
            self.disk.seek(at)
            self.disk.write(old)
        self.disk.flush()

    def _change(self, entry: Entry, most: int) -> Iterator[Tuple[int, bytes]]:
        first = max(entry.start, self.part.start)
        end = min(entry.start + entry.size, self.part.start + self.part.size)
        if most >= 0:
            end = min(end, first + most)
        if end <= first:
            return
        if entry.discard:
            yield first - self.part.start, bytes(end - first)
        else:
            self.log.seek(entry.data_at + first - entry.start)
            yield first - self.part.start, self.log.read(end - first)
