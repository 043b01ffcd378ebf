"""A tar from anyone: nothing outside the new directory is touched, whatever it holds."""

import io
import tarfile
from pathlib import Path
from typing import Any, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput, NoSpace
from ng2coreos.target import unpack as unpack_module
from ng2coreos.target.unpack import CONFIG, unpack

GOOD: List[Tuple[str, bytes]] = [
    ("config", b"[core]\nrepo_version=1\nmode=archive-z2\n[remote \"x\"]\nurl=http://x/\n"),
    ("objects/ab/" + "c" * 62 + ".commit", b"commit"), ("refs/heads/a/b", b"f" * 64 + b"\n")]


def archive(path: Path, *members: Tuple[str, Any], good: bool = True) -> Path:
    """A tar of the members; a member is (name, content) or (name, dict of TarInfo's fields)."""
    with tarfile.open(path, "w") as tar:
        for name, content in [*(GOOD if good else []), *members]:
            info = tarfile.TarInfo(name)
            data = content if isinstance(content, bytes) else b""
            info.size = len(data)
            if isinstance(content, dict):
                for key, value in content.items():
                    setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_objects_refs_and_our_own_config(tmp_path: Path) -> None:
    repo = tmp_path / "w/repo"
    unpack(archive(tmp_path / "t", ("summary", b"x"), ("extensions/x", b"")), repo)
    assert (repo / GOOD[1][0]).read_bytes() == b"commit"
    assert (repo / "refs/heads/a/b").read_bytes() == GOOD[2][1]
    assert (repo / "config").read_bytes() == CONFIG
    assert not (repo / "summary").exists()


HOSTILE = {
    "dotdot": ("objects/../../../evil", b"x"),
    "dotdot in a ref": ("refs/heads/../../../evil", b"x"),
    "absolute": ("/tmp/evil", b"x"),
    "symlink": ("objects/ab", {"type": tarfile.SYMTYPE, "linkname": "/etc"}),
    "symlink inside": ("refs/heads/x", {"type": tarfile.SYMTYPE, "linkname": "a"}),
    "hard link": ("refs/heads/x", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}),
    "device": ("refs/heads/x", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 1}),
    "fifo": ("refs/heads/x", {"type": tarfile.FIFOTYPE}),
    "unknown file": ("hooks/post-update", b"x"),
    "odd object": ("objects/ab/" + "c" * 62 + ".sh", b"x"),
    "second repository": ("other/config", GOOD[0][1]),
    "ref below a ref": ("refs/heads/a/b/c", b"x"),
    "file over a directory": ("refs/heads", b"x"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_members_are_refused_and_leave_nothing(tmp_path: Path, name: str) -> None:
    work = tmp_path / "w"
    source = archive(tmp_path / "t", HOSTILE[name])
    try:
        unpack(source, work / "repo")
    except BadInput:
        assert list(work.iterdir()) == []
    else:
        raise AssertionError("not refused")
    assert not (tmp_path / "evil").exists() and not Path("/tmp/evil").exists()


@pytest.mark.parametrize("config", [
    b"[core]\nmode=bare\n", b"[core]\nrepo_version=2\nmode=archive\n", b"nonsense", b"\xff[core]"])
def test_only_archive_repositories(tmp_path: Path, config: bytes) -> None:
    source = archive(tmp_path / "t", ("config", config), good=False)
    with pytest.raises(BadInput):
        unpack(source, tmp_path / "repo")


def test_no_repository_at_all(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello" * 1000)
    for source in (archive(tmp_path / "t", GOOD[1], good=False), tmp_path / "text"):
        with pytest.raises(BadInput):
            unpack(source, tmp_path / "repo")


def test_size_is_bounded_before_it_is_written(tmp_path: Path) -> None:
    source = archive(tmp_path / "t", ("objects/aa/" + "b" * 62 + ".filez", b"\0" * 50_000))
    with pytest.raises(BadInput, match="more than"):
        unpack(source, tmp_path / "repo", limit_bytes=49_000)


def test_extended_headers_are_bounded(tmp_path: Path) -> None:
    source = archive(tmp_path / "t", ("x" * (2 << 20), b""))
    with pytest.raises(BadInput, match="extended header"):
        unpack(source, tmp_path / "repo")


def test_a_full_disk_is_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_module, "RESERVE_BYTES", 1 << 62)
    with pytest.raises(NoSpace):
        unpack(archive(tmp_path / "t"), tmp_path / "repo")
    assert not (tmp_path / "repo").exists()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.integers(0, 8000))
def test_any_damage_is_bad_input_or_harmless(tmp_path_factory: pytest.TempPathFactory,
                                             noise: bytes, at: int) -> None:
    tmp_path = tmp_path_factory.mktemp("noise")
    source = archive(tmp_path / "t")
    data = bytearray(source.read_bytes())
    data[at:at + len(noise)] = noise
    source.write_bytes(bytes(data))
    try:
        unpack(source, tmp_path / "repo")
    except BadInput:
        pass
    assert {p.name for p in tmp_path.iterdir()} <= {"t", "repo"}
