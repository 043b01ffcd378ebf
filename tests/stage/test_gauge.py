"""The gauge reads what is in use, exactly, and never fails a run."""

from pathlib import Path

import pytest

from ng2coreos.stage.gauge import BOOT, BOOT_INODES, METADATA, POOL, gauge
from tests.fakes import FakeHost

# as Linux 5.10 prints it: a pool of 9 GiB with chunks of 64 KiB
STATUS = ("0 18874368 thin-pool 12 3495/32768 22702/147456 - rw discard_passdown "
          "queue_if_no_space - 1024 \n")


def measured(host: FakeHost, vg: str = "onn_node01") -> "dict[str, int]":
    host.path("/boot").mkdir(parents=True, exist_ok=True)
    return gauge(host, vg, "pool00", "/boot")


def test_the_pools_fill_is_told_in_chunks(fake_host: FakeHost) -> None:
    fake_host.on("dmsetup", "status", "onn_node01-pool00-tpool", stdout=STATUS)
    found = measured(fake_host)
    assert found[POOL] == 22702 * 65536
    assert found[METADATA] == 3495 * 4096


@pytest.mark.parametrize("sectors, chunks, chunk_kib", [
    (2147483648, 8388608, 128), (2147483648 - 64, 8388607, 128), (4194304000 + 100, 2048000, 1024)])
def test_any_size_of_chunk(fake_host: FakeHost, sectors: int, chunks: int, chunk_kib: int) -> None:
    """The last chunk of a pool may be a part of one."""
    fake_host.on("dmsetup", ..., stdout=f"0 {sectors} thin-pool 1 5/100 10/{chunks} - rw \n")
    assert measured(fake_host)[POOL] == 10 * chunk_kib * 1024


def test_hyphens_in_names_are_doubled(fake_host: FakeHost) -> None:
    fake_host.on("dmsetup", "status", "onn--a-pool00-tpool", stdout=STATUS)
    assert POOL in measured(fake_host, "onn-a")


@pytest.mark.parametrize("text", ["", "Device does not exist.", "0 100 thin-pool Fail\n",
                                  "0 100 thin-pool 1 1/1 0/0 - rw \n"])
def test_a_pool_that_tells_nothing_is_left_out(fake_host: FakeHost, text: str) -> None:
    fake_host.on("dmsetup", ..., stdout=text)
    assert set(measured(fake_host)) == {BOOT, BOOT_INODES}


def test_no_run_fails_for_want_of_a_figure(fake_host: FakeHost, tmp_path: Path) -> None:
    fake_host.on("dmsetup", ..., rc=1)
    assert POOL not in measured(fake_host)
    fake_host.on("dmsetup", ..., missing=True)
    assert gauge(fake_host, "onn", "pool00", "/nowhere") == {}
