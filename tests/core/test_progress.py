"""Progress as JSON Lines: every task begins and ends, and at most five events a second."""

import io
import json
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional

import pytest

from ng2coreos.core.progress import Advance, JsonProgress, Progress, Steadfast
from tests.report.schema import DATA, validator


def test_events_of_a_task_are_thinned_and_complete() -> None:
    now = [0.0]
    out = io.StringIO()
    progress = JsonProgress(out, clock=lambda: now[0])
    with progress.task("copy", "Copy", total=100) as advance:
        for _ in range(100):
            now[0] += 0.01
            advance(1)
    progress.end(0)
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [e["event"] for e in events] == ["start", "task", *["progress"] * 4, "done", "end"] or \
        [e["event"] for e in events] == ["start", "task", *["progress"] * 5, "done", "end"]
    assert events[-2] == {"event": "done", "task": "copy", "done": 100, "ok": True}


def test_a_failed_task_says_so() -> None:
    out = io.StringIO()
    progress = JsonProgress(out)
    with pytest.raises(RuntimeError), progress.task("copy", "Copy"):
        raise RuntimeError
    assert json.loads(out.getvalue().splitlines()[-1])["ok"] is False


def test_nobody_need_listen() -> None:
    with Progress().task("copy", "Copy") as advance:
        advance(1)


class Leaving(Progress):
    """Listens for a while."""

    def __init__(self, *, until: int) -> None:
        self.left, self.heard = until, 0

    def _hear(self) -> None:
        if self.heard >= self.left:
            raise BrokenPipeError(32, "Broken pipe")
        self.heard += 1

    @contextmanager
    def task(self, name: str, text: str, total: Optional[int] = None,
             unit: str = "B") -> Iterator[Advance]:
        self._hear()
        yield lambda amount: self._hear()
        self._hear()

    def note(self, text: str) -> None:
        self._hear()


@pytest.mark.parametrize("until", range(6))
def test_a_listener_that_leaves_at_any_moment_stops_nothing(until: int) -> None:
    listener = Leaving(until=until)
    progress = Steadfast(listener)
    done = []
    progress.note("begin")
    with progress.task("a", "A") as advance:
        advance(1)
        done.append("a")
        advance(1)
    progress.note("end")
    assert done == ["a"] and listener.heard == min(until, 6)


@pytest.mark.parametrize("until", range(4))
def test_a_failure_is_told_to_a_listener_that_leaves_and_raised_all_the_same(until: int) -> None:
    with pytest.raises(RuntimeError), Steadfast(Leaving(until=until)).task("a", "A") as advance:
        advance(1)
        raise RuntimeError


@pytest.mark.parametrize("event", [
    {"event": "progress", "task": "copy", "done": 1}, {"event": "end"}, {"event": "stop"}, {},
    {"event": "note", "text": "x", "more": 1}, {"event": "done", "task": "", "done": 1, "ok": True},
    {"event": "task", "task": "copy", "text": "Copy", "total": "all", "unit": "B"}])
def test_the_schema_refuses_what_no_listener_could_read(event: Dict[str, Any]) -> None:
    """Every event of every test is held against it: tests/conftest.py."""
    assert list(validator(DATA / "progress-1.json").iter_errors(event))


def test_the_schema_is_in_the_package() -> None:
    from ng2coreos.plan.packaged import data_directories
    assert any((place / "schema" / "progress-1.json").is_file() for place in data_directories())
