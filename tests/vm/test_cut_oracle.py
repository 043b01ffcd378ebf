"""The judge of cut disks: content with a whole boot partition, and with no other; and the states.

Needs no VM.
"""

import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List

import pytest

from ng2coreos.firstboot import ng_boot
from ng2coreos.stage import menu
from tests.rig.bootimage import BootImage
from tests.rig.loggedfs import LoggedFs
from tests.rig.replay import Range, Replay
from tests.rig.test_grubscript import KERNEL, NG_TITLE, environment
from tests.rig.test_grubscript import files as files  # the fixture: an armed boot partition
from tests.rig.writelog import Entry
from tests.vm import bootcuts
from tests.vm.bootcuts import Oracle

Files = Dict[str, bytes]


def _image(files: Files, place: Path) -> Path:
    tree, image = place / "tree", place / "image"
    subprocess.run(["rm", "-rf", str(tree), str(image)], check=True)
    for path, content in files.items():
        (tree / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tree / path[1:]).write_bytes(content)
    subprocess.run(["mkfs.ext4", "-q", "-d", str(tree), str(image), "8M"], check=True)
    return image


@pytest.fixture
def oracle(files: Files, tmp_path: Path) -> Oracle:
    def way() -> bootcuts.Way:
        image = BootImage(_image(files, tmp_path))
        return bootcuts.boots(image)[0]

    for name, content in (("/ng/vmlinuz", b"ng"), ("/coreos/vmlinuz", b"new")):
        files[name] = KERNEL + content
    first = way()
    armed, files["/grub2/grubenv"] = files["/grub2/grubenv"], environment(saved_entry=NG_TITLE)
    ng = way()
    files["/grub2/grubenv"] = armed
    return Oracle(ng, {"first": first}, NG_TITLE)


def test_a_whole_partition_has_no_problems(oracle: Oracle, files: Files, tmp_path: Path) -> None:
    assert oracle.problems(_image(files, tmp_path)) == []
    files["/grub2/grubenv"] = environment(saved_entry=NG_TITLE)
    assert oracle.problems(_image(files, tmp_path)) == []
    del files["/coreos/initramfs"]  # armed or not, NG is booted then
    assert oracle.problems(_image(files, tmp_path)) == []
    assert {*oracle.seen} == {"first", "ng"}


DAMAGE = {
    "a torn new kernel": {"/coreos/vmlinuz": KERNEL},
    "an empty new initramfs": {"/coreos/initramfs": b""},
    "half an overlay": {"/coreos/first.cpio": b"cp"},
    "a torn kernel of NG": {"/ng/vmlinuz": KERNEL},
    "half an initramfs of NG": {"/ng/initramfs": b"n"},
    "no grub.cfg": {"/grub2/grub.cfg": b""},
    "a torn custom.cfg": {"/grub2/custom.cfg": b"if true; then\nset x=1\n"},
    "no environment": {"/grub2/grubenv": b"#" * 1024},
    "the new system as the default": {"/grub2/grubenv": environment(saved_entry=menu.ENTRY)},
    "a one-shot that is armed twice": {"/grub2/grubenv": environment(
        saved_entry=menu.FIRST_BOOT_ENTRY, next_entry=menu.FIRST_BOOT_ENTRY)},
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_not_whole_is_told(oracle: Oracle, files: Files, tmp_path: Path,
                                   what: str) -> None:
    files.update(DAMAGE[what])
    assert oracle.problems(_image(files, tmp_path)) != []


@pytest.fixture
def leaving(oracle: Oracle, files: Files, tmp_path: Path) -> Oracle:
    """The judge while NG is given up; of both its layers, as an NG host has them."""
    files["/grub2/grubenv"] = environment(saved_entry=menu.ENTRY)
    offered = bootcuts.choices(BootImage(_image(files, tmp_path)))
    return Oracle(None, {}, NG_TITLE, offered[menu.ENTRY], offered=offered)


def test_ng_may_be_whole_or_gone_while_it_is_given_up(leaving: Oracle, files: Files,
                                                      tmp_path: Path) -> None:
    assert leaving.problems(_image(files, tmp_path)) == []
    files["/loader/entries/ng-4.5.conf"] = b""  # GRUB does not show it
    assert leaving.problems(_image(files, tmp_path)) == []
    del files["/loader/entries/ng-4.10.conf"]
    files["/coreos/grub2/rollback.cfg"] = b""
    private = files["/coreos/grub2/grub.cfg"].decode()
    files["/coreos/grub2/grub.cfg"] = ng_boot.without_ng(private).encode()
    del files["/ng/vmlinuz"]
    assert leaving.problems(_image(files, tmp_path)) == []
    assert {*leaving.seen} == {"default"}
    assert {*leaving.menu} == {2, 4, 5}


HALF_GONE = {
    "a torn kernel of NG": {"/ng/vmlinuz": KERNEL},
    "an empty initramfs of NG": {"/ng/initramfs": b""},
    "an emptied kernel of NG": {"/ng/vmlinuz": b""},
    "a torn kernel of the older layer": {"/10": KERNEL[:-1]},
    "half an entry": {"/loader/entries/ng-4.5.conf": b"title x\nlinux /ng/vmlinuz\n"},
    "NG as the default": {"/grub2/grubenv": environment(saved_entry=NG_TITLE)},
}


@pytest.mark.parametrize("what", HALF_GONE)
def test_an_entry_of_ng_that_is_half_there_is_told(leaving: Oracle, files: Files, tmp_path: Path,
                                                   what: str) -> None:
    files.update(HALF_GONE[what])
    assert leaving.problems(_image(files, tmp_path)) != []


def test_a_damaged_file_system_is_told(oracle: Oracle, files: Files, tmp_path: Path) -> None:
    image = _image(files, tmp_path)
    subprocess.run(["debugfs", "-w", "-R", "clri /coreos/grub2", str(image)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert any("e2fsck" in problem for problem in oracle.problems(image))


def test_every_write_makes_its_states_and_the_disk_goes_on(tmp_path: Path) -> None:
    block = environment(saved_entry="x")
    writes = [(0, b"a" * 512), (4096, b"b" * 512), None, (8192, block), (99999, b"elsewhere"),
              (0, b"c" * 512)]
    (tmp_path / "log").write_bytes(b"".join(w[1] for w in writes if w))
    entries: List[Entry] = []
    at = 0
    for number, write in enumerate(writes):
        start, content = write or (0, b"")
        entries.append(Entry(number, start, len(content), 0 if write else 1, at))
        at += len(content)
    (tmp_path / "disk").write_bytes(bytes(16384))
    seen: Dict[str, List[str]] = {}
    with open(tmp_path / "disk", "r+b") as disk, open(tmp_path / "log", "rb") as log:
        replay = Replay(disk, log, Range(0, 16384))
        for state in bootcuts.states(replay, entries, random.Random(1)):
            image = (tmp_path / "disk").read_bytes()
            marks = "".join(chr(image[place] or ord("-")) for place in (0, 4096, 8192, 8192 + 700))
            seen.setdefault(f"{state.applied} {state.kind}", []).append(marks)
        assert (tmp_path / "disk").read_bytes()[:1] == b"c"
    assert seen["1 written"] == ["a---"]
    assert seen["2 written"] == ["ab--"]
    assert seen["2 lost"][0] == "-b--"
    assert seen["4 torn"] == ["ab#-"]
    assert seen["4 written"] == ["ab##"]
    assert seen["6 written"] == ["cb##"]
    assert seen["6 lost"][0] == "cb--"
    assert len(seen) == 7


@pytest.mark.vm  # wants loop devices of the kernel, though no guest
def test_xfs_is_recovered_as_a_mount_does_it(tmp_path: Path) -> None:
    disk = LoggedFs("xfs", tmp_path)
    with disk.mounted() as mounted:
        (mounted / "kept").write_bytes(b"k" * 5000)
        with open(mounted / "kept", "rb") as file:
            os.fsync(file.fileno())
        shutil.copyfile(disk.disk, tmp_path / "cut")
    assert BootImage(tmp_path / "cut").read("/kept") is None  # it is in the log alone
    assert bootcuts.recover(tmp_path / "cut") == []
    assert BootImage(tmp_path / "cut").read("/kept") == b"k" * 5000
    with open(tmp_path / "cut", "r+b") as image:
        image.seek(4096)  # block 1: the root of a tree of free space
        image.write(b"?" * 4096)
    assert bootcuts.recover(tmp_path / "cut") != []


@pytest.mark.parametrize("more,well", [
    ("sb_fdblocks 210784, counted 212505\n", True), ("sb_fdblocks 3, counted 2\n", False),
    ("agi unlinked bucket 9 is 7 in ag 2 (inode=19)\nsb_fdblocks 1, counted 2\n"
     "disconnected inode 19, would move to lost+found\n"
     "would have reset inode 19 nlinks from 0 to 1\n", True),
    ("agi unlinked bucket 9 is 7 in ag 2 (inode=19)\n"
     "disconnected inode 20, would move to lost+found\n", False),
    ("sb_fdblocks 1, counted 2\nbad magic number in block 3\n", False), ("", False)])
def test_a_counter_of_xfs_that_promises_too_little_is_no_damage(more: str, well: bool) -> None:
    told = ("xfs_repair -n -f x ends with 1: Phase 1 - find and verify superblock...\n"
            f"Phase 2 - using internal log\n        - zero log...\n{more}"
            "No modify flag set, skipping phase 5\n")
    assert bootcuts._counts_less(told) is well
