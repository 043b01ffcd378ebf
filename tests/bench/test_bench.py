"""The benchmark counts right: medians, ratios, peaks, and exit 1 on a miss."""

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from bench import __main__ as bench
from bench.measure import Case, Figure, measure, run

PY = sys.executable
# Prints the next of 1000, 3, 1, 2 at each run.
COUNTER = ("import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.open('a').write('x'); "
           "print([1000, 3, 1, 2][p.stat().st_size - 1])")


def test_a_figure_is_held_against_its_target() -> None:
    assert Figure("a", 0.15, 0.05, 0.15).ok
    assert not Figure("a", 0.151, None, 0.15).ok
    assert Figure("a", 9.1, 7.0, 1.3, relative=True).ok
    assert not Figure("a", 9.2, 7.0, 1.3, relative=True).ok


def test_a_ratio_to_nothing_is_a_miss() -> None:
    assert not Figure("a", 1.0, None, 1.3, relative=True).ok


def test_the_line_tells_everything_in_order() -> None:
    assert Figure("a", 3.0, 2.0, 1.3, relative=True).line.split() == [
        "a", "3.000s", "2.000s", "1.50", "1.3x", "miss"]
    assert Figure("b", 3.0, None, 150.0, "MB").line.split() == [
        "b", "3.000MB", "-", "-", "150MB", "ok"]


def test_the_median_is_taken_without_the_first_run(tmp_path: Path) -> None:
    work = (PY, "-c", COUNTER, str(tmp_path / "count"))
    time, _ = measure(Case("a", work, 2.0), tmp_path, 3)
    assert (time.measured, time.floor, time.ok) == (2.0, None, True)


def test_the_floor_is_the_sum_of_its_programs(tmp_path: Path) -> None:
    case = Case("a", (PY, "-c", "print(1)"), 1.3, (("sleep", "0.05"), ("sleep", "0.1")), True)
    time, _ = measure(case, tmp_path, 1)
    assert time.floor is not None and 0.15 <= time.floor
    assert time.ratio == 1 / time.floor


def test_a_floor_may_tell_its_own_seconds(tmp_path: Path) -> None:
    case = Case("a", (PY, "-c", "print(3)"), 1.3, ((PY, "-c", "print(2)"),), True,
                floor_timed_inside=True)
    time, _ = measure(case, tmp_path, 1)
    assert (time.measured, time.floor, time.ok) == (3.0, 2.0, False)


def test_a_whole_process_is_timed_from_outside(tmp_path: Path) -> None:
    time, _ = measure(Case("a", (PY, "-c", "import time; time.sleep(.2)"), 0.1,
                           timed_inside=False), tmp_path, 1)
    assert time.measured > 0.2 and not time.ok


def test_memory_is_the_childs_peak(tmp_path: Path) -> None:
    held = b"x" * 500_000_000  # what this process holds is not the child's
    _, memory = measure(Case("a", (PY, "-c", "b'x' * 200_000_000; print(1)"), 9.0), tmp_path, 1)
    assert held
    assert memory.name == "a.memory" and 200 < memory.measured < 400 and not memory.ok


def test_what_a_program_prints_does_not_count_for_later_ones(tmp_path: Path) -> None:
    before = run((PY, "-c", "pass"), tmp_path).peak_mb
    run((PY, "-c", "print('x' * 200_000_000)"), tmp_path)
    assert run((PY, "-c", "pass"), tmp_path).peak_mb < before + 50


def test_a_program_that_fails_gives_no_figure(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run((PY, "-c", "raise SystemExit(3)"), tmp_path)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes owners")


@needs_root
@pytest.mark.parametrize("said, code, word", [("1", 0, "ok"), ("6", 1, "miss")])
def test_the_exit_code_tells_a_miss(said: str, code: int, word: str,
                                    monkeypatch: pytest.MonkeyPatch,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    def cases(top: Path, files: int, inodes: int, hosts: int, rows: int) -> List[Case]:
        return [Case("a", (PY, "-c", f"print({said})"), 5.0)]

    monkeypatch.setattr(bench, "cases", cases)
    assert bench.main(["--runs", "1"]) == code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["a", "a.memory"]
    assert lines[0].endswith(word) and lines[1].endswith("ok")


@needs_root
def test_every_case_does_its_work(capsys: pytest.CaptureFixture[str]) -> None:
    code = bench.main(["--files", "60", "--inodes", "200", "--hosts", "12",
                       "--rows", "30", "--runs", "1"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [
        name for case in bench.cases(Path("/"), 1, 1, 1, 1)
        for name in (case.name, f"{case.name}.memory")[:1 + case.peak]]
    assert code == (1 if "miss" in [line[-1] for line in lines] else 0)
