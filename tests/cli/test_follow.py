"""`status --follow` from another shell: what it prints, and how it ends."""

import json
import threading
from typing import Any, Dict, List

import pytest

from ng2coreos.core.errors import CommandFailed, Exit
from tests.cli.conftest import Said, Tool
from tests.execute.test_follow import ALL, Elsewhere, elsewhere


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ng2coreos.execute.follow.POLL_S", 0.02)


def following(tool: Tool, run: Elsewhere, deed: Any, *words: str) -> Said:
    """`status --follow`, while a moment later something happens to the run."""
    def later() -> None:
        deed()
        run.wait()

    timer = threading.Timer(0.3, later)
    timer.start()
    try:
        return tool("status", "--follow", *words)
    finally:
        timer.join()


def events(said: Said) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in said.out.splitlines()]


def test_it_ends_as_the_run_does(tool: Tool) -> None:
    with elsewhere(tool.world, tool.world.apply, "half beta:0") as run:
        said = following(tool, run, run.go)
    assert said.code == 0 and said.out.startswith("Host: staged (armed)")
    assert [line.strip() for line in said.err.splitlines()] == ALL


def test_its_events_as_json_lines(tool: Tool, progress_events: List[Dict[str, Any]]) -> None:
    with elsewhere(tool.world, tool.world.apply, "half beta:0") as run:
        told = events(following(tool, run, run.go, "--json"))
    assert told[0]["event"] == "start" and told[-1] == {"event": "end", "exit_code": 0}
    assert [e["text"] for e in told if e["event"] == "note"] == ALL


def test_a_run_that_fails_gives_its_exit_status(tool: Tool) -> None:
    tool.world.points.raises["applied beta:0"] = CommandFailed("lvcreate failed.", hint="Look.")
    with elsewhere(tool.world, tool.world.apply, "half beta:0") as run:
        said = following(tool, run, run.go)
        assert run.wait() == Exit.ROLLED_BACK
    assert said.code == Exit.ROLLED_BACK and said.out.startswith("Host: untouched")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_run_that_is_killed_is_interrupted(tool: Tool, words: List[str]) -> None:
    with elsewhere(tool.world, tool.world.apply, "half beta:0") as run:
        said = following(tool, run, run.kill, *words)
    assert said.code == Exit.INTERRUPTED
    if words:
        assert events(said)[-1] == {"event": "end", "exit_code": Exit.INTERRUPTED}
    else:
        assert "interrupted after 2 of 6 changes" in " ".join(said.out.split())


def test_where_nothing_is_at_work_it_is_the_status(tool: Tool) -> None:
    assert tool("status", "--follow") == tool("status")
    assert events(tool("status", "--follow", "--json")) == [{"event": "end", "exit_code": 0}]


def test_status_of_a_run_at_work(tool: Tool, reports: List[Dict[str, Any]]) -> None:
    with elsewhere(tool.world, tool.world.apply, "half beta:0"):
        said = tool("status", "--json")
    assert said.code == Exit.LOCKED
    assert (reports[-1]["verdict"], reports[-1]["host_state"]) == ("running", "prepared")
