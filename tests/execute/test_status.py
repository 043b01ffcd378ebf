"""What status says for every journal and every state file that a host can have."""

from dataclasses import replace
from typing import Dict, Optional, Tuple

import pytest

from ng2coreos import report
from ng2coreos.core.errors import BadInput, Exit
from ng2coreos.execute.status import Status, status
from ng2coreos.model import codec
from ng2coreos.model.state import Attempt, BootState, Failure, Phase
from ng2coreos.stage import arm, bootdir, state
from tests.execute.world import BOOT_ID, GRUBENV, Killed, World

OTHER_BOOT = "boot-2"
ATTEMPT = Attempt(1, "coreos-1", "2026-01-01T01:00:00Z", "2026-01-01T01:15:00Z", False, (
    Failure("vdsm", "vdsmd runs", "inactive (dead)", ("vdsmd[9]: no \x1b[31mnetwork",)),))

Outcome = Tuple[str, int]
INTERRUPTED: Outcome = ("prepared", Exit.INTERRUPTED)
FELL_BACK: Outcome = ("rolled-back", Exit.FELL_BACK)
GIVEN_UP: Outcome = ("rolled-back", Exit.OK)
STAGED: Outcome = ("staged", Exit.OK)
MIGRATED: Outcome = ("migrated", Exit.OK)
HALF_GONE: Outcome = ("migrated", Exit.INTERRUPTED)
LOST: Outcome = ("inconsistent", Exit.ROLLBACK_INCOMPLETE)

# by phase (None: no state file), in the same boot of NG and in a later one; the entry used up
FINISHED: Dict[Optional[Phase], Tuple[Outcome, Outcome]] = {
    None: (LOST, LOST),
    Phase.PREPARED: (STAGED, STAGED),
    Phase.STAGED: (STAGED, STAGED),
    Phase.ARMED: (STAGED, FELL_BACK),
    Phase.FIRST_HEALTHY: (FELL_BACK, FELL_BACK),
    Phase.HEALTHY: (FELL_BACK, FELL_BACK),
    Phase.CONFIRMED: (MIGRATED, MIGRATED),
    Phase.FAILED: (FELL_BACK, FELL_BACK),
    Phase.FINALIZING: (HALF_GONE, HALF_GONE),
    Phase.ROLLED_BACK: (GIVEN_UP, GIVEN_UP),
}
CUT = {**FINISHED, None: (INTERRUPTED, INTERRUPTED), Phase.PREPARED: (INTERRUPTED, INTERRUPTED),
       Phase.STAGED: (INTERRUPTED, INTERRUPTED), Phase.ARMED: (INTERRUPTED, FELL_BACK)}


def said(place: World) -> Status:
    """The status, which must also be printable and hold what every status holds."""
    found = status(place.host, place.store)
    assert found.text and found.next
    assert found.host_state in report.status_text(found)
    assert codec.loads(Status, codec.dumps(found)) == found
    return found


def leave(place: World, phase: Optional[Phase], later: bool) -> None:
    """The state file and the boot as they are when NG runs again."""
    arm.disarm(place.host.path(GRUBENV), "ng")
    written = state.read(place.host.path("/boot"))
    if phase is None:
        bootdir.remove_files(place.host.path("/boot"))
    else:
        attempts = (ATTEMPT,) if phase is Phase.FAILED else ()
        bootdir.make_private(place.host.path("/boot"))
        state.write(place.host.path("/boot"), replace(
            written or _state(place), phase=phase, attempts=attempts))
    if later:
        place.host.write(BOOT_ID, OTHER_BOOT + "\n")


@pytest.mark.parametrize("later", [False, True], ids=["same-boot", "later-boot"])
@pytest.mark.parametrize("phase", FINISHED, ids=str)
def test_a_finished_run(place: World, phase: Optional[Phase], later: bool) -> None:
    place.apply()
    leave(place, phase, later)
    found = said(place)
    assert (found.host_state, found.exit_code) == FINISHED[phase][later]
    assert (found.run_id, found.changes_done) == (place.plan.run_id, found.changes_total)


@pytest.mark.parametrize("later", [False, True], ids=["same-boot", "later-boot"])
@pytest.mark.parametrize("phase", CUT, ids=str)
def test_a_run_that_was_cut_before_its_end_was_journaled(
        place: World, phase: Optional[Phase], later: bool) -> None:
    place.points.raises["before journal finished"] = Killed()
    with pytest.raises(Killed):
        place.apply()
    leave(place, phase, later)
    found = said(place)
    assert (found.host_state, found.exit_code) == CUT[phase][later]


def test_every_phase_is_in_the_tables() -> None:
    """Finalized is not: NG's volumes are gone then, so this code cannot run."""
    assert set(FINISHED) == set(CUT) == {None, *Phase} - {Phase.FINALIZED}


def test_an_untouched_host(place: World) -> None:
    found = said(place)
    assert (found.host_state, found.exit_code) == ("untouched", Exit.OK)
    assert place.host.commands == []  # told from files alone


def test_armed(place: World) -> None:
    place.apply()
    found = said(place)
    assert (found.host_state, found.phase, found.exit_code) == ("staged", "armed", Exit.OK)
    assert "next boot is the trial" in found.text


def test_how_far_an_interrupted_run_came(place: World) -> None:
    place.points.raises["half beta:0"] = Killed()
    with pytest.raises(Killed):
        place.apply()
    found = said(place)
    assert (found.host_state, found.exit_code) == INTERRUPTED
    assert (found.changes_done, found.changes_total) == (2, 6)
    assert "2 of 6" in found.text and "resume" in found.next and "rollback" in found.next


@pytest.mark.parametrize("point", ["journal undo gamma:1", "journal rolled-back"])
def test_an_interrupted_rollback_has_only_one_way_on(place: World, point: str) -> None:
    place.apply()
    place.points.raises[point] = Killed()
    with pytest.raises(Killed):
        place.roll_back()
    found = said(place)
    assert found.exit_code == Exit.INTERRUPTED
    assert "rollback" in found.next and "resume" not in found.next


def test_a_run_that_was_killed_once_it_was_armed(place: World) -> None:
    place.points.raises["armed"] = Killed()
    with pytest.raises(Killed):
        place.apply()
    found = said(place)
    assert found.exit_code == Exit.INTERRUPTED and "next boot is the trial" in found.text


def test_after_a_rollback_nothing_is_said_of_the_run(place: World) -> None:
    place.apply()
    place.roll_back()
    assert said(place).host_state == "untouched"


@pytest.mark.parametrize("phase", Phase)
def test_boot_files_without_a_journal(place: World, phase: Phase) -> None:
    bootdir.make_private(place.host.path("/boot"))
    state.write(place.host.path("/boot"), replace(_state(place), phase=phase))
    found = said(place)
    assert (found.host_state, found.exit_code, found.phase) == (*INTERRUPTED, phase.value)


def test_why_a_trial_failed_is_told(place: World) -> None:
    place.apply()
    leave(place, Phase.FAILED, True)
    found = said(place)
    assert found.failures == ATTEMPT.failures and found.attempts == (ATTEMPT,)
    assert "vdsmd runs" in found.text
    text = report.status_text(found)
    assert "inactive (dead)" in text
    assert "  The journal then (vdsm):\n    vdsmd[9]: no  [31mnetwork\n" in text


@pytest.mark.parametrize("phase, words", [
    (Phase.ARMED, "first trial"), (Phase.FIRST_HEALTHY, "second trial"),
    (Phase.HEALTHY, "before it was confirmed")])
def test_a_trial_that_told_nothing_is_explained(place: World, phase: Phase, words: str) -> None:
    place.apply()
    leave(place, phase, True)
    assert words in said(place).text


def test_a_damaged_state_file_is_bad_input(place: World) -> None:
    place.apply()
    state.path(place.host.path("/boot")).write_text("{")
    with pytest.raises(BadInput):
        status(place.host, place.store)


def _state(place: World) -> BootState:
    return BootState(place.plan.run_id, "1", Phase.ARMED, "boot-1", "ng", "uuid", "/grub2/grubenv",
                     "/grub2/custom.cfg", "onn", (), 2, "auto", "c", "node")
