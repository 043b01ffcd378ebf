"""What of the boot partition is NG's: never what both systems, the firmware or GRUB live by."""

from pathlib import Path

import pytest

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
