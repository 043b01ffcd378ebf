"""The pass over the owners, divided: each inode once, whoever meets which of its names first."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.stage import reown as stage_reown
from ng2coreos.stage.ids import ACLS, IdMap
from ng2coreos.stage.reown import reown

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setfacl"),
                                reason="needs root and setfacl")
# Every number moves on by one, so that an inode that is met twice is told from one met once.
NEXT = IdMap({n: n + 1 for n in range(100)}, {n: n + 1 for n in range(100)})


def nothing(amount: int) -> None:
    assert amount > 0


def owners(top: Path) -> Dict[int, Tuple[int, int]]:
    return {info.st_ino: (info.st_uid, info.st_gid)
            for info in (path.lstat() for path in [top, *top.rglob("*")])}


def grown(top: Path, seed: int, count: int) -> None:
    """A tree of directories, files, links and names of the same file in different directories."""
    choose = random.Random(seed)
    directories: List[Path] = [top]
    files: List[Path] = []
    for n in range(count):
        place = choose.choice(directories) / f"n{n}"
        kind = choose.choice(["directory", "file", "file", "symlink", "link"])
        if kind == "directory":
            place.mkdir()
            directories.append(place)
        elif kind == "symlink":
            place.symlink_to(choose.choice(["/etc/passwd", ".", "nowhere"]))
        elif kind == "link" and files:
            os.link(choose.choice(files), place)
            continue
        else:
            place.touch()
            files.append(place)
        os.chown(place, choose.randrange(50), choose.randrange(50), follow_symlinks=False)
        if kind == "file" and not choose.randrange(4):
            place.chmod(choose.choice([0o4755, 0o2711, 0o6755]))


@pytest.mark.parametrize("processes", [1, 2, 3, 5, None])
def test_every_inode_once_however_the_work_is_divided(tmp_path: Path, processes: int) -> None:
    grown(tmp_path, processes or 9, 600)
    before = owners(tmp_path)
    modes = {path: path.lstat().st_mode for path in tmp_path.rglob("*")}
    told: List[int] = []
    passed = reown(tmp_path, NEXT, told.append, processes)
    assert owners(tmp_path) == {n: (u + 1, g + 1) for n, (u, g) in before.items()}
    assert {path: path.lstat().st_mode for path in tmp_path.rglob("*")} == modes
    assert passed.inodes == passed.changed == len(before) == sum(told)


@pytest.mark.parametrize("places, large", [(0, 1 << 30), (2, 1 << 30), (4096, 0), (0, 0)])
def test_whether_directories_are_large_or_full_of_links(tmp_path: Path, places: int, large: int,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_reown, "_PLACES_KEPT", places)
    monkeypatch.setattr(stage_reown, "_LARGE_BYTES", large)
    grown(tmp_path, 7, 900)
    before = owners(tmp_path)
    passed = reown(tmp_path, NEXT, nothing, 3)
    assert owners(tmp_path) == {n: (u + 1, g + 1) for n, (u, g) in before.items()}
    assert passed.inodes == len(before)
    assert (passed.left is None) == (places < 10)


def test_the_work_is_divided_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By directories, and within one that is too large for that."""
    monkeypatch.chdir(tmp_path)  # where it was is restored
    for n in range(200):
        (tmp_path / f"{n}").mkdir()
        (tmp_path / f"{n}/file").touch()
    for n in range(20_000):
        (tmp_path / f"a-name-of-some-length-{n}").touch()
    assert tmp_path.stat().st_size >= stage_reown._LARGE_BYTES
    parts = [stage_reown._Part(NEXT, n, 2, nothing, None).first(tmp_path).inodes for n in (0, 1)]
    assert sum(parts) == 20_401 and min(parts) > 9_000


def test_what_needs_no_change_is_not_written(tmp_path: Path) -> None:
    grown(tmp_path, 1, 200)
    before = {path: path.lstat().st_ctime_ns for path in tmp_path.rglob("*")}
    passed = reown(tmp_path, IdMap({n: n for n in range(50)}, {}), nothing, 2)
    assert passed.changed == 0 and passed.foreign_users == ()
    assert passed.foreign_groups == tuple(sorted({g for _, g in owners(tmp_path).values()}))
    assert {path: path.lstat().st_ctime_ns for path in tmp_path.rglob("*")} == before


def test_numbers_without_a_name_are_told_up_to_a_bound(tmp_path: Path) -> None:
    for number in range(5000):
        (tmp_path / str(number)).touch()
        os.chown(tmp_path / str(number), 10_000 + number, 5)
    passed = reown(tmp_path, NEXT, nothing, 2)
    assert len(passed.foreign_users) == 1000 and passed.foreign_groups == ()
    assert set(passed.foreign_users) < set(range(10_000, 15_000))
    assert passed.changed == 5001


def test_a_part_that_fails_fails_the_pass(tmp_path: Path) -> None:
    for n in range(20):
        (tmp_path / str(n)).touch()
    subprocess.run(["setfacl", "-m", "u:5:r", str(tmp_path / "7")], check=True)

    class Odd(IdMap):
        def acl(self, value: bytes) -> bytes:
            raise BadInput("An ACL has a form that ng2coreos does not know.", hint="Look.")

    assert ACLS[0] in os.listxattr(tmp_path / "7")
    with pytest.raises(BadInput, match="An ACL"):
        reown(tmp_path, Odd({5: 6}, {}), nothing, 2)


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    """The largest process after 300 inodes and after 30,000, a third of them names of others."""
    script = """
import resource, sys
from pathlib import Path
from ng2coreos.stage.ids import IdMap
from ng2coreos.stage import reown as stage_reown
from ng2coreos.stage.reown import reown
reown(Path(sys.argv[1]), IdMap({0: 1}, {}), lambda amount: None, 2)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    peaks = []
    for count in (200, 20_000):
        top = tmp_path / str(count)
        top.mkdir()
        for n in range(count):
            (top / str(n)).touch()
            if n % 2:
                os.link(top / str(n), top / f"{n}-again")
        out = subprocess.run([sys.executable, "-c", script, str(top)], check=True,
                             capture_output=True, text=True)
        peaks.append(int(out.stdout))
    assert peaks[1] < peaks[0] + 2048  # KiB; a set of the numbers alone would take more
