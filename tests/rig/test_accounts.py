"""accounts: numbers are given once, and files follow a group's number."""

import os
from pathlib import Path

import pytest

from .accounts import Accounts


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    for name, text in (
        ("passwd", "root:x:0:0::/root:/bin/sh\nuser:x:5:106::/:/bin/sh\n"),
        ("shadow", "root:*:1::::::\n"),
        ("group", "root:x:0:\nkvm:x:106:\n"),
        ("gshadow", "root:*::\nkvm:!::\n"),
    ):
        (tmp_path / "etc" / name).write_text(text, "ascii")
    return tmp_path


def test_a_user_gets_lines_in_all_four_files(tree: Path) -> None:
    accounts = Accounts(tree)
    accounts.group("vdsm", 36)
    accounts.user("vdsm", 36, 36, home="/var/lib/vdsm")
    accounts.join("vdsm", "kvm")
    assert (tree / "etc/passwd").read_text().endswith("vdsm:x:36:36::/var/lib/vdsm:/sbin/nologin\n")
    assert "kvm:x:106:vdsm\n" in (tree / "etc/group").read_text()
    assert "kvm:!::vdsm\n" in (tree / "etc/gshadow").read_text()
    assert "vdsm:!!:" in (tree / "etc/shadow").read_text()


@pytest.mark.parametrize(("name", "number"), [("root", 7), ("other", 0)])
def test_a_name_or_number_is_given_once(tree: Path, name: str, number: int) -> None:
    with pytest.raises(ValueError, match="taken"):
        Accounts(tree).group(name, number)


def test_a_user_needs_a_group(tree: Path) -> None:
    with pytest.raises(ValueError, match="no group"):
        Accounts(tree).user("vdsm", 36, 36)


def test_files_and_users_follow_a_renumbered_group(tree: Path) -> None:
    file = tree / "file"
    file.write_text("x")
    os.chown(file, 0, 106)
    Accounts(tree).renumber_group("kvm", 36)
    assert file.stat().st_gid == 36
    assert "user:x:5:36:" in (tree / "etc/passwd").read_text()
    assert Accounts(tree).ids("group")["kvm"] == 36
