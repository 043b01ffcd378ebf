"""Logs of writes as QEMU makes them: what is replayed is the disk at that moment, and no other."""

import random
import subprocess
from pathlib import Path
from typing import List

import pytest

from . import nbd
from .recording import overlay
from .replay import Range, Replay, extract, rebuild, same
from .writelog import Entry, LogError, data, flushes, lost, read

_KIB = 1024
_DISK_BYTES = 8 << 20
COMMANDS = ("write -P 1 64k 8k", "flush", "write -P 2 68k 8k", "write -P 0 1M 64k",
            "write -P 3 1028k 4k", "flush", "write -P 4 0 512", "write -z 128k 64k",
            "discard 64k 64k", "flush")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """base.qcow2 with something on it, final.qcow2 after COMMANDS, and writes.log of them."""
    base, final, log = (tmp_path / name for name in ("base.qcow2", "final.qcow2", "writes.log"))
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(base), str(_DISK_BYTES)],
                   check=True)
    _qemu_io(["write -P 9 0 2M"], "-f", "qcow2", str(base))
    overlay(final, base)
    log.touch()
    _qemu_io(COMMANDS, "--image-opts",
             f"driver=blklogwrites,file.driver=qcow2,file.file.driver=file,file.discard=unmap,"
             f"file.file.filename={final},log.driver=raw,log.file.driver=file,"
             f"log.file.filename={log}")
    return tmp_path


def _qemu_io(commands: "List[str] | tuple[str, ...]", *argv: str) -> None:
    words = [word for command in commands for word in ("-c", command)]
    subprocess.run(["qemu-io", "-t", "writeback", "-d", "unmap", *words, *argv], check=True,
                   stdout=subprocess.DEVNULL)


def test_the_entries_are_what_the_disk_was_asked(place: Path) -> None:
    entries = [e for e in read(place / "writes.log") if not e.flush]
    assert [(e.start, e.size, e.discard) for e in entries] == [
        (64 * _KIB, 8 * _KIB, False), (68 * _KIB, 8 * _KIB, False),
        (1024 * _KIB, 64 * _KIB, False), (1028 * _KIB, 4 * _KIB, False), (0, 512, False),
        (128 * _KIB, 64 * _KIB, False), (64 * _KIB, 64 * _KIB, True)]
    with open(place / "writes.log", "rb") as log:
        assert [set(data(log, e)) for e in entries[:6]] == [{1}, {2}, {0}, {3}, {4}, {0}]


def test_all_of_it_gives_the_final_disk_and_less_does_not(place: Path) -> None:
    entries = read(place / "writes.log")
    for count, equal in ((len(entries), True), (3, False)):
        out = place / f"{count}.qcow2"
        rebuild(place / "base.qcow2", place / "writes.log", entries[:count], out)
        assert same(out, place / "final.qcow2") is equal


def test_a_range_goes_forward_and_back(place: Path) -> None:
    part = Range(66 * _KIB, 1024 * _KIB)
    for name in ("base", "final"):
        extract(place / f"{name}.qcow2", part, place / name)
    before, after = (place / "base").read_bytes(), (place / "final").read_bytes()
    entries = read(place / "writes.log")
    with open(place / "base", "r+b") as disk, open(place / "writes.log", "rb") as log:
        replay = Replay(disk, log, part)
        half = replay.apply([entries[0]], 3 * _KIB)
        assert (place / "base").read_bytes() == b"\1" * 3 * _KIB + before[3 * _KIB:]
        replay.undo(half)
        done = replay.apply(entries)
        assert (place / "base").read_bytes() == after
        replay.undo(done)
    assert (place / "base").read_bytes() == before


def test_at_a_flush_all_is_durable_and_only_then(place: Path) -> None:
    entries = read(place / "writes.log")
    assert [sum(1 for e in entries[:at] if e.size) for at in flushes(entries)] == [1, 4, 7]


def test_a_cut_keeps_what_was_flushed_and_any_part_of_the_rest(place: Path) -> None:
    entries = read(place / "writes.log")
    cut = [e.number for e in entries if e.flush][1]
    kept = {tuple(e.start for e in lost(entries, cut, random.Random(seed)) if e.size)
            for seed in range(100)}
    flushed = (64 * _KIB,)
    rest = (68 * _KIB, 1024 * _KIB, 1028 * _KIB)
    assert {k[:1] for k in kept} == {flushed}
    assert {flushed, flushed + rest, flushed + rest[1:]} <= kept


def test_a_torn_log_is_none(place: Path) -> None:
    log = place / "writes.log"
    whole = log.read_bytes()
    entries = read(log)
    last = max(e for e in entries if e.size and not e.discard)
    log.write_bytes(whole[:last.data_at + last.size - 1])
    with pytest.raises(LogError, match="ends at byte"):
        read(log)
    log.write_bytes(b"x" + whole[1:])
    with pytest.raises(LogError, match="no log"):
        read(log)


def test_an_entry_knows_what_it_touches() -> None:
    entry = Entry(0, 100, 50, 0, 0)
    assert entry.within(0, 101) and entry.within(149, 1)
    assert not entry.within(0, 100) and not entry.within(150, 10)


def test_nbd_reads_what_it_wrote(place: Path) -> None:
    with nbd.opened(place / "final.qcow2") as disk:
        assert disk.size == _DISK_BYTES
        disk.write(4096, b"new")
        disk.zero(0, 4096)
        assert disk.read(4095, 5) == b"\0new\x09"
    with nbd.opened(place / "final.qcow2") as disk:
        assert disk.read(4095, 4) == b"\0new"
        with pytest.raises(nbd.NbdError):
            disk.read(_DISK_BYTES, 1)
