"""What the commands refuse before anything is changed, and what they find done already."""

from dataclasses import replace
from typing import Tuple

import pytest

from ng2coreos.core import lock
from ng2coreos.core.errors import (
    BadInput,
    Blocked,
    Exit,
    Interrupted,
    Locked,
    NeedsAnswer,
    Ng2CoreosError,
    StalePlan,
    Unsupported,
)
from ng2coreos.execute import commands
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.plan import Plan, Policy
from ng2coreos.stage import bootdir
from tests.execute.world import Killed, World
from tests.plan import build


def with_findings(plan: Plan, *kinds: Kind, overrides: Tuple[str, ...] = ()) -> Plan:
    findings = tuple(Finding(f"N2C_TEST_{n}", kind, f"Finding {n}", "", remedy=f"Mend {n}.")
                     for n, kind in enumerate(kinds))
    return replace(plan, decisions=replace(plan.decisions, findings=findings),
                   policy=Policy(overrides=dict.fromkeys(overrides, "tested")))


def refused(place: World, kind: type) -> Ng2CoreosError:
    """`apply` raises `kind` and has changed nothing."""
    with pytest.raises(kind) as caught:
        place.apply()
    error = caught.value
    assert isinstance(error, Ng2CoreosError) and error.hint
    assert place.points.passed == [] and place.state() == ()
    assert place.store.current() is None
    return error


def test_an_inhibitor_stops_whatever_is_overridden(place: World) -> None:
    place.plan = with_findings(place.plan, Kind.INHIBITOR, Kind.OVERRIDABLE,
                               overrides=("N2C_TEST_0", "N2C_TEST_1"))
    error = refused(place, Blocked)
    assert "N2C_TEST_0" in error.message and "Mend 0." in error.hint
    assert error.exit_code is Exit.BLOCKED


def test_an_overridable_finding_wants_an_answer(place: World) -> None:
    place.plan = with_findings(place.plan, Kind.OVERRIDABLE, Kind.OVERRIDABLE, Kind.WARNING,
                               overrides=("N2C_TEST_0",))
    error = refused(place, NeedsAnswer)
    assert "N2C_TEST_1" in error.message and "N2C_TEST_0" not in error.message


def test_warnings_and_answered_findings_do_not_stop(place: World) -> None:
    place.plan = with_findings(place.plan, Kind.OVERRIDABLE, Kind.WARNING, Kind.INFO,
                               overrides=("N2C_TEST_0",))
    place.apply()
    assert place.ended == "finished"


def test_a_host_that_has_changed_since_the_plan(place: World) -> None:
    place.facts = build.host(etc=(build.added("/etc/sysctl.d/new.conf"),))
    assert "changed since the plan was made: /etc." in refused(place, StalePlan).message


def test_a_plan_for_another_host(place: World) -> None:
    place.facts = build.host(machine_id="f" * 32)
    assert "another host" in refused(place, StalePlan).message


def test_what_does_not_matter_to_the_plan_does_not_make_it_stale(place: World) -> None:
    place.facts = build.host(boot_id="boot-77", memory_bytes=1)
    place.apply()
    assert place.ended == "finished"


def test_another_process_at_work(place: World) -> None:
    with lock.exclusive(place.store.lock_file, run_id="held"):
        for command in (place.apply, place.resume, place.roll_back):
            with pytest.raises(Locked, match="run held"):
                command()
    assert place.state() == ()
    place.apply()


def test_the_lock_goes_with_a_killed_process(place: World) -> None:
    place.points.raises["half alpha:0"] = Killed()
    with pytest.raises(Killed):
        place.apply()
    place.points.raises.clear()
    place.resume()
    assert place.ended == "finished"


def test_apply_while_a_run_is_interrupted(place: World) -> None:
    place.points.raises["half beta:0"] = Killed()
    with pytest.raises(Killed):
        place.apply()
    before = place.state(), place.events()
    place.plan = replace(place.plan, run_id="another")
    with pytest.raises(Interrupted) as caught:
        place.apply()
    assert "resume" in caught.value.hint and "rollback" in caught.value.hint
    assert (place.state(), place.events_of("20260101T000000Z-abcdef")) == before


def test_apply_of_what_is_armed_already_changes_nothing(place: World) -> None:
    place.apply()
    before = place.state(), place.boot(), place.events()
    place.points.passed.clear()
    place.plan = replace(place.plan, run_id="another")
    place.apply()
    assert place.points.passed == [] and "already" in place.progress.said[-1]
    assert (place.state(), place.boot(), place.events_of("20260101T000000Z-abcdef")) == before


def test_apply_of_another_image_while_one_is_armed(place: World) -> None:
    place.apply()
    place.plan = replace(place.plan, run_id="another",
                         target=replace(place.plan.target, commit="d" * 64))
    with pytest.raises(Interrupted, match="still there"):
        place.apply()
    assert place.boot()[0]["next_entry"]


@pytest.mark.parametrize("ours", ["volume", "boot"])
def test_leftovers_of_no_known_run(place: World, ours: str) -> None:
    if ours == "volume":
        place.lvs.append({"lv_name": "ng2coreos_var", "lv_tags": "ng2coreos", "lv_size": "1",
                          "pool_lv": "", "origin": "", "lv_active": ""})
    else:
        bootdir.make_private(place.host.path("/boot"))
    error = refused(place, Interrupted)
    assert ("ng2coreos_var" if ours == "volume" else "boot/coreos") in error.message
    with pytest.raises(Interrupted, match="no journal"):
        place.roll_back()


def test_nothing_to_resume_and_nothing_to_roll_back(place: World) -> None:
    with pytest.raises(Unsupported, match="no run"):
        place.resume()
    assert commands.roll_back(place.host, place.progress) is None


def test_rollback_twice(place: World) -> None:
    place.apply()
    place.roll_back()
    assert place.state() == () and place.boot() == ({"saved_entry": "ng"}, False)
    assert commands.roll_back(place.host, place.progress) is None


def test_the_same_plan_may_be_applied_again_after_a_rollback(place: World) -> None:
    place.apply()
    place.roll_back()
    place.points.raises["half gamma:0"] = Killed()
    with pytest.raises(Killed):
        place.apply()
    place.points.raises.clear()
    place.resume()
    assert place.ended == "finished"


def test_everything_of_a_run_is_readable_for_root_only(place: World) -> None:
    place.apply()
    assert place.store.path.stat().st_mode & 0o777 == 0o700
    for path in place.store.path.rglob("*"):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("run_id", ["../../../etc", "a/b", "", ".", "..", "a b", "x" * 200])
def test_a_plan_whose_run_id_is_no_name_is_refused(place: World, run_id: str) -> None:
    place.plan = replace(place.plan, run_id=run_id)
    refused(place, BadInput)


def test_export_refuses_a_directory_that_is_there(place: World) -> None:
    path = place.host.write("/root/there/x").parent
    with pytest.raises(Unsupported, match="exists"):
        commands.export(place.host, place.plan, path)
