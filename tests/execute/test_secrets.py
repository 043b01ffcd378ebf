"""A run that has ended keeps no secret of the host; what a run needs is there until then."""

import base64
import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ng2coreos.core import durable
from ng2coreos.core.journal import Journal
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands, runner
from ng2coreos.execute.status import status
from ng2coreos.execute.store import Store
from ng2coreos.model.item import Item, Outcome
from ng2coreos.stage import state
from tests.execute.simulated import SECRET, Scene
from tests.execute.world import Killed
from tests.stage.namespace import in_namespace

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="mounts"),
              pytest.mark.usefixtures("no_fsync")]
PLANNED = b"canary in the plan"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A host with one carried secret, and another that stands in the plan."""
    made = Scene(tmp_path).install(monkeypatch)
    item = Item("/etc/made.key", "file", Outcome.CONVERTED, "made", "test", mode=0o600,
                sha256=hashlib.sha256(PLANNED).hexdigest(), size_bytes=len(PLANNED),
                content=base64.b64encode(PLANNED).decode(), secret=True)
    decisions = made.plan.decisions
    made.plan = replace(made.plan, decisions=replace(decisions, items=(*decisions.items, item)))
    return made


def kept(scene: Scene) -> str:
    """Everything that the run has left in NG's /var."""
    files = [p for p in Store(scene.host).path.rglob("*") if p.is_file()]
    return "".join(p.read_text("utf-8", "replace") for p in files)


def has_secrets(scene: Scene) -> bool:
    """Is one of the two secrets in there, or a hash?"""
    text = kept(scene)
    return any(word in text for word in (SECRET.decode().strip(), "$6$",
                                         base64.b64encode(PLANNED).decode()))


def test_armed_it_keeps_plan_journal_and_manifest_without_secrets(scene: Scene) -> None:
    def work() -> None:
        commands.apply(scene.host, scene.plan, Progress())
        held = Store(scene.host).current()
        assert held is not None and held.ended() == "finished"
        assert not has_secrets(scene)
        assert sorted(p.name for p in held.bundle.iterdir()) == ["manifest.json"]
        assert len(held.plan().decisions.items) == len(scene.plan.decisions.items)
        assert status(scene.host, Store(scene.host)).host_state == "staged"
        commands.roll_back(scene.host, Progress())
        assert Store(scene.host).current() is None
        assert not has_secrets(scene)

    in_namespace(work)


def test_killed_before_its_end_it_has_what_resume_needs(scene: Scene,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    append = Journal.append

    def killed(journal: Journal, record: Any) -> None:
        if record["event"] == "finished":
            raise Killed("finished")
        append(journal, record)

    def work() -> None:
        monkeypatch.setattr(Journal, "append", killed)
        with pytest.raises(Killed):
            commands.apply(scene.host, scene.plan, Progress())
        assert has_secrets(scene)
        monkeypatch.setattr(Journal, "append", append)
        commands.resume(scene.host, Progress())
        assert not has_secrets(scene)

    in_namespace(work)


def test_killed_before_it_forgets_the_next_command_does(scene: Scene,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(runner, "forget", _killed)
            with pytest.raises(Killed):
                commands.apply(scene.host, scene.plan, Progress())
        assert has_secrets(scene)
        commands.apply(scene.host, scene.plan, Progress())  # armed already: only that is left
        assert not has_secrets(scene)

    in_namespace(work)


def test_an_unfinished_run_that_is_rolled_back_keeps_none(scene: Scene,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(state, "write", _killed)
            with pytest.raises(Killed):
                commands.apply(scene.host, scene.plan, Progress())
        assert has_secrets(scene)
        commands.roll_back(scene.host, Progress())
        assert kept(scene) and not has_secrets(scene)

    in_namespace(work)


def test_a_config_that_was_half_written_goes_too(scene: Scene) -> None:
    def work() -> None:
        commands.apply(scene.host, scene.plan, Progress())
        held = Store(scene.host).current()
        assert held is not None
        torn = durable.temporary(held.config)
        torn.write_bytes(base64.b64encode(PLANNED))
        commands.apply(scene.host, scene.plan, Progress())
        assert not torn.exists() and not has_secrets(scene)

    in_namespace(work)


def test_what_cannot_be_forgotten_is_told_and_fails_nothing(
        scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    remove = durable.remove

    def full(path: Path) -> None:
        if path.name == "config.ign":
            raise OSError(5, "Input/output error", str(path))
        remove(path)

    def work() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(durable, "remove", full)
            commands.apply(scene.host, scene.plan, Progress())
        held = Store(scene.host).current()
        assert held is not None and held.ended() == "finished"
        assert "may be left" in caplog.text

    in_namespace(work)


def _killed(*_: object) -> None:
    raise Killed("here")
