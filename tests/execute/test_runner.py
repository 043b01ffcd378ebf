"""The runner on fake steps: the journal's order, what a failure and a signal leave behind."""

import errno
import os
import signal
from typing import List

import pytest

from ng2coreos.core.errors import (
    BadInput,
    CommandFailed,
    Exit,
    Ng2CoreosError,
    NoSpace,
    RollbackIncomplete,
    RolledBack,
)
from ng2coreos.execute.steps import STEPS
from tests.execute.world import World

CHANGES = ("alpha:0", "alpha:1", "beta:0", "gamma:0", "gamma:1", "omega:0")
ARMING = ("private", "held", "state", "armed")
WHERE = ("prepare", "apply", "half", "applied", "verify")


def failure(text: str = "It broke.") -> CommandFailed:
    return CommandFailed(text, hint="Mend it.")


def test_intent_is_durable_before_the_deed_and_done_after_it_was_verified(place: World) -> None:
    place.apply()
    wanted = ["before journal begin", "journal begin"]
    for change in CHANGES:
        wanted += [f"prepare {change}", f"before journal intent {change}",
                   f"journal intent {change}", f"apply {change}", f"half {change}",
                   f"applied {change}", *(ARMING if change == "omega:0" else ()),
                   f"verify {change}", f"before journal done {change}", f"journal done {change}"]
    assert place.points.passed == [*wanted, "before journal finished", "journal finished"]
    assert place.ended == "finished" and place.done() == set(CHANGES)


def test_a_journal_record_is_on_the_disk_when_the_next_thing_happens(
        place: World, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: List[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        name = os.readlink(f"/proc/self/fd/{fd}")
        if name.endswith("/journal"):
            synced.append(place.points.passed[-1])
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    place.apply()
    assert synced == [p for p in place.points.passed if p.startswith("before journal")]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("change", CHANGES)
def test_a_failure_undoes_everything_in_reverse(place: World, change: str, where: str) -> None:
    place.points.raises[f"{where} {change}"] = failure()
    with pytest.raises(RolledBack, match="It broke") as caught:
        place.apply()
    assert caught.value.hint == "Mend it."
    assert place.state() == () and place.ended == "none"
    begun = CHANGES[:CHANGES.index(change) + (where != "prepare")]
    undone = [e for e in place.events() if e.startswith("undone")]
    assert undone == [f"undone {c}" for c in reversed(begun)]
    assert place.events()[-1] == "rolled-back"


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EDQUOT, "Disk quota exceeded"),
    failure("lvcreate failed with status 5: Volume group \"onn\" has insufficient free space "
            "(10 extents): 768 required."),
    failure("lvcreate -s onn/var failed with status 5: Cannot create new thin volume, free space "
            "in thin pool onn/pool00 reached threshold."),
    failure("mkfs.ext4 failed with status 1: No space left on device")])
def test_want_of_space_is_told_apart(place: World, error: Exception) -> None:
    place.points.raises["half beta:0"] = error
    with pytest.raises(NoSpace) as caught:
        place.apply()
    assert caught.value.exit_code is Exit.NO_SPACE
    assert place.state() == () and place.ended == "none"


def test_an_input_output_error_is_no_want_of_space(place: World) -> None:
    place.points.raises["half beta:0"] = OSError(errno.EIO, "Input/output error")
    with pytest.raises(RolledBack):
        place.apply()


def test_a_bug_in_a_step_is_undone_like_any_failure(place: World) -> None:
    place.points.raises["half gamma:0"] = KeyError("origin")
    with pytest.raises(RolledBack, match="KeyError"):
        place.apply()
    assert place.state() == () and place.ended == "none"


def test_what_cannot_be_undone_stays_current_and_can_be_tried_again(place: World) -> None:
    place.points.raises["half gamma:1"] = failure()
    place.points.raises["undo beta:0"] = failure("Busy.")
    with pytest.raises(RollbackIncomplete, match="beta:0.*Busy") as caught:
        place.apply()
    assert "It broke" in caught.value.message
    assert place.state() == (("beta:0", "whole"),)
    assert place.ended == "" and "rolled-back" not in place.events()
    with pytest.raises(RollbackIncomplete, match="Busy"):
        place.roll_back()
    place.points.raises.clear()
    place.roll_back()
    assert place.state() == () and place.ended == "none"
    assert [e for e in place.events() if e == "undone alpha:0"] == ["undone alpha:0"]


def test_something_of_ours_that_is_left_makes_the_rollback_incomplete(place: World) -> None:
    place.apply()
    place.lvs.append({"lv_name": "ng2coreos_x", "lv_tags": "ng2coreos", "lv_size": "1",
                      "pool_lv": "", "origin": "", "lv_active": ""})
    with pytest.raises(RollbackIncomplete, match="LV onn/ng2coreos_x"):
        place.roll_back()
    assert place.store.current() is not None
    place.lvs.clear()
    place.roll_back()
    assert place.ended == "none"


@pytest.mark.parametrize("number, code", [(signal.SIGINT, Exit.SIGINT),
                                          (signal.SIGTERM, Exit.SIGTERM),
                                          (signal.SIGHUP, Exit.SIGTERM)])
def test_a_signal_lets_the_change_end_then_everything_is_undone(
        place: World, number: signal.Signals, code: Exit) -> None:
    before = signal.getsignal(number)
    place.points.raises = Sending({"half beta:0": [number]})
    with pytest.raises(Ng2CoreosError) as caught:
        place.apply()
    assert caught.value.exit_code is code
    assert "journal done beta:0" in place.points.passed
    assert "apply gamma:0" not in place.points.passed
    assert place.state() == () and place.ended == "none"
    assert signal.getsignal(number) is before


def test_a_signal_in_the_last_change_still_counts(place: World) -> None:
    place.points.raises = Sending({"armed": [signal.SIGINT]})
    with pytest.raises(Ng2CoreosError) as caught:
        place.apply()
    assert caught.value.exit_code is Exit.SIGINT
    assert place.state() == () and "finished" not in place.events()
    assert place.boot() == ({"saved_entry": "ng"}, False)


def test_more_signals_while_undoing_change_nothing(place: World) -> None:
    place.points.raises = Sending({
        "half beta:0": [signal.SIGTERM], "undo beta:0": [signal.SIGINT, signal.SIGTERM],
        "undo alpha:1": [signal.SIGHUP, signal.SIGINT]})
    with pytest.raises(Ng2CoreosError) as caught:
        place.apply()
    assert caught.value.exit_code is Exit.SIGTERM
    assert place.state() == () and place.ended == "none"


def test_a_signal_during_rollback_does_not_stop_it(place: World) -> None:
    place.apply()
    place.points.raises = Sending({"undo gamma:0": [signal.SIGINT]})
    place.roll_back()
    assert place.state() == () and place.ended == "none"


def test_a_full_disk_under_the_journal_does_not_keep_anything_from_being_undone(
        place: World) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    for point in ("intent gamma:0", "failed", "undo beta:0", "undone beta:0", "undo alpha:1"):
        place.points.raises[f"before journal {point}"] = full
    with pytest.raises(NoSpace):
        place.apply()
    assert place.state() == () and place.ended == "none"


def test_while_grub_may_follow_it_nothing_below_is_removed(place: World) -> None:
    place.apply()
    place.steps[1].boots = True
    place.points.raises["undo beta:0"] = failure("No write to the boot partition.")
    with pytest.raises(RollbackIncomplete, match="beta:0: No write"):
        place.roll_back()
    assert [name for name, _ in place.state()] == ["alpha:0", "alpha:1", "beta:0"]


def test_the_steps_that_grub_follows() -> None:
    assert [step.id for step in STEPS if step.boots] == ["write-boot", "arm"]


def test_a_damaged_journal_is_no_obstacle_on_the_way_back(place: World) -> None:
    place.apply()
    journal = place.store.path / place.plan.run_id / "journal"
    lines = journal.read_bytes().split(b"\n")
    lines[3] = lines[3][:-1] + b"?"
    journal.write_bytes(b"\n".join(lines))
    with pytest.raises(BadInput, match="line 4"):
        place.resume()
    place.roll_back()
    assert place.state() == () and place.store.current() is None


class Sending(dict):  # type: ignore[type-arg]
    """Sends signals to this process at points, where Points would raise something."""

    def __init__(self, signals: "dict[str, list[signal.Signals]]") -> None:
        super().__init__()
        self._signals = signals

    def __contains__(self, name: object) -> bool:
        for number in self._signals.pop(str(name), []):
            os.kill(os.getpid(), number)
        return False
