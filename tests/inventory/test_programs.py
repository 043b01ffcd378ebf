"""Which programs a host has: executable files only, looked for and never started."""

from ng2coreos.inventory import programs
from tests.fakes import FakeHost


def test_what_is_installed_is_found_wherever_it_lies(fake_host: FakeHost) -> None:
    fake_host.write("/usr/bin/ostree", mode=0o755)
    fake_host.write("/usr/sbin/lvm", mode=0o555)
    fake_host.link("/usr/sbin/lvs", "lvm")
    fake_host.link("/sbin", "usr/sbin")
    fake_host.write("/usr/bin/unknown", mode=0o755)
    assert programs.read(fake_host) == ("lvs", "ostree")


def test_a_link_that_leads_nowhere_or_a_file_that_is_none_is_not_installed(
        fake_host: FakeHost) -> None:
    fake_host.link("/usr/bin/ostree", "ostree-2")
    fake_host.write("/usr/bin/mount", mode=0o644)
    fake_host.path("/usr/bin/sync").mkdir()
    assert programs.read(fake_host) == ()
