"""Who the host is."""

import os

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.inventory import host_identity, parse
from tests.fakes import FakeHost

ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def host(fake_host: FakeHost) -> FakeHost:
    """A host with a machine id and an architecture."""
    fake_host.write("/etc/machine-id", f"{ID}\n")
    return fake_host.on("uname", "-m", stdout="x86_64\n")


def test_the_last_of_equal_keys_counts(host: FakeHost) -> None:
    host.write("/etc/os-release", "VARIANT_ID=server\nPRETTY_NAME='oVirt Node 4.3'\n"
                                  'VARIANT_ID="ovirt-node"\nPRETTY_NAME="oVirt Node 4.4.10"\n')
    found = host_identity.read(host)
    assert (found.variant_id, found.product) == ("ovirt-node", "oVirt Node 4.4.10")


@pytest.mark.parametrize("hostname,kernel,hosts,wanted", [
    ("n1.example.org", "x", "", "n1.example.org"),
    ("n1", "x", "192.0.2.1 n1 n1.example.org\n", "n1.example.org"),
    ("n1", "x", "127.0.0.1 n1.localdomain\n# 192.0.2.1 n1.example.org\n", "n1"),
    ("", "n2.example.org", "", "n2.example.org"),
    ("localhost.localdomain", "n3", "::1 n3.example.net\n", "n3.example.net"),
    ("", "localhost", "", "localhost")])
def test_the_name(host: FakeHost, hostname: str, kernel: str, hosts: str, wanted: str) -> None:
    host.write_all({"/etc/hostname": f"{hostname}\n", "/etc/hosts": hosts,
                    "/proc/sys/kernel/hostname": f"{kernel}\n"})
    assert host_identity.read(host).fqdn == wanted


def test_memory_and_kernel(host: FakeHost) -> None:
    host.write_all({"/proc/meminfo": "MemTotal:  2048 kB\nMemFree: 1 kB\n",
                    "/proc/sys/kernel/osrelease": "5.14.0-1\n"})
    found = host_identity.read(host)
    assert (found.memory_bytes, found.kernel, found.arch) == (2097152, "5.14.0-1", "x86_64")


@pytest.mark.parametrize("content", ["", "uninitialized\n", "xyz", ID[:-1]])
def test_a_host_without_machine_id_is_bad_input(fake_host: FakeHost, content: str) -> None:
    fake_host.write("/etc/machine-id", content)
    with pytest.raises(BadInput, match="machine-id"):
        host_identity.read(fake_host)


def test_the_running_kernels_own_files_can_be_read() -> None:
    """They answer reads of many megabytes with ENOMEM."""
    assert parse.line_of(Host("/"), "/proc/sys/kernel/osrelease") == os.uname().release
