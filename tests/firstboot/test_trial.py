"""A trial that is healthy leads on; one that is not leads back; the state always says why."""

import errno
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, CommandFailed, Ng2CoreosError
from ng2coreos.firstboot import services, status, trial, unit_log
from ng2coreos.firstboot.trial import Task
from ng2coreos.model.item import Check
from ng2coreos.model.state import Attempt, BootState, Phase
from ng2coreos.stage import arm, bootdir, grubenv, state
from tests.firstboot.machine import (
    NG_ENTRY,
    Machine,
    PowerCut,
    Restarted,
    default_of,
    power_cut_at,
)

STATE = BootState("run", "0", Phase.ARMED, "ng", NG_ENTRY, "u", "/g", "/c", "onn", (), 2, "auto",
                  "c", "os")
EXPLAINED_ON_NG = (Phase.ARMED, Phase.FIRST_HEALTHY, Phase.HEALTHY, Phase.FAILED)


def test_two_healthy_trials_end_confirmed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.play() == "coreos"
    assert machine.boots == 2
    assert_confirmed(machine)
    assert [(a.trial, a.boot_id, a.healthy) for a in machine.state.attempts] == [
        (1, "boot-1", True), (2, "boot-2", True)]
    assert machine.boot() == "permanent"


def test_one_trial_boot_confirms_in_the_first(tmp_path: Path) -> None:
    machine = Machine(tmp_path, trial_boots=1)
    assert machine.play() == "coreos"
    assert machine.boots == 1
    assert_confirmed(machine)


def test_manual_confirmation_leaves_ng_the_default(tmp_path: Path) -> None:
    machine = Machine(tmp_path, confirm="manual")
    assert machine.play() == "coreos"
    assert machine.state.phase is Phase.HEALTHY
    assert default_of(machine) == NG_ENTRY
    assert machine.boot() == "ng"
    assert ("systemctl", "stop", services.DEADMAN_TIMER) in machine.calls


def test_unhealthy_first_trial_goes_back_to_ng_and_says_why(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    assert machine.play() == "ng"
    assert machine.boots == 2
    found = machine.state
    assert found.phase is Phase.FAILED
    assert [(f.check, f.title) for f in found.attempts[-1].failures] == [("vdsmd", "vdsmd runs")]
    assert "vdsmd.service is failed" in found.attempts[-1].failures[0].detail
    assert default_of(machine) == NG_ENTRY


def test_unhealthy_second_trial_goes_back_to_ng(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        original = machine.boot

        def boot() -> str:
            running = original()
            machine.active["vdsmd.service"] = running != "permanent"
            return running

        patch.setattr(machine, "boot", boot)
        assert machine.play() == "ng"
    assert machine.boots == 3
    assert machine.state.phase is Phase.FAILED
    assert [a.healthy for a in machine.state.attempts] == [True, False]


def test_the_journal_of_what_failed_is_in_the_record(tmp_path: Path) -> None:
    machine = Machine(tmp_path, checks=[
        Check("vdsmd", "unit-active", "vdsmd runs", {"unit": "vdsmd.service"}),
        Check("units", "no-failed-units", "No unit failed", {"allow": ["known.*"]})])
    machine.active.update({"vdsmd.service": False, "a.service": False, "known.service": False})
    machine.journal = {
        "vdsmd.service": [f"line {n}" for n in range(30)],
        "a.service": ["\x1b[31mpassword=hunter2 " + "x" * 5000, "a.service: code=exited"],
        "known.service": ["expected"]}
    assert machine.play() == "ng"
    vdsmd, others = machine.state.attempts[-1].failures
    assert vdsmd.log == tuple(f"line {n}" for n in range(30 - unit_log.LINES, 30))
    assert others.log[1] == "a.service: code=exited" and len(others.log) == 2, "each unit once"
    assert "hunter2" not in others.log[0] and "\x1b" not in others.log[0]
    assert len(others.log[0]) == unit_log.WIDTH
    record = state.path(machine.partition)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600


@pytest.mark.parametrize("answer", [CommandFailed("journalctl hangs", hint=""), OSError(2, "gone")])
def test_without_a_journal_the_failure_is_recorded_all_the_same(
        tmp_path: Path, answer: Exception) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False

    def refuse(name: str) -> None:
        if name.startswith("journalctl"):
            raise answer

    machine.event = refuse
    assert machine.play() == "ng"
    failure, = machine.state.attempts[-1].failures
    assert failure.check == "vdsmd" and failure.log == ()


def test_a_full_boot_partition_takes_the_reasons_at_least(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    machine.journal = {"vdsmd.service": ["x" * 100] * unit_log.LINES}
    write, room = durable.write_file, state.path(machine.partition).stat().st_size + 500

    def full(path: Path, data: bytes, **how: Any) -> None:
        if path == state.path(machine.partition) and len(data) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data, **how)

    monkeypatch.setattr(durable, "write_file", full)
    assert machine.play() == "ng"
    failure, = machine.state.attempts[-1].failures
    assert machine.state.phase is Phase.FAILED
    assert failure.title == "vdsmd runs" and failure.log == ()


def test_many_failed_units_do_not_make_the_record_large(tmp_path: Path) -> None:
    machine = Machine(tmp_path, checks=[Check("units", "no-failed-units", "No unit failed", {})])
    names = [f"unit-{n}.service" for n in range(300)]
    machine.active = dict.fromkeys(names, False)
    machine.journal = {name: ["\u00e9" * 400] * 40 for name in names}
    assert machine.play() == "ng"
    failure, = machine.state.attempts[-1].failures
    assert len(failure.log) == unit_log.UNITS * unit_log.LINES
    assert state.path(machine.partition).stat().st_size < 64 * 1024


UNITS = [Check("units", "no-failed-units", "No unit failed", {})]


def test_a_volume_group_whose_activation_failed_is_activated_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path, trial_boots=1, checks=UNITS)
    machine.active["lvm-activate-onn_node-01.service"] = False
    assert machine.play() == "coreos"
    asked = [words for words in machine.calls if words[0] == "vgchange"]
    assert asked == [("vgchange", "-aay", "onn_node-01"),
                     ("vgchange", "--monitor", "y", "onn_node-01")]


def test_a_volume_group_that_stays_away_and_any_other_unit_are_no_healthy_trial(
        tmp_path: Path) -> None:
    machine = Machine(tmp_path, checks=UNITS)
    machine.lost_groups = ["data"]
    names = ["lvm-activate-data.service", "lvm-activate--x.service", "vdsmd.service"]
    machine.active = dict.fromkeys(names, False)
    assert machine.play() == "ng"
    failure, = machine.state.attempts[-1].failures
    assert failure.detail == f"failed: {', '.join(names)}"


def test_health_is_waited_for_until_it_comes(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    machine.boot()
    system = machine.system()
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        machine.active["vdsmd.service"] = len(slept) >= 3

    clock = replace(system.clock, sleep=sleep)
    with pytest.raises(Restarted):  # into the second trial
        trial.run(replace(system, clock=clock))
    assert machine.state.phase is Phase.FIRST_HEALTHY
    assert len(slept) == 3


def test_a_carried_file_that_is_missing_fails_the_trial(tmp_path: Path) -> None:
    from ng2coreos.model.item import Item, Outcome

    machine = Machine(tmp_path, items=[Item("/etc/x", "file", Outcome.CARRIED, "r", "r")])
    assert machine.play() == "ng"
    assert machine.state.attempts[-1].failures[0].check == "item:/etc/x"


def test_a_check_that_this_version_does_not_know_fails_the_trial(tmp_path: Path) -> None:
    machine = Machine(tmp_path, checks=[Check("c", "no-such-kind", "t")])
    assert machine.play() == "ng"
    assert "no-such-kind" in machine.state.attempts[-1].failures[0].detail


def test_without_a_manifest_the_trial_fails(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.path("/etc/ng2coreos/manifest.json").unlink()
    assert machine.play() == "ng"
    assert machine.state.phase is Phase.FAILED
    assert "manifest.json" in machine.state.attempts[-1].failures[0].detail


def test_a_failed_trial_leaves_nothing_of_ours_armed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    machine.boot()
    arm.arm(machine.environment, bootdir.ENTRY)  # by hand, say, while the trial was on
    with pytest.raises(Restarted):
        trial.run(machine.system())
    assert machine.boot() == "ng"


def test_a_failure_is_recorded_though_the_grub_environment_is_damaged(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    machine.boot()

    def damage(name: str) -> None:
        if name.startswith("systemctl show"):
            machine.environment.write_bytes(b"torn")

    machine.event = damage
    with pytest.raises(Restarted):
        trial.run(machine.system())
    assert machine.state.phase is Phase.FAILED


def test_a_second_trial_that_cannot_be_armed_is_told(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)

    def full(environment: Path, entry: str) -> None:
        raise BadInput("The GRUB environment would need 1030 of 1024 bytes.", hint="")

    monkeypatch.setattr(arm, "arm", full)
    assert machine.play() == "ng"
    assert machine.state.phase is Phase.FAILED
    assert [f.check for f in machine.state.attempts[-1].failures] == ["arm"]


def test_failures_are_bounded(tmp_path: Path) -> None:
    checks = [Check(f"c{n}", "k" * 4000, f"t{n}") for n in range(200)]
    machine = Machine(tmp_path, checks=checks)
    assert machine.play() == "ng"
    failures = machine.state.attempts[-1].failures
    assert failures[-1].detail == "160 more"
    assert state.path(machine.partition).stat().st_size < 64 * 1024


def test_the_first_boots_secrets_are_gone_after_the_first_trial(tmp_path: Path) -> None:
    machine = Machine(tmp_path, confirm="manual")
    cached = machine.path(trial.IGNITION_CACHE)
    cached.parent.mkdir(exist_ok=True)
    cached.write_text("the whole config, hashes and keys")
    machine.play()
    assert not (machine.partition / "coreos" / bootdir.OVERLAY).exists()
    assert not cached.exists()


def test_a_boot_partition_that_stays_read_only_leads_to_ng(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    def refuse(name: str) -> None:
        if name.startswith("mount"):
            raise Ng2CoreosError("mount failed", hint="")

    machine.event = refuse
    assert machine.play() == "ng"
    assert machine.state.phase is Phase.ARMED  # nothing could be written, and ARMED on NG says so


def test_a_reboot_that_hangs_is_forced(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    machine.boot()
    original = machine._runner

    def hanging(argv, timeout_s, data):  # type: ignore[no-untyped-def]
        if list(argv) == ["systemctl", "reboot"]:
            machine.calls.append(tuple(argv))
            return original(["mount", "-o", "remount,rw", "/sysroot/boot"], timeout_s, data)
        return original(argv, timeout_s, data)

    machine._runner = hanging
    with pytest.raises(Restarted):
        trial.run(machine.system())
    assert machine.calls[-1] == ("systemctl", "reboot", "--force")


@pytest.mark.parametrize("phase, attempt, number, default, wanted", [
    (Phase.PREPARED, None, 1, NG_ENTRY, Task.NOTHING),
    (Phase.STAGED, None, 1, NG_ENTRY, Task.NOTHING),
    (Phase.ARMED, None, 1, NG_ENTRY, Task.PROVE),
    (Phase.ARMED, "now", 1, NG_ENTRY, Task.PROVE),
    (Phase.ARMED, None, 2, NG_ENTRY, Task.WRONG_BOOT),
    (Phase.FIRST_HEALTHY, "now", 1, NG_ENTRY, Task.HAND_OVER),
    (Phase.FIRST_HEALTHY, "before", 2, NG_ENTRY, Task.PROVE),
    (Phase.FIRST_HEALTHY, "now", 2, NG_ENTRY, Task.PROVE),
    (Phase.FIRST_HEALTHY, "before", 1, NG_ENTRY, Task.WRONG_BOOT),
    (Phase.HEALTHY, "now", 2, NG_ENTRY, Task.CONFIRM),
    (Phase.HEALTHY, "before", 2, NG_ENTRY, Task.NOTHING),
    (Phase.HEALTHY, "before", 2, bootdir.ENTRY, Task.CONFIRM),
    (Phase.FAILED, "now", 1, NG_ENTRY, Task.GO_BACK),
    (Phase.FAILED, "before", 1, NG_ENTRY, Task.NOTHING),
    (Phase.CONFIRMED, "before", 2, bootdir.ENTRY, Task.CONFIRM),
    (Phase.ROLLED_BACK, "before", 2, NG_ENTRY, Task.NOTHING),
    (Phase.FINALIZING, "before", 2, bootdir.ENTRY, Task.NOTHING),
    (Phase.FINALIZED, "before", 2, bootdir.ENTRY, Task.NOTHING),
])
def test_what_a_boot_is_for(phase: Phase, attempt: str, number: int, default: str,
                            wanted: Task) -> None:
    attempts = (Attempt(1, attempt, "t"),) if attempt else ()
    found = trial.task(replace(STATE, phase=phase, attempts=attempts), number, "now", default)
    assert found is wanted


def test_rollback_between_the_trials_wins(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    succeeded = trial._succeeded

    def then_rolled_back(*given: Any) -> Phase:
        reached = succeeded(*given)
        machine.set_phase(Phase.ROLLED_BACK)
        return reached

    monkeypatch.setattr(trial, "_succeeded", then_rolled_back)
    machine.play()
    assert machine.state.phase is Phase.ROLLED_BACK and machine.boots == 1
    assert arm.armed(machine.environment) == ""
    assert machine.boot() == "ng"


def test_rollback_during_the_trial_wins(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    def decide(name: str) -> None:
        if name.startswith("systemctl show"):
            machine.set_phase(Phase.ROLLED_BACK)

    machine.boot()
    machine.event = decide
    trial.run(machine.system())
    assert machine.state.phase is Phase.ROLLED_BACK
    assert default_of(machine) == NG_ENTRY
    assert arm.armed(machine.environment) == ""


def cuts(tmp_path: Path, **options: object) -> int:
    """How many events a move without a cut has."""
    machine = Machine(tmp_path / "whole", **options)  # type: ignore[arg-type]
    with power_cut_at(machine, None) as events:
        machine.play()
    assert "overwrite" in {e.split()[0] for e in events}
    return len(events)


@pytest.mark.parametrize("trial_boots", [1, 2])
@pytest.mark.parametrize("confirm", ["auto", "manual"])
def test_power_cut_anywhere_in_a_healthy_move(tmp_path: Path, trial_boots: int,
                                              confirm: str) -> None:
    """NG boots and the state explains it, or the new system goes on to where it was going."""
    options = {"trial_boots": trial_boots, "confirm": confirm}
    ends = set()
    for number in range(cuts(tmp_path, **options)):
        machine = Machine(tmp_path / str(number), **options)  # type: ignore[arg-type]
        with power_cut_at(machine, number), pytest.raises(PowerCut):
            machine.play()
        end = machine.play()
        ends.add(end)
        if end == "ng":
            assert default_of(machine) == NG_ENTRY
            assert grubenv.read(machine.environment).get("next_entry", "") == ""
            assert machine.state.phase in EXPLAINED_ON_NG, number
            assert machine.play() == "ng"
        else:
            assert machine.state.phase is (Phase.CONFIRMED if confirm == "auto" else Phase.HEALTHY)
            if confirm == "auto":
                assert_confirmed(machine)
    # with one trial and no confirmation nothing but the one-shot, used up, leads to the new system
    assert ends == ({"ng"} if options == {"trial_boots": 1, "confirm": "manual"}
                    else {"ng", "coreos"})


def test_power_cut_anywhere_in_a_failing_trial_is_ng(tmp_path: Path) -> None:
    whole = Machine(tmp_path / "whole")
    whole.active["vdsmd.service"] = False
    with power_cut_at(whole, None) as events:
        whole.play()
    for number in range(len(events)):
        machine = Machine(tmp_path / str(number))
        machine.active["vdsmd.service"] = False
        with power_cut_at(machine, number), pytest.raises(PowerCut):
            machine.play()
        assert machine.play() == "ng", events[number]
        assert machine.state.phase in (Phase.ARMED, Phase.FAILED)
        assert default_of(machine) == NG_ENTRY


@pytest.mark.parametrize("confirm", ["auto", "manual"])
def test_a_trial_that_is_killed_goes_on_in_the_same_boot(tmp_path: Path, confirm: str) -> None:
    """As above, but only the process dies: started again it ends as if nothing had been."""
    for number in range(cuts(tmp_path, confirm=confirm)):
        machine = Machine(tmp_path / str(number), confirm=confirm)
        with power_cut_at(machine, number), pytest.raises(PowerCut):
            machine.play()
        try:
            if machine.lstat(services.TRIAL_LINK) is not None:
                trial.run(machine.system())
        except Restarted:
            machine.play()
        if confirm == "auto":
            assert_confirmed(machine)
        else:
            assert machine.state.phase is Phase.HEALTHY


def assert_confirmed(machine: Machine) -> None:
    """The new system is the default and nothing of the trial is left."""
    assert machine.state.phase is Phase.CONFIRMED
    assert default_of(machine) == bootdir.ENTRY
    block = bootdir.block(machine.partition / "grub2/custom.cfg")
    assert bootdir.FIRST_BOOT_ENTRY not in block
    assert "rollback.cfg" in block
    assert not (machine.partition / "coreos" / bootdir.OVERLAY).exists()
    assert machine.lstat(services.TRIAL_LINK) is None
    assert machine.lstat(services.DEADMAN_LINK) is None
    assert status.status(machine.system()).phase == "confirmed"
