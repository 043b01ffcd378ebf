"""guest: boots, console, reset, power cuts and saved states of a real QEMU that runs GRUB only."""

import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from . import grub
from .guest import Guest, GuestError
from .ng import disk as layout

CONFIG = """serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
load_env
echo "GRUB is up, next_entry=${next_entry}."
set timeout=-1
menuentry one { echo "this is one"; sleep 3600; }
menuentry two { set next_entry=two; save_env next_entry; echo "this is two"; sleep 3600; }
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk image with a BIOS-boot partition and a boot file system, in the stand-in's layout."""
    work = tmp_path_factory.mktemp("disk")
    content = work / "boot"
    (content / "grub2").mkdir(parents=True)
    (content / "grub2/grub.cfg").write_text(CONFIG, "ascii")
    (content / "grub2/grubenv").write_text("# GRUB Environment Block\n".ljust(1024, "#"), "ascii")
    raw = work / "disk.raw"
    with open(raw, "wb") as file:
        file.truncate(layout.BOOT.start + layout.BOOT.size + (64 << 20))
    layout.partition(raw)
    grub.install_bios(raw, layout.BIOS.start // 512, layout.BIOS.size // 512)
    layout.make_boot_fs("ext4", content, work / "boot.img")
    layout.put(work / "boot.img", raw, layout.BOOT)
    image = work / "disk.qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(image)], check=True)
    return image


@pytest.fixture
def guest(tmp_path: Path, disk: Path) -> Iterator[Guest]:
    with Guest(tmp_path / "g", [disk], memory_mib=128, cpus=1) as machine:
        machine.prepare("bios")
        machine.start()
        machine.wait_serial("GRUB is up", 300)
        yield machine


def test_reset_boots_again_with_what_was_written(guest: Guest) -> None:
    guest.wait_serial("one", 300)
    guest.type("\x1b[B\r")
    guest.wait_serial("this is two", 300)
    mark = guest.serial.end()
    guest.reset()
    guest.wait_serial("next_entry=two", 300, mark)


def test_after_a_power_cut_the_same_disk_starts_again(guest: Guest) -> None:
    guest.type("\x1b[B\r")
    guest.wait_serial("this is two", 300)
    guest.cut_power()
    assert not guest.running
    with pytest.raises(GuestError, match="QEMU ended"):
        guest.wait_serial("never printed", 20)
    mark = guest.serial.end()
    guest.start()
    guest.wait_serial("next_entry=two", 300, mark)


def test_preparing_again_forgets_what_was_written(guest: Guest) -> None:
    guest.type("\x1b[B\r")
    guest.wait_serial("this is two", 300)
    guest.cut_power()
    guest.prepare("bios")
    guest.start()
    guest.wait_serial(r"next_entry=\.", 300)


def test_a_saved_state_goes_on_where_it_was(guest: Guest, tmp_path: Path, disk: Path) -> None:
    guest.snapshot(tmp_path / "saved")
    assert not guest.running
    with Guest(tmp_path / "h", [disk], memory_mib=128, cpus=1) as other:
        other.restore(tmp_path / "saved")
        mark = other.serial.end()
        other.type("\r")
        other.wait_serial("this is one", 300, mark)


def test_qemu_that_cannot_start_says_why(tmp_path: Path, disk: Path) -> None:
    with Guest(tmp_path / "g", [disk], memory_mib=128) as machine:
        machine.prepare("bios")
        machine.overlays[0].write_bytes(b"no disk")
        with pytest.raises(GuestError, match="qcow2"):
            machine.start()
