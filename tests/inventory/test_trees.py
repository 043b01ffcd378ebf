"""The size of what is copied out of NG's root."""

import os
import subprocess
from dataclasses import replace
from typing import Dict

import pytest

from ng2coreos.inventory import trees
from ng2coreos.model.facts import Layout, Mount, TreeSize
from tests.fakes import FakeHost
from tests.plan import build
from tests.stage.namespace import in_namespace

KIB = 1024


def layout(*mounted: str) -> Layout:
    """A layout where only `mounted` are file systems of their own."""
    return replace(build.layout(), mounts=tuple(
        Mount("/dev/x", path, "xfs", "rw") for path in ("/", *mounted)))


def sizes(host: FakeHost, *mounted: str) -> Dict[str, TreeSize]:
    return {tree.path: tree for tree in trees.read(host, layout(*mounted))}


def test_files_directories_and_links_are_inodes_but_only_files_have_bytes(
        fake_host: FakeHost) -> None:
    fake_host.write("/opt/tool/bin/run", b"x" * 8 * KIB)
    fake_host.write("/opt/tool/lib", b"y" * 100)
    fake_host.link("/opt/current", "tool")
    assert sizes(fake_host)["/opt"] == TreeSize("/opt", 8 * KIB + 100, 5)


def test_a_missing_or_empty_directory_is_measured_as_nothing(fake_host: FakeHost) -> None:
    fake_host.path("/srv").mkdir()
    found = sizes(fake_host)
    assert set(found) == {"/home", "/opt", "/root", "/srv", "/usr/local"}
    assert all((tree.bytes, tree.inodes) == (0, 0) for tree in found.values())


def test_a_mount_of_its_own_is_not_copied_and_so_not_measured(fake_host: FakeHost) -> None:
    fake_host.write("/home/admin/x", "x")
    found = sizes(fake_host, "/home", "/opt")
    assert set(found) == {"/root", "/srv", "/usr/local"}


def test_a_hard_linked_file_counts_once(fake_host: FakeHost) -> None:
    first = fake_host.write("/root/a", b"z" * 4 * KIB)
    os.link(str(first), str(first.with_name("b")))
    os.link(str(first), str(first.with_name("c")))
    assert sizes(fake_host)["/root"] == TreeSize("/root", 4 * KIB, 1)


def test_a_hole_takes_no_room(fake_host: FakeHost) -> None:
    path = fake_host.write("/root/disk.img")
    os.truncate(str(path), 1 << 40)
    assert sizes(fake_host)["/root"].bytes < KIB * KIB


def test_a_symlink_is_never_followed(fake_host: FakeHost) -> None:
    fake_host.write("/elsewhere/big", b"b" * 64 * KIB)
    fake_host.link("/srv", "/elsewhere")
    fake_host.write("/root/file", b"f" * 10)
    fake_host.link("/root/out", "/elsewhere")
    found = sizes(fake_host)
    assert found["/srv"] == TreeSize("/srv", 0, 0)
    assert found["/root"] == TreeSize("/root", 10, 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_another_file_system_below_is_left_out(fake_host: FakeHost) -> None:
    fake_host.write("/opt/mine", b"m" * 10)
    below = fake_host.path("/opt/mounted")
    below.mkdir()

    def measure() -> None:
        subprocess.run(["mount", "-t", "tmpfs", "none", str(below)], check=True, timeout=60)
        (below / "theirs").write_bytes(b"t" * 4096)
        assert sizes(fake_host)["/opt"] == TreeSize("/opt", 10, 1)

    in_namespace(measure)


def test_directories_of_the_admin_in_the_root_count_where_they_hold_something(
        fake_host: FakeHost) -> None:
    fake_host.write("/scripts/backup.sh", "x")
    fake_host.write("/mnt/notes.txt", "x")
    fake_host.path("/data/images/rhev").mkdir(parents=True)
    fake_host.path("/bricks/b1").mkdir(parents=True)
    fake_host.write("/iso/disk", "x")
    fake_host.write("/usr/bin/x", "x")
    found = sizes(fake_host, "/bricks/b1", "/iso")
    assert set(found) - set(trees.PATHS) == {"/scripts", "/mnt", "/bricks"}
