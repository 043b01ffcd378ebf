"""Packages through librpm."""

from pathlib import Path

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.inventory import packages
from tests.fakes import FakeHost, snapshot
from tests.recorded import rpm_database

pytest.importorskip("rpm")
A, B, B2 = "a-1-1.el9.noarch", "b-2:1.0-3.el9.x86_64", "b-2:1.1-1.el9.x86_64"


def test_added_removed_and_updated(fake_host: FakeHost) -> None:
    rpm_database(fake_host.path(packages.LIVE), [A, B2, "c-1-1.noarch"])
    rpm_database(fake_host.path(packages.FACTORY), [A, B, "d-1-1.noarch"])
    fake_host.write(f"{packages.PERSISTED}/c-1-1.noarch.rpm")
    fake_host.write(f"{packages.PERSISTED}/notes")
    found = packages.read(fake_host)
    assert found.total == 3
    assert [p.nevra for p in found.added] == [B2, "c-1-1.noarch"]
    assert [p.nevra for p in found.removed] == [B, "d-1-1.noarch"]
    assert found.persisted == ("c-1-1.noarch.rpm",)
    assert (found.added[0].epoch, found.added[0].vendor) == (2, "Example")


def test_keys_and_the_images_own_mark_are_no_packages_of_the_admin(fake_host: FakeHost) -> None:
    rpm_database(fake_host.path(packages.LIVE), [
        A, "ovirt-node-ng-image-update-4.5-1.noarch", "gpg-pubkey-1-2.(none)"])
    rpm_database(fake_host.path(packages.FACTORY), [
        A, "ovirt-node-ng-image-update-placeholder-4.5-1.noarch"])
    found = packages.read(fake_host)
    assert (found.total, found.added, found.removed) == (2, (), ())


def test_the_database_is_not_touched(fake_host: FakeHost) -> None:
    rpm_database(fake_host.path(packages.LIVE), [A])
    for name in ("rpmdb.sqlite-shm", "rpmdb.sqlite-wal", ".rpm.lock"):
        path = fake_host.path(f"{packages.LIVE}/{name}")
        if path.exists():
            path.unlink()
    before = snapshot(fake_host.root)
    assert [p.name for p in packages.database(fake_host, packages.LIVE)] == ["a"]
    assert snapshot(fake_host.root) == before


def test_a_link_to_the_database_is_followed_inside_the_root(fake_host: FakeHost) -> None:
    rpm_database(fake_host.path(packages.LIVE), [A])
    fake_host.link("/var/lib/rpm", "../../usr/share/rpm")
    assert len(packages.database(fake_host, "/var/lib/rpm")) == 1


@pytest.mark.parametrize("damage", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_is_bad_input(fake_host: FakeHost, damage: bytes) -> None:
    fake_host.write(f"{packages.LIVE}/rpmdb.sqlite", damage)
    with pytest.raises(BadInput):
        packages.database(fake_host, packages.LIVE)


def test_a_database_of_which_a_part_is_gone_is_bad_input(fake_host: FakeHost) -> None:
    rpm_database(fake_host.path(packages.LIVE), [f"p{n}-1-1.noarch" for n in range(400)])
    path = Path(fake_host.path(f"{packages.LIVE}/rpmdb.sqlite"))
    for name in ("-wal", "-shm"):
        Path(f"{path}{name}").unlink()  # a clean database has none; what they held is in it
    data = bytearray(path.read_bytes())
    for offset in range(len(data) // 4, len(data) * 3 // 4):
        data[offset] = 0
    path.write_bytes(data)
    with pytest.raises(BadInput, match="cannot be read completely"):
        packages.database(fake_host, packages.LIVE)


def test_no_database_is_bad_input(fake_host: FakeHost) -> None:
    with pytest.raises(BadInput, match="no rpm database"):
        packages.database(fake_host, packages.LIVE)
