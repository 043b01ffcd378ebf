"""What is foretold of a new file system is what mkfs, called as we call it, makes."""

import re
import subprocess
from pathlib import Path

import pytest

from ng2coreos.model.filesystem import BLOCK, MAKE, backups, empty_bytes

GIB = 1 << 30


def made(path: Path, fstype: str, size: int) -> Path:
    with open(path, "wb") as stream:
        stream.truncate(size)
    subprocess.run([*MAKE[fstype], str(path)], check=True)
    return path


@pytest.mark.parametrize("size", [3 * GIB, 3 * GIB + (4 << 20), 8 * GIB, 17 * GIB])
def test_ext4_takes_what_is_said(tmp_path: Path, size: int) -> None:
    """All blocks in use but the copies of what is kept for more groups: nobody writes those."""
    path = made(tmp_path / "disk", "ext4", size)
    text = subprocess.run(["dumpe2fs", str(path)], check=True, stdout=subprocess.PIPE,
                          env={"LC_ALL": "C", "PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}
                          ).stdout.decode()
    total, free = (int(re.search(rf"^{name}:\s+(\d+)$", text, re.MULTILINE)[1])  # type: ignore
                   for name in ("Block count", "Free blocks"))
    kept = [int(b) - int(a) + 1 for a, b in re.findall(r"Reserved GDT blocks at (\d+)-(\d+)", text)]
    used = (total - free - sum(kept[1:])) * BLOCK
    assert empty_bytes("ext4", size, BLOCK) == pytest.approx(used, rel=0.002)
    assert len(kept) == 1 + len(backups(-(-size // (128 << 20))))


def test_xfs_takes_what_is_said(tmp_path: Path) -> None:
    for number, size in enumerate((3 * GIB, 17 * GIB)):
        taken = made(tmp_path / str(number), "xfs", size).stat().st_blocks * 512
        assert empty_bytes("xfs", size, BLOCK) == pytest.approx(taken, rel=0.01)


def test_larger_chunks_take_no_less() -> None:
    for fstype in MAKE:
        sizes = [empty_bytes(fstype, 10 * GIB, chunk << 10) for chunk in (64, 256, 1024)]
        assert sizes == sorted(sizes)


def test_copies_of_the_superblock() -> None:
    assert backups(1) == ()
    assert backups(8) == (1, 3, 5, 7)
    assert backups(50) == (1, 3, 5, 7, 9, 25, 27, 49)
