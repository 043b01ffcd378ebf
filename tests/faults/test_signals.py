"""Signals and listeners that leave, for the command as a real process."""

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, List, Sequence, Tuple

import pytest

from ng2coreos.core.errors import Exit
from ng2coreos.model import codec
from ng2coreos.stage import bootdir
from tests.faults import oracle
from tests.faults.cuts import Cut
from tests.faults.scene import Scene
from tests.faults.test_cuts import untouched

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners")

ROOT = Path(__file__).parents[2]
DEADLINE_S = 120
FIRST, MIDDLE, LAST = "journal intent make-root", "middle lvcreate -q -y -s", "journal done arm"


class Tool:
    """`ng2coreos apply` in a process."""

    def __init__(self, scene: Scene, memory: Path, points: Sequence[str], *words: str,
                 pass_fds: Tuple[int, ...] = ()) -> None:
        self.scene = scene
        self.result = memory / "result"
        plan = memory / "plan.json"
        plan.write_text(codec.dumps(scene.plan))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.process", str(memory / "process"),
             json.dumps(points), str(self.result), *words, "apply", "--plan", str(plan)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=str(ROOT),
            text=True, pass_fds=pass_fds, start_new_session=True)

    def wait(self) -> str:
        """The next point that it stops at."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("at "), line + self.process.stderr.read()  # type: ignore[union-attr]
        return line

    def go(self) -> None:
        """On from the point."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def send(self, *numbers: signal.Signals) -> None:
        """Signals, to it alone."""
        for number in numbers:
            self.process.send_signal(number)

    def end(self) -> Tuple[int, str]:
        """Exit status and standard error."""
        _, err = self.process.communicate(timeout=DEADLINE_S)
        assert "Traceback" not in err
        self.scene.restore(pickle.loads(self.result.read_bytes()))
        assert oracle.problems(self.scene) == []
        return self.process.returncode, err


@pytest.fixture
def start(scene: Scene, memory: Path) -> Any:
    """Starts the process; none is left over."""
    made: List[Tool] = []

    def begin(points: Sequence[str], *words: str, **options: Any) -> Tool:
        (memory / "process").mkdir()
        made.append(Tool(scene, memory, points, *words, **options))
        return made[-1]

    yield begin
    for tool in made:
        if tool.process.poll() is None:
            tool.process.kill()
            tool.process.communicate()


@pytest.mark.parametrize("number, point", [
    (signal.SIGINT, FIRST), (signal.SIGTERM, FIRST), (signal.SIGHUP, MIDDLE),
    (signal.SIGINT, MIDDLE), (signal.SIGTERM, LAST), (signal.SIGHUP, LAST)])
def test_a_signal_ends_in_the_untouched_host(start: Any, scene: Scene, number: signal.Signals,
                                             point: str) -> None:
    tool = start([point])
    tool.wait()
    tool.send(number)
    tool.go()
    status, err = tool.end()
    assert status == (Exit.SIGINT if number == signal.SIGINT else Exit.SIGTERM), err
    untouched(scene, Cut("", point, "killed", {}, ()))


@pytest.mark.parametrize("first, point, more", [
    (signal.SIGINT, "journal undo snapshot-volumes", (signal.SIGINT, signal.SIGINT)),
    (signal.SIGTERM, "middle lvremove", (signal.SIGTERM, signal.SIGHUP, signal.SIGINT))])
def test_more_signals_do_not_stop_the_undoing(start: Any, scene: Scene, first: signal.Signals,
                                              point: str, more: Sequence[signal.Signals]) -> None:
    tool = start([MIDDLE, point])
    tool.wait()
    tool.send(first)
    tool.go()
    tool.wait()
    tool.send(*more)
    tool.go()
    status, err = tool.end()
    assert status == (Exit.SIGINT if first == signal.SIGINT else Exit.SIGTERM), err
    untouched(scene, Cut("", point, "killed", {}, ()))


def test_a_listener_that_leaves_does_not_undo_an_apply(start: Any, scene: Scene) -> None:
    reading, writing = os.pipe()
    tool = start([FIRST], "--progress-fd", str(writing), pass_fds=(writing,))
    os.close(writing)
    tool.wait()
    os.close(reading)
    tool.go()
    assert tool.end() == (Exit.OK, "")
    assert scene.next_entry() == bootdir.FIRST_BOOT_ENTRY


def test_a_reader_of_the_last_line_that_leaves_changes_no_exit_status(
        start: Any, scene: Scene) -> None:
    tool = start([LAST])
    tool.wait()
    tool.process.stdout.close()
    tool.process.stdout = None
    tool.go()
    assert tool.end()[0] == Exit.OK
    assert scene.next_entry() == bootdir.FIRST_BOOT_ENTRY


def test_a_terminal_that_leaves_without_a_signal_does_not_undo_an_apply(
        start: Any, scene: Scene) -> None:
    tool = start([FIRST])
    tool.wait()
    tool.process.stderr.close()
    tool.process.stderr = None
    tool.go()
    tool.process.wait(DEADLINE_S)
    scene.restore(pickle.loads(tool.result.read_bytes()))
    assert tool.process.returncode == Exit.OK
    assert scene.next_entry() == bootdir.FIRST_BOOT_ENTRY
