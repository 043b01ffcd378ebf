"""Names out of an initramfs, in every format that dracut writes, in bounded memory."""

import os
import tracemalloc
from typing import Iterator, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput
from ng2coreos.target import compressed
from ng2coreos.target.cpio import Pieces, read_names
from ng2coreos.target.initramfs import inspect
from tests.target.images import EARLY, MAIN, compress, cpio

FORMATS = ["none", "gzip", "xz", "zstd", "lz4", "lz4-frame", "bzip2"]
RANDOM = compress(cpio([("dev/random", 0o20666, b"")]), "gzip")  # as rpm-ostree appends it


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at:at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("early", [b"", EARLY, EARLY + EARLY])
@pytest.mark.parametrize("size", [777, 1 << 20])
def test_every_format(how: str, early: bytes, size: int) -> None:
    data = early + compress(MAIN, how)
    found = inspect(len(data), pieces(data, size))
    assert found.bytes == len(data)
    assert found.has_lvm and found.has_thin_tools and found.has_ostree and found.has_ignition
    assert not found.devices_file
    assert len(found.first_boot_units) == 2


@pytest.mark.parametrize("how", ["gzip", "xz", "zstd", "none"])
def test_archives_behind_the_main_one(how: str) -> None:
    late = cpio([("etc/lvm/devices/system.devices", 0o100644, b"")])
    for data in (compress(MAIN, how) + RANDOM, compress(MAIN, how) + compress(late, how)):
        found = inspect(0, pieces(data, 1000))
        assert found.has_lvm
    assert found.devices_file


def test_nothing_is_claimed_that_is_not_inside() -> None:
    data = cpio([("usr/share/doc/usr/sbin/lvm", 0o100644, b""),
                 ("usr/sbin/lvmconfig", 0o100755, b""), ("etc/lvm/devices", 0o40755, b"")])
    found = inspect(0, pieces(data, 1000))
    assert not (found.has_lvm or found.has_thin_tools or found.has_ostree or found.has_ignition
                or found.devices_file or found.first_boot_units)


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("keep", [0.05, 0.5, 0.95])
def test_a_cut_is_bad_input(how: str, keep: float) -> None:
    body = cpio([("usr/sbin/lvm", 0o100755, os.urandom(200_000))])
    data = EARLY + compress(body, how)
    with pytest.raises(BadInput):
        inspect(0, pieces(data[:len(EARLY) + int(keep * (len(data) - len(EARLY)))], 4096))


@pytest.mark.parametrize("data", [b"hello world", EARLY + b"\x5d\0\0rest", EARLY[:400],
                                  compress(b"no archive inside", "gzip")])
def test_what_is_no_initramfs(data: bytes) -> None:
    with pytest.raises(BadInput):
        inspect(0, pieces(data, 100))


@pytest.mark.parametrize("how", ["gzip", "xz", "zstd"])
def test_memory_stays_bounded(how: str) -> None:
    bomb = compress(cpio([("big", 0o100644, b"\0" * (200 << 20)), ("usr/sbin/lvm", 0, b"")]), how)
    tracemalloc.start()
    found = inspect(0, pieces(bomb, 1 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.has_lvm
    assert peak < 16 << 20


def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "DEADLINE_S", 0.3)
    monkeypatch.setitem(compressed._PROGRAMS, b"\x28\xb5\x2f\xfd", ("sleep", "60"))
    with pytest.raises(Exception, match="did not end"):
        inspect(0, pieces(compress(MAIN, "zstd"), 1000))


def test_an_error_of_the_source_reaches_the_reader() -> None:
    def broken() -> Iterator[bytes]:
        yield compress(MAIN, "zstd")
        raise BadInput("the object is damaged", hint="x")

    with pytest.raises(BadInput, match="the object is damaged"):
        inspect(0, broken())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text("abc/.", min_size=1, max_size=30).filter(lambda n: n != "."),
                          st.binary(max_size=50)), max_size=8), st.integers(1, 200))
def test_names_come_out_as_they_went_in(entries: List[Tuple[str, bytes]], size: int) -> None:
    data = cpio([(name, 0o100644, content) for name, content in entries])
    names: List[str] = []
    assert read_names(Pieces(pieces(data, size)), names.append) is None
    wanted = [n[2:] if n.startswith("./") else n.lstrip("/") for n, _ in entries]
    assert names == [*wanted, "TRAILER!!!"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 900))
def test_any_noise_is_bad_input_or_harmless(noise: bytes, at: int) -> None:
    data = bytearray(MAIN)
    data[at:at + len(noise)] = noise
    try:
        inspect(0, pieces(bytes(data), 1 << 16))
    except BadInput:
        pass
