"""Enabled and masked units."""

from ng2coreos.inventory import services
from ng2coreos.model.facts import Service
from tests.fakes import FakeHost

D = services.DIRECTORY
U = "/usr/lib/systemd/system"


def test_enabled_required_masked_and_aliased(fake_host: FakeHost) -> None:
    fake_host.link(f"{D}/multi-user.target.wants/a.service", f"{U}/a.service")
    fake_host.link(f"{D}/sockets.target.requires/a.service", f"{U}/a.service")
    fake_host.link(f"{D}/getty.target.wants/getty@tty1.service", f"{U}/getty@.service")
    fake_host.link(f"{D}/b.service", "/dev/null")
    fake_host.link(f"{D}/multi-user.target.wants/b.service", f"{U}/b.service")
    fake_host.link(f"{D}/default.target", f"{U}/multi-user.target")
    fake_host.link(f"{D}/multi-user.target.wants/c.service", "/dev/null")
    fake_host.write(f"{D}/d.service", "")
    fake_host.write(f"{D}/own.service", "[Service]\n")
    fake_host.write(f"{D}/own.service.d/x.conf", "")
    assert services.read(fake_host) == (
        Service("a.service", "enabled", ("multi-user.target.wants", "sockets.target.requires")),
        Service("b.service", "masked", ("multi-user.target.wants",)),
        Service("d.service", "masked"),
        Service("getty@tty1.service", "enabled", ("getty.target.wants",)))


def test_no_directory_no_services(fake_host: FakeHost) -> None:
    assert services.read(fake_host) == ()
