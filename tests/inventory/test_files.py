"""The fact about one path."""

import hashlib
import os

import pytest

from ng2coreos import inventory
from ng2coreos.core.errors import BadInput
from tests.fakes import FakeHost


def test_a_large_file_is_digested_and_its_access_time_kept(fake_host: FakeHost) -> None:
    data = os.urandom(3 * 1024 * 1024 + 17)
    path = fake_host.write("/etc/big", data, mode=0o640)
    os.utime(str(path), ns=(5, path.stat().st_mtime_ns))
    fact = inventory.read_file(fake_host, "/etc/big")
    assert (fact.kind, fact.mode, fact.size_bytes) == ("file", 0o640, len(data))
    assert fact.sha256 == hashlib.sha256(data).hexdigest()
    assert path.stat().st_atime_ns == 5


def test_a_symlink_is_not_followed(fake_host: FakeHost) -> None:
    fake_host.write("/etc/secret", "x")
    fake_host.link("/etc/link", "/etc/secret")
    fact = inventory.read_file(fake_host, "/etc/link")
    assert (fact.kind, fact.link, fact.sha256) == ("symlink", "/etc/secret", "")


def test_a_parent_that_leads_out_of_the_root_stays_inside(fake_host: FakeHost) -> None:
    fake_host.link("/etc/out", "/proc/self")
    with pytest.raises(BadInput, match="not there"):
        inventory.read_file(fake_host, "/etc/out/cmdline")


def test_a_fifo_is_other(fake_host: FakeHost) -> None:
    fake_host.write("/etc/x")
    os.mkfifo(str(fake_host.path("/etc/fifo")))
    assert inventory.read_file(fake_host, "/etc/fifo").kind == "other"


@pytest.mark.parametrize("path", ["/etc/none", "/none/none"])
def test_nothing_there_is_bad_input(fake_host: FakeHost, path: str) -> None:
    with pytest.raises(BadInput, match="not there"):
        inventory.read_file(fake_host, path)
