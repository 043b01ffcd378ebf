"""A cut anywhere between the stop of the hosted engine's agent and the restart: it runs again."""

import json
import os
from dataclasses import replace
from typing import List, Tuple

import pytest

from ng2coreos import plan as deciding
from ng2coreos.core.errors import CommandFailed, Interrupted
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands
from plugins.hosted_engine import AGENT, BROKER, CONF, STATE, HostedEngine
from tests.execute.simulated import write
from tests.faults import oracle
from tests.faults.cuts import Cut, distinct, recorded
from tests.faults.programs import Failed, Program, Words
from tests.faults.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners")

STOPPED = "/run/stopped"  # the units that do not run; a boot starts them all
START = ("systemctl", "start", AGENT, BROKER)


class Engine:
    """A hosted-engine host that is armed, and the programs that it is asked by."""

    def __init__(self, scene: Scene, patch: pytest.MonkeyPatch) -> None:
        self.scene, self.refuses = scene, ""
        write(scene.host, CONF, b"host_id=1\n")
        write(scene.host, STATE, b"local_maintenance=True\n")
        scene.host.media.settled()
        scene.before = scene.host.media.image("killed")
        for name in ("systemctl", "sanlock", "hosted_engine"):
            patch.setattr(scene.host, f"program_{name}", getattr(self, name), raising=False)
        patch.setattr(deciding, "load_plugins", lambda: (HostedEngine(),))
        scene.apply()
        scene.host.media.settled()

    def running(self) -> Tuple[bool, bool]:
        """Agent and broker."""
        return self._runs(AGENT), self._runs(BROKER)

    def started(self) -> bool:
        """Was a start asked for?"""
        return START in self.scene.host.calls

    def reboot(self) -> None:
        """`apply --reboot`, at its end."""
        held = self.scene.store.current()
        assert held is not None
        commands.reboot(self.scene.host, held)

    def again(self) -> None:
        """`apply --reboot` once more, whose restart is refused."""
        self.refuses = "reboot"
        self.scene.apply_again()
        with pytest.raises(CommandFailed):
            self.reboot()
        self.refuses = ""

    def systemctl(self, words: Words) -> Program:
        """Unit by unit: it may be killed between two."""
        if words[0] == self.refuses:
            raise Failed(1, "it is refused")
        for unit in words[1:] if words[0] in ("start", "stop") else ():
            path = self.scene.host.path(f"{STOPPED}/{unit}")
            if words[0] == "start" and path.exists():
                path.unlink()
            elif words[0] == "stop":
                path.parent.mkdir(exist_ok=True)
                path.touch()
            yield
        if words[0] == "is-enabled":
            self._say("enabled\n")
        if words[0] == "is-active":
            self._say("active\n" if self._runs(words[1]) else "inactive\n")
            if not self._runs(words[1]):
                raise Failed(3, "")

    def sanlock(self, words: Words) -> Program:
        """The agent holds its id while it runs."""
        self._say("daemon a.node01\n" + ("s hosted-engine:1:/x:0\n" if self._runs(AGENT) else ""))
        yield

    def hosted_engine(self, words: Words) -> Program:
        """Another host could run the engine."""
        self._say(json.dumps({"2": {"host-id": 2, "score": 3400}}))
        yield

    def _runs(self, unit: str) -> bool:
        return not self.scene.host.path(f"{STOPPED}/{unit}").exists()

    def _say(self, text: str) -> None:
        self.scene.host._said = text


@pytest.fixture
def engine(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An armed run there."""
    return Engine(scene, monkeypatch)


def cuts_of(engine: Engine) -> List[Cut]:
    with recorded(engine.scene.host, ("killed", "ordered")) as found:
        engine.reboot()
    return [group[0] for group in distinct(found).values()]


def test_whatever_comes_next_starts_what_a_killed_command_left_stopped(engine: Engine) -> None:
    scene = engine.scene
    killed = [cut for cut in cuts_of(engine) if not cut.power]
    ways = {"resume": scene.resume, "apply": scene.apply, "apply --reboot": engine.again,
            "rollback": scene.roll_back}
    found = set()
    for cut in killed:
        for name, command in ways.items():
            scene.restore(cut)
            found.add(engine.running())
            command()
            assert engine.running() == (True, True), f"{name} after {cut}"
            assert oracle.problems(scene) == [], f"{name} after {cut}"
    assert found == {(True, True), (False, True), (False, False)}


def test_an_apply_that_is_refused_starts_them_too(engine: Engine) -> None:
    scene = engine.scene
    stopped = cuts_of(engine)[-1]
    scene.restore(stopped)
    assert engine.running() == (False, False)
    other = replace(scene.plan, run_id="another",
                    target=replace(scene.plan.target, commit="d" * 64))
    for fresh in (False, True):
        scene.restore(stopped)
        with pytest.raises(Interrupted, match="still there"):
            commands.apply(scene.host, other, Progress(), fresh=fresh)
        assert engine.running() == (True, True)


def test_a_start_that_was_cut_itself_is_made_once_more(engine: Engine) -> None:
    scene = engine.scene
    stopped = cuts_of(engine)[-1]
    for command in (scene.resume, scene.roll_back):
        scene.restore(stopped)
        assert engine.running() == (False, False)
        with recorded(scene.host, ("killed",)) as found:
            command()
        for cut in [group[0] for group in distinct(found).values()]:
            scene.restore(cut)
            scene.roll_back()
            assert engine.running() == (True, True), str(cut)


def test_after_a_power_failure_the_boot_has_started_them_and_nobody_else_does(
        engine: Engine) -> None:
    scene = engine.scene
    for cut in cuts_of(engine):
        if cut.power:
            scene.restore(cut)
            scene.host.calls.clear()
            assert engine.running() == (True, True), str(cut)
            scene.roll_back()
            assert not engine.started(), str(cut)
