"""One figure: how it is measured, when it is past its target, and the line that tells it."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple

REPO = Path(__file__).resolve().parents[1]
MB = 1_000_000
MEMORY_TARGET_MB = 150.0  # of every case, whatever the host's size
_SAID_BYTES = 4096  # what a floor prints is not kept: see run()
Argv = Tuple[str, ...]
# Between this process and the program: ru_maxrss counts what the forking process held too
_TIMER = """
import json, os, sys, time
out, argv = int(sys.argv[1]), sys.argv[2:]
os.set_inheritable(out, False)
start = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawnp(argv[0], argv, os.environ), 0)
seconds = time.perf_counter() - start
os.write(out, json.dumps([seconds, os.waitstatus_to_exitcode(status), usage.ru_maxrss]).encode())
"""


@dataclass(frozen=True)
class Case:
    """A piece of work and its floor: programs, timed in turn.

    `work` is timed as a whole process unless it is `timed_inside`: then it prints its seconds,
    those of the work alone; a floor likewise.  The target is in seconds or, if `relative`, times
    the floor.
    """

    name: str
    work: Argv
    target: float
    floors: Tuple[Argv, ...] = ()
    relative: bool = False
    timed_inside: bool = True
    floor_timed_inside: bool = False
    peak: bool = True  # False: the memory is that of another program, which the work starts


@dataclass(frozen=True)
class Figure:
    """What was measured against its floor and target. `unit`: s | MB."""

    name: str
    measured: float
    floor: Optional[float]
    target: float
    unit: str = "s"
    relative: bool = False

    @property
    def ratio(self) -> Optional[float]:
        """Measured by floor; None where there is no floor."""
        return self.measured / self.floor if self.floor else None

    @property
    def ok(self) -> bool:
        """Is it within its target? A ratio that is not known is not."""
        value = self.ratio if self.relative else self.measured
        return value is not None and value <= self.target

    @property
    def line(self) -> str:
        """``name measured floor ratio target ok|miss``."""
        floor = f"{self.floor:.3f}{self.unit}" if self.floor else "-"
        ratio = f"{self.ratio:.2f}" if self.ratio else "-"
        target = f"{self.target:g}{'x' if self.relative else self.unit}"
        return (f"{self.name:16} {self.measured:.3f}{self.unit} {floor} {ratio} {target} "
                f"{'ok' if self.ok else 'miss'}")


@dataclass(frozen=True)
class Ended:
    """A program that ended well: wall time, peak memory, what it printed."""

    seconds: float
    peak_mb: float
    said: str


def measure(case: Case, scratch: Path, runs: int) -> Tuple[Figure, ...]:
    """Time and peak memory of `case`: the median of `runs` after one that is not counted.

    Work and floor alternate, so that a change of the machine's load meets both.  The peak is the
    largest process of those runs; its floor is a bare interpreter's.
    """
    works: List[Ended] = []
    floors: List[float] = []
    for _ in range(runs + 1):
        works.append(run(case.work, scratch))
        floors.append(sum(_seconds(run(argv, scratch), case.floor_timed_inside)
                          for argv in case.floors))
    times = [_seconds(work, case.timed_inside) for work in works[1:]]
    floor = statistics.median(floors[1:]) if case.floors else None
    bare = run((case.work[0], "-c", "pass"), scratch).peak_mb
    time = Figure(case.name, statistics.median(times), floor, case.target, relative=case.relative)
    memory = Figure(f"{case.name}.memory", max(w.peak_mb for w in works[1:]), bare,
                    MEMORY_TARGET_MB, "MB")
    return (time, memory) if case.peak else (time,)


def run(argv: Argv, scratch: Path) -> Ended:
    """Run a program to its end; CalledProcessError if it fails, for then no figure is true.

    Byte code is kept in `scratch`, as an installed package has it.  The peak is ru_maxrss, whatever
    this process holds.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "LC_ALL": "C.UTF-8", "PYTHONPYCACHEPREFIX": str(scratch / "pyc")}
    told, tell = os.pipe()
    with tempfile.TemporaryFile(dir=scratch) as out, open(told, "rb") as answer:
        try:
            subprocess.run([sys.executable, "-I", "-S", "-c", _TIMER, str(tell), *argv], cwd=REPO,
                           env=environment, stdin=subprocess.DEVNULL, stdout=out, check=True,
                           pass_fds=[tell])
        finally:
            os.close(tell)
        seconds, status, peak_kib = json.loads(answer.read())
        if status:
            raise subprocess.CalledProcessError(status, argv)
        out.seek(0)
        said = out.read(_SAID_BYTES).decode("utf-8", "replace")
    return Ended(seconds, peak_kib * 1024 / MB, said)


def _seconds(ended: Ended, inside: bool) -> float:
    return float(ended.said) if inside else ended.seconds
