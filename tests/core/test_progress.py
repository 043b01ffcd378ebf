"""Progress as JSON Lines: every task begins and ends, and at most five events a second."""

import io
import json

import pytest

from ng2coreos.core.progress import JsonProgress, Progress


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
