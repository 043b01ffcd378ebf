"""What of the boot partition is NG's: never what both systems, the firmware or GRUB live by."""

import os
from pathlib import Path
from typing import Callable

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.firstboot import ng_boot

LAYER = "ovirt-node-ng-4.5.5+1"


@pytest.mark.parametrize("place", ["coreos", "grub2", "grub", "loader", "efi", "EFI", "ostree",
                                   "boot", "lost+found"])
def test_whatever_an_entry_or_a_layer_is_called(tmp_path: Path, place: str) -> None:
    for name in (f"{place}/x/vmlinuz", f"{LAYER}/vmlinuz", "vmlinuz-5.14"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("kernel")
    entry = tmp_path / "loader/entries/ng.conf"
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.write_text(f"linux /{place}/x/vmlinuz\ninitrd /vmlinuz-5.14 /{LAYER}/vmlinuz\n")
    found = ng_boot.find(tmp_path, [place, LAYER, ".", "..", "a/b", ""])
    assert found == ng_boot.NgBoot(("loader/entries/ng.conf",), ("vmlinuz-5.14",), (LAYER,))
    ng_boot.remove(tmp_path, found.files, found.directories)
    assert (tmp_path / place / "x/vmlinuz").is_file()
    assert not (tmp_path / LAYER).exists() and not (tmp_path / "vmlinuz-5.14").exists()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_no_boot_entry_and_nobody_waits_for_it(
        tmp_path: Path, make: Callable[[Path], None]) -> None:
    entries = tmp_path / "loader/entries"
    entries.mkdir(parents=True)
    make(entries / "odd.conf")
    with pytest.raises(BadInput, match="odd.conf cannot be read"):
        ng_boot.find(tmp_path, [LAYER])


def test_entries_that_are_the_new_systems_are_not_ngs(tmp_path: Path) -> None:
    ours = tmp_path / "coreos/loader/entries"
    ours.mkdir(parents=True)
    (ours / "ostree-1.conf").write_text("linux /ostree/x/vmlinuz\n")
    (tmp_path / "loader").mkdir()
    (tmp_path / "loader/entries").symlink_to("../coreos/loader/entries")
    with pytest.raises(BadInput, match="loader/entries is a link"):
        ng_boot.find(tmp_path, [LAYER])


def test_a_menu_that_somebody_has_edited_in_another_charset_is_kept_to_the_byte(
        tmp_path: Path) -> None:
    grub = tmp_path / "coreos/grub2"
    grub.mkdir(parents=True)
    (grub / "grub.cfg").write_bytes(
        b"# M\xfcller\nsource ($root)/coreos/grub2/rollback.cfg\nset default=1\n")
    (grub / "rollback.cfg").write_bytes(b"\xff")
    ng_boot.forget(tmp_path, [])
    assert (grub / "grub.cfg").read_bytes() == b"# M\xfcller\nset default=0\n"
