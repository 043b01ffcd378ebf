"""status tells how old the state is that an armed run holds."""

import os
from pathlib import Path

import pytest

from ng2coreos import report
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands
from ng2coreos.execute.status import _aged, status
from ng2coreos.execute.store import Store
from tests.execute.simulated import Scene
from tests.execute.world import World
from tests.stage.namespace import in_namespace


def test_without_a_taken_state_nothing_is_said(place: World) -> None:
    assert status(place.host, place.store).taken == ""
    place.apply()  # its steps take nothing
    found = status(place.host, place.store)
    assert found.host_state == "staged" and found.taken == "" and "ago" not in found.text


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_an_armed_run_tells_when_ngs_state_was_taken(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path).install(monkeypatch)

    def work() -> None:
        commands.apply(scene.host, scene.plan, Progress())
        store = Store(scene.host)
        held = store.current()
        assert held is not None
        begins = [r for r in held.records() if r.get("step") == "export-state"]
        taken = begins[-1]["at"]
        later = f"{int(taken[:4]) + 1}{taken[4:]}"
        found = status(scene.host, store, lambda: taken)
        assert found.taken == taken and f"taken at {taken}, 0 h 0 min ago" in found.text
        assert "36" in status(scene.host, store, lambda: later).text.partition(taken)[2]
        assert "not on the new system" in " ".join(report.status_text(found).split())
        commands.roll_back(scene.host, Progress())
        assert status(scene.host, store).taken == ""

    in_namespace(work)


def test_a_time_that_is_no_time_tells_no_age() -> None:
    assert _aged("2026-19-39T29:59:59Z", "2026-01-01T00:00:00Z") == ""
