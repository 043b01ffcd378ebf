"""GRUB environment blocks: inverse functions, and the same bytes as GRUB's own editor."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, Ng2CoreosError
from ng2coreos.stage import grubenv
from ng2coreos.stage.grubenv import Block

EDITOR = shutil.which("grub-editenv") or shutil.which("grub2-editenv") or ""
NAMES = st.text("abcxyz_0", min_size=1, max_size=8)
VALUES = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]),
                 max_size=24)


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_what_is_set_is_read_back(variables: Dict[str, str]) -> None:
    block = Block()
    for name, value in variables.items():
        block.set(name, value)
    data = block.format()
    assert len(data) == 1024
    assert Block.parse(data).variables() == variables
    assert Block.parse(data).format() == data


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.lists(NAMES, max_size=3))
def test_unset_forgets_only_what_it_names(variables: Dict[str, str], gone: List[str]) -> None:
    block = Block()
    for name, value in variables.items():
        block.set(name, value)
    for name in gone:
        block.unset(name)
    assert block.variables() == {n: v for n, v in variables.items() if n not in gone}


@pytest.mark.skipif(not EDITOR, reason="grub-editenv is not installed")
@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, st.text("ab \\\n#='\"$é", max_size=10), min_size=1, max_size=4))
def test_grubs_own_editor_writes_the_same_bytes(tmp_path_factory: pytest.TempPathFactory,
                                                variables: Dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("env") / "grubenv"
    subprocess.run([EDITOR, str(path), "create"], check=True)
    mine = Block.parse(path.read_bytes())
    for name, value in variables.items():
        mine.set(name, value)
    subprocess.run([EDITOR, str(path), "set", *(f"{n}={v}" for n, v in variables.items())],
                   check=True)
    assert mine.format() == path.read_bytes()
    assert grubenv.read(path) == variables


@pytest.mark.parametrize("data", [
    b"", b"#" * 1024, b"# GRUB Environment Block\n".ljust(1023, b"#"),
    b"# GRUB Environment Block\n".ljust(1025, b"#"),
    b"# GRUB Environment Block\na=b".ljust(1024, b"#"),
    b"# GRUB Environment Block\na=b\\\n".ljust(1024, b"#"),
    b"# GRUB Environment Block\na=b\n".ljust(1024, b"\0")])
def test_a_block_that_grub_would_refuse_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        Block.parse(data)


def test_foreign_lines_and_their_order_stay(tmp_path: Path) -> None:
    path = tmp_path / "grubenv"
    lines = b"# WARNING: Do not edit\nz=1\nno assignment\nsaved_entry=a\n# b=c\na=2\n"
    path.write_bytes((b"# GRUB Environment Block\n" + lines).ljust(1024, b"#"))
    assert grubenv.change(path, {"saved_entry": "longer than before", "new": "x"}, ["z"])
    kept = (b"# WARNING: Do not edit\nno assignment\nsaved_entry=longer than before\n"
            b"# b=c\na=2\nnew=x\n")
    assert path.read_bytes() == (b"# GRUB Environment Block\n" + kept).ljust(1024, b"#")
    assert grubenv.read(path) == {"saved_entry": "longer than before", "a": "2", "new": "x"}


def test_change_keeps_the_inode_and_follows_a_symlink(tmp_path: Path, settled: List[Path]) -> None:
    real = tmp_path / "esp" / "grubenv"
    real.parent.mkdir()
    real.write_bytes(Block([b"a=1"]).format())
    link = tmp_path / "grubenv"
    link.symlink_to("esp/grubenv")
    inode = real.stat().st_ino
    assert grubenv.change(link, {"a": "2"})
    assert real.stat().st_ino == inode and link.is_symlink()
    assert grubenv.read(real) == {"a": "2"}
    assert settled == [real.parent]


def test_nothing_is_written_when_nothing_changes(tmp_path: Path, settled: List[Path]) -> None:
    path = tmp_path / "grubenv"
    path.write_bytes(Block([b"a=1"]).format())
    os.chmod(str(path), 0o400)
    assert not grubenv.change(path, {"a": "1"}, ["b"])
    assert settled == []


def test_of_two_lines_for_a_name_one_is_left() -> None:
    block = Block([b"a=1", b"b=2", b"a=3"])
    assert block.variables()["a"] == "3"
    block.set("a", "4")
    assert block.format().startswith(b"# GRUB Environment Block\na=4\nb=2\n#")


def test_too_much_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "grubenv"
    path.write_bytes(Block([b"a=1"]).format())
    with pytest.raises(BadInput):
        grubenv.change(path, {"a": "x" * 1000})
    assert grubenv.read(path) == {"a": "1"}


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(BadInput, match="symlink leads nowhere"):
        grubenv.read(tmp_path / "link")


def test_create_keeps_a_valid_block_and_mends_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "grubenv"
    grubenv.create(path)
    assert path.read_bytes() == Block().format()
    grubenv.change(path, {"boot_counter": "3"})
    grubenv.create(path)
    assert grubenv.read(path) == {"boot_counter": "3"}
    path.write_bytes(b"short")
    grubenv.create(path)
    assert grubenv.read(path) == {}


def test_a_disk_that_forgets_what_was_written_is_noticed(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = tmp_path / "grubenv"
    grubenv.create(environment)
    monkeypatch.setattr(durable, "overwrite_in_place", lambda path, data: None)
    with pytest.raises(Ng2CoreosError, match="does not read back"):
        grubenv.change(environment, {"next_entry": "ng2coreos-firstboot"})
