"""The way back needs no journal, no terminal and no well-behaved step."""

import errno
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest

from ng2coreos.core.errors import Ng2CoreosError, NoSpace, RollbackIncomplete, RolledBack
from ng2coreos.core.host import Host
from ng2coreos.core.journal import Journal
from ng2coreos.core.progress import Progress
from ng2coreos.execute import rollback, runner
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.execute.store import Store
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.stage.mounts import Mounts
from tests.execute.world import World
from tests.report import sample

Deed = Callable[[], None]


class Scripted(Step):
    """A step that tells what happens to it."""

    def __init__(self, id_: str, told: List[str], does: Deed, undoes: Deed) -> None:
        self.id, self._told, self._does, self._undoes = id_, told, does, undoes

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        return (Change(self.id, self.id, self.id),)

    def apply(self, change: Change, run: Run) -> Result:
        self._told.append(f"apply {self.id}")
        self._does()
        return {}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        self._told.append(f"undo {self.id}")
        self._undoes()


class Scene:
    """A run of three scripted steps a, b and c."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: List[str] = []
        self.does = dict.fromkeys("abc", _nothing)
        self.undoes = dict.fromkeys("abc", _nothing)
        steps = tuple(Scripted(name, self.told, lambda n=name: self.does[n](),  # type: ignore[misc]
                               lambda n=name: self.undoes[n]())  # type: ignore[misc]
                      for name in "abc")
        for room in (rollback, runner):
            monkeypatch.setattr(room, "step", lambda id_: next(s for s in steps if s.id == id_))
        monkeypatch.setattr(rollback, "STEPS", steps)
        monkeypatch.setattr(rollback, "leftovers", lambda *_: ())
        host = Host(str(root))
        plan = replace(sample.plan(), changes=tuple(c for s in steps for c in s.plan(
            sample.plan().decisions, sample.plan().target)))
        self.store = Store(host)
        self.directory = self.store.begin(plan)
        self.run = Run(host, plan, self.directory, Mounts(host, root / "mounts"), Progress())

    def carry_on(self) -> None:
        runner.carry_on(self.run, self.store)


def _nothing() -> None:
    pass


def _raise(error: BaseException) -> Deed:
    def deed() -> None:
        raise error
    return deed


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path, monkeypatch)


def test_a_full_disk_below_the_journal_does_not_stop_the_undoing(
        scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")

    def fill() -> None:
        monkeypatch.setattr(Journal, "append", lambda *_: _raise(full)())
        raise full

    scene.does["b"] = fill
    with pytest.raises(NoSpace):
        scene.carry_on()
    assert scene.told == ["apply a", "apply b", "undo b", "undo a"]
    assert scene.store.current() is None


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("GLib"), AssertionError()])
def test_what_nobody_expected_is_undone_too(scene: Scene, error: Exception) -> None:
    scene.does["b"] = _raise(error)
    with pytest.raises(RolledBack, match=type(error).__name__):
        scene.carry_on()
    assert scene.told[-2:] == ["undo b", "undo a"]
    assert scene.directory.ended() == "rolled-back"


def test_one_undo_that_breaks_does_not_keep_the_others_from_theirs(scene: Scene) -> None:
    scene.does["c"] = _raise(OSError(errno.EIO, "broken"))
    scene.undoes["c"] = _raise(ValueError("no JSON"))
    with pytest.raises(RollbackIncomplete, match="no JSON"):
        scene.carry_on()
    assert scene.told[-3:] == ["undo c", "undo b", "undo a"]
    assert scene.store.current() is not None
    scene.undoes["c"] = _nothing
    rollback.rollback(scene.run, scene.store)
    assert scene.told[-1] == "undo c"
    assert scene.store.current() is None


def test_a_terminal_that_is_gone_does_not_stop_the_undoing(scene: Scene) -> None:
    class Gone(Progress):
        def note(self, text: str) -> None:
            raise OSError(errno.EIO, "Input/output error")

    scene.does["b"] = lambda: setattr(scene.run, "progress", Gone())
    with pytest.raises(RolledBack):
        scene.carry_on()
    assert scene.told == ["apply a", "apply b", "undo b", "undo a"]


def test_a_damaged_journal_means_that_everything_is_undone(scene: Scene) -> None:
    scene.carry_on()
    lines = scene.directory.journal.path.read_bytes().splitlines(keepends=True)
    lines[2] = b"garbage\n"
    scene.directory.journal.path.write_bytes(b"".join(lines))
    with pytest.raises(Ng2CoreosError):
        scene.directory.records()
    rollback.rollback(scene.run, scene.store)
    assert scene.told[-3:] == ["undo c", "undo b", "undo a"]
    assert scene.store.current() is None


def test_a_signal_at_the_very_end_leaves_no_armed_run_that_calls_itself_unfinished(
        scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = Journal.append

    def append(self: Journal, record: Any) -> None:
        if record["event"] == "finished":
            os.kill(os.getpid(), signal.SIGTERM)
        real(self, record)

    monkeypatch.setattr(Journal, "append", append)
    scene.carry_on()
    assert scene.directory.ended() == "finished"


def test_without_room_in_run(place: World) -> None:
    """No mount is needed to undo, so no directory to mount on."""
    place.apply()
    mounts = place.host.path("/run/ng2coreos")
    if mounts.is_dir():
        shutil.rmtree(mounts)
    mounts.write_text("nothing can be made below")
    place.roll_back()
    assert place.state() == () and place.store.current() is None
