"""Packages through librpm."""

import subprocess
from pathlib import Path
from typing import Dict, Sequence

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.inventory import packages
from tests.fakes import FakeHost, snapshot
from tests.recorded import rpm_database
from tests.rig import rpms

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


def built(directory: Path, tags: Dict[str, Sequence[str]]) -> Dict[str, Path]:
    """Real packages, by their name, each with the lines of its spec ("Requires: x")."""
    spec = directory / "made.spec"
    lines = ["Name: made", "Version: 1", "Release: 1", "Summary: made", "License: GPL",
             "BuildArch: noarch", "%description", "made"]
    for name, more in tags.items():
        lines += [f"%package -n {name}", "Summary: made", "AutoReqProv: no", *more,
                  f"%description -n {name}", "made", f"%files -n {name}"]
    spec.write_text("\n".join(lines) + "\n")
    subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {directory}", "--define",
                    f"_rpmdir {directory}", "--define", "_rpmfilename %%{NAME}.rpm", str(spec)],
                   check=True, timeout=120, stderr=subprocess.DEVNULL)
    return {name: directory / f"{name}.rpm" for name in tags}


def test_what_comes_along_is_what_nothing_else_here_provides(
        fake_host: FakeHost, tmp_path: Path) -> None:
    made = built(tmp_path, {
        "by-name": ["Requires: lib-a >= 1"], "by-isa": ["Requires: lib-a(x86-64)"],
        "by-soname": ["Requires: libb.so.1()(64bit)"], "by-module": ["Requires: perl(B)"],
        "lib-a": ["Provides: lib-a(x86-64) = 1"],
        "lib-b": ["Provides: libb.so.1()(64bit)", "Provides: perl(B)", "Provides: mta"],
        "by-choice": ["Requires: mta"], "by-path": ["Requires: /usr/bin/env-of-b"],
        "itself": ["Provides: libi.so()(64bit)", "Requires: libi.so()(64bit)", "Requires: itself"],
        "either": ["Requires: (lib-a or lib-b)"], "if-there": ["Requires: (lib-a if lib-b)"],
        "twin-1": ["Provides: libt.so()(64bit)"], "twin-2": ["Provides: libt.so()(64bit)"],
        "of-twins": ["Requires: libt.so()(64bit)"],
        "ring-1": ["Requires: ring-2"], "ring-2": ["Requires: ring-1"],
        "weak": ["Recommends: lib-a"], "for-image": [],
        "of-image": ["Requires: lib-image", "Requires: libs.so()(64bit)"],
        "shared": ["Provides: libs.so()(64bit)"],
        "lib-image": ["Provides: libs.so()(64bit)"], "image": ["Requires: for-image"]})
    image = [made[name] for name in ("lib-image", "image")]
    rpms.install(image, fake_host.path(packages.FACTORY))
    rpms.install(list(made.values()), fake_host.path(packages.LIVE))
    found = packages.read(fake_host)
    assert {p.name for p in found.added} == made.keys() - {"lib-image", "image"}
    assert found.needs == {
        "by-name": ("lib-a",), "by-isa": ("lib-a",), "by-soname": ("lib-b",),
        "by-module": ("lib-b",), "ring-1": ("ring-2",), "ring-2": ("ring-1",)}
