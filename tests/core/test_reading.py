"""Bounded reading: regular files only, never without end."""

import os
from pathlib import Path

import pytest

from ng2coreos.core.reading import read_regular


def test_a_file_and_a_link_to_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 10)
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 10) == b"x" * 10
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "missing")


def test_a_larger_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 11)
    with pytest.raises(OSError, match="larger than 10 bytes"):
        read_regular(tmp_path / "file", 10)


def test_what_is_no_file_neither_blocks_nor_floods(tmp_path: Path) -> None:
    os.mkfifo(str(tmp_path / "fifo"))
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError):
            read_regular(path)


@pytest.mark.parametrize("mode, owner, problem", [
    (0o644, 0, ""), (0o600, 7, ""), (0o664, 0, "others"), (0o602, 0, "others"),
    (0o644, 8, "uid 8")])
def test_of_safe_owners_only(tmp_path: Path, mode: int, owner: int, problem: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    os.chown(file, owner, 0)
    file.chmod(mode)
    if not problem:
        assert read_regular(file, owners={0, 7}) == b"x"
        return
    with pytest.raises(PermissionError, match=problem):
        read_regular(file, owners={0, 7})
    assert read_regular(file) == b"x"
