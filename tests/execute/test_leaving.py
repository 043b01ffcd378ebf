"""The hosted engine's lockspace is given back before the restart, or the host stays up."""

import json
import signal
from contextlib import suppress
from dataclasses import replace
from typing import Any, List, Tuple

import pytest

from ng2coreos import plan as deciding
from ng2coreos.core.command import Completed
from ng2coreos.core.errors import (
    Blocked,
    CommandFailed,
    FellBack,
    Interrupted,
    NeedsAnswer,
    RolledBack,
    StalePlan,
)
from ng2coreos.execute import commands
from ng2coreos.execute.store import RunDirectory
from ng2coreos.stage import arm
from plugins.hosted_engine import AGENT, BROKER, CONF, STATE, HostedEngine
from tests.execute.world import BOOT_ID, GRUBENV, Killed, World

HELD = "daemon 8f2b8a52.node01\np -1 helper\ns hosted-engine:1:/run/vdsm/storage/a/b/c:0\n"
FREE = "daemon 8f2b8a52.node01\np -1 helper\n"
STOP = ("systemctl", "stop", AGENT, BROKER)
START = ("systemctl", "start", AGENT, BROKER)
REBOOT = ("systemctl", "reboot")
REFUSED = CommandFailed("systemctl reboot ended with status 1.", hint="Look at it.")


class Engine:
    """A hosted-engine host in local maintenance, with an agent that gives its id back."""

    def __init__(self, place: World, patch: pytest.MonkeyPatch) -> None:
        self.place, self.active, self.held = place, True, True
        self.gives_back = True
        self.at: Any = {}  # what a command ends with
        self.changed: List[Tuple[str, ...]] = []
        patch.setattr(deciding, "load_plugins", lambda: (HostedEngine(),))
        place.apply()
        place.host.write(CONF, "host_id=1\n")
        place.host.write(STATE, "local_maintenance=True\n")
        patch.setattr(place.host, "run", self._run)

    @property
    def run_directory(self) -> RunDirectory:
        """The armed run."""
        held = self.place.store.current()
        assert held is not None and held.ended() == "finished"
        return held

    def reboot(self) -> None:
        """`apply --reboot`, at its end."""
        commands.reboot(self.place.host, self.run_directory)

    def _run(self, argv: Any, **more: Any) -> Completed:
        words, text, code = tuple(argv), "", 0
        if words[0] == "sanlock":
            text = HELD if self.held else FREE
        elif words[0] == "hosted-engine":
            text = json.dumps({"2": {"host-id": 2, "score": 3400}})
        elif words[:2] == ("systemctl", "is-active"):
            text, code = ("active\n", 0) if self.active else ("inactive\n", 3)
        elif words[:2] == ("systemctl", "is-enabled"):
            text = "enabled\n"
        elif words[0] == "systemctl":
            self._change(words)
        else:
            text = json.dumps({"report": [{"lv": []}]})
        return Completed(words, code, text, "", 0.0)

    def _change(self, words: Tuple[str, ...]) -> None:
        if words[1] == "stop":
            assert self.place.events()[-1] == "stopping"
            self.active, self.held = False, not self.gives_back
        elif words[1] == "start":
            self.active = self.held = True
        self.changed.append(words)
        end = self.at.get(words[1])
        if isinstance(end, BaseException):
            raise end
        if end:
            end()


@pytest.fixture
def engine(place: World, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A run that is armed there."""
    return Engine(place, monkeypatch)


def test_the_lockspace_is_given_back_before_the_restart(engine: Engine) -> None:
    engine.reboot()
    assert engine.changed == [STOP, REBOOT]
    assert not engine.held and engine.run_directory.ended() == "finished"


def test_a_lockspace_that_is_held_even_then_keeps_the_host_up(engine: Engine) -> None:
    engine.gives_back = False
    with pytest.raises(NeedsAnswer, match="N2C_HE_LOCKSPACE") as caught:
        engine.reboot()
    assert "hosted-engine --set-maintenance --mode=local" in caught.value.hint
    assert "--override" in caught.value.hint
    assert engine.changed == [STOP, START]
    engine.gives_back = True
    engine.reboot()
    assert engine.changed[2:] == [STOP, REBOOT]


def test_nothing_is_stopped_on_a_host_that_has_not_stepped_back(engine: Engine) -> None:
    engine.place.host.write(STATE, "local_maintenance=False\n")
    with pytest.raises(Blocked, match="N2C_HE_MAINTENANCE"):
        engine.reboot()
    assert engine.changed == []


def test_a_run_that_is_armed_no_more_restarts_nothing(engine: Engine) -> None:
    """As when another shell has rolled it back meanwhile."""
    directory = engine.run_directory
    arm.disarm(engine.place.host.path(GRUBENV), "")
    with pytest.raises(Interrupted, match="the next boot is NG"):
        commands.reboot(engine.place.host, directory)
    assert engine.changed == []


@pytest.mark.parametrize("at", ["stop", "reboot"])
def test_what_was_stopped_runs_again_where_the_restart_does_not_come(
        engine: Engine, at: str) -> None:
    engine.at[at] = REFUSED
    with pytest.raises(CommandFailed):
        engine.reboot()
    assert engine.changed[-1] == START
    assert engine.place.events()[-2:] == ["stopping", "started"]


def test_a_signal_while_the_agent_ends_keeps_the_host_up(engine: Engine) -> None:
    engine.at["stop"] = lambda: signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Interrupted):
        engine.reboot()
    assert engine.changed == [STOP, START]


def test_an_agent_that_cannot_be_started_is_told_and_hides_no_error(
        engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    engine.at = {"reboot": REFUSED, "start": CommandFailed("no", hint="none")}
    with pytest.raises(CommandFailed, match="systemctl reboot"):
        engine.reboot()
    assert f"systemctl start {AGENT} {BROKER}" in caplog.text


@pytest.fixture
def killed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """`apply --reboot` was killed while the agent ended."""
    with monkeypatch.context() as patch:
        patch.setattr("ng2coreos.execute.leaving.start_again", lambda *_: True)
        engine.at["stop"] = Killed()
        with pytest.raises(Killed):
            engine.reboot()
    engine.at.clear()
    return engine


@pytest.mark.parametrize("boot,again", [("boot-1", [START]), ("boot-2", [])])
@pytest.mark.parametrize("command", ["roll_back", "resume", "apply"])
def test_the_next_command_starts_what_a_killed_one_left_stopped_in_this_boot(
        killed: Engine, command: str, boot: str, again: List[Tuple[str, ...]]) -> None:
    killed.place.host.write(BOOT_ID, f"{boot}\n")
    with suppress(FellBack):  # in the next boot: the trial may have been
        getattr(killed.place, command)()
    assert killed.changed == [STOP, *again]
    assert (killed.place.store.current() is None) == (command == "roll_back")


def test_one_that_reboots_leaves_them_stopped(killed: Engine) -> None:
    """They would be stopped again, and an agent that has just begun cannot say how it is."""
    commands.resume(killed.place.host, killed.place.progress, fresh=True)
    killed.reboot()
    assert killed.changed == [STOP, REBOOT]


@pytest.mark.parametrize("step", ["resume", "apply", "reboot"])
def test_one_that_was_to_reboot_and_fails_starts_them(killed: Engine, step: str) -> None:
    place, directory = killed.place, killed.run_directory
    place.facts = replace(place.facts, machine_id="b" * 32)
    with pytest.raises(StalePlan):
        if step == "resume":
            commands.resume(place.host, place.progress, fresh=True)
        elif step == "apply":
            commands.apply(place.host, place.plan, place.progress, fresh=True)
        else:
            commands.reboot(place.host, directory)
    assert killed.changed == [STOP, START]


def test_one_that_undoes_the_run_starts_them(killed: Engine) -> None:
    place = killed.place
    place.points.raises["apply omega:0"] = OSError("broken")
    with pytest.raises(RolledBack):
        commands.resume(place.host, place.progress, fresh=True)
    assert killed.changed == [STOP, START] and place.store.current() is None
