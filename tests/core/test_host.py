"""A host below a root: nothing outside is ever read, whatever the links inside say."""

import os
from pathlib import Path

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("secret", "utf-8")
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "file").write_text("inside", "utf-8")
    return root


@pytest.mark.parametrize("link", ["/etc/file", "file", "../etc/file", "../../../../etc/file"])
def test_links_are_resolved_inside_the_root(root: Path, link: str) -> None:
    (root / "etc" / "link").symlink_to(link)
    assert Host(str(root)).read_text("/etc/link") == "inside"


@pytest.mark.parametrize("link", ["../../outside", "/../outside", "../../../outside"])
def test_links_out_of_the_root_lead_nowhere(root: Path, link: str) -> None:
    (root / "etc" / "link").symlink_to(link)
    with pytest.raises(FileNotFoundError):
        Host(str(root)).read_text("/etc/link")
    assert Host(str(root)).read_text("/etc/link", default="none") == "none"


def test_a_linked_directory_is_resolved_inside_too(root: Path, tmp_path: Path) -> None:
    (root / "dir").symlink_to(str(tmp_path))
    assert Host(str(root)).names("/dir") == []


def test_a_loop_is_one_clear_error(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(BadInput, match="loop"):
        Host(str(root)).read_text("/a")


def test_a_file_that_is_switched_off_by_a_link_to_null_is_empty(tmp_path: Path) -> None:
    (tmp_path / "x.conf").symlink_to("/dev/null")
    assert Host().read_bytes(str(tmp_path / "x.conf")) == b""
    with pytest.raises(BadInput, match="not a regular file"):
        Host().read_bytes("/dev/zero")


def test_a_directory_is_no_file(root: Path) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(BadInput, match="/etc is not a regular file"):
        Host(str(root)).read_bytes("/etc")
    with pytest.raises(BadInput, match="not a regular file"):
        Host(str(root)).read_text("/etc", default="")
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_a_fifo_does_not_block(root: Path) -> None:
    os.mkfifo(str(root / "etc" / "fifo"))
    with pytest.raises(BadInput, match="not a regular file"):
        Host(str(root)).read_bytes("/etc/fifo")


def test_a_huge_file_is_refused(root: Path) -> None:
    with open(root / "etc" / "huge", "wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(BadInput, match="larger"):
        Host(str(root)).read_bytes("/etc/huge")


def test_undecodable_text_survives(root: Path) -> None:
    (root / "etc" / "latin").write_bytes(b"caf\xe9")
    assert Host(str(root)).read_text("/etc/latin").encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_walk_shows_every_path_once_and_follows_no_link(root: Path) -> None:
    (root / "etc" / "sub").mkdir()
    (root / "etc" / "sub" / "x").touch()
    (root / "etc" / "loop").symlink_to("/etc")
    assert sorted(Host(str(root)).walk("/etc")) == [
        "/etc/file", "/etc/loop", "/etc/sub", "/etc/sub/x"]
