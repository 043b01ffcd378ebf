"""The hosted engine's lockspace is given back before the restart, or the host stays up."""

import json
import signal
from typing import Any, List, Tuple

import pytest

from ng2coreos import plan as deciding
from ng2coreos.core.command import Completed
from ng2coreos.core.errors import Blocked, CommandFailed, Interrupted, NeedsAnswer
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
    with pytest.raises(NeedsAnswer, match="N2C_HE_LOCKSPACE"):
        engine.reboot()
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


@pytest.mark.parametrize("boot,again", [("boot-1", [START]), ("boot-2", [])])
def test_rollback_starts_what_a_killed_command_left_stopped_in_this_boot(
        engine: Engine, boot: str, again: List[Tuple[str, ...]],
        monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ng2coreos.execute.leaving.start_again", lambda *_: True)
        engine.at["stop"] = Killed()
        with pytest.raises(Killed):
            engine.reboot()
    engine.place.host.write(BOOT_ID, f"{boot}\n")
    engine.place.roll_back()
    assert engine.changed == [STOP, *again]
    assert engine.place.store.current() is None
