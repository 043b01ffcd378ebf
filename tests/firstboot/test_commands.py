"""Confirm, rollback, finalize, deadman: what they change, when they refuse, cut anywhere."""

from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from ng2coreos.core import namespace
from ng2coreos.core.errors import (
    BadInput,
    Blocked,
    Interrupted,
    Locked,
    NeedsAnswer,
    Unsupported,
    VerifyFailed,
)
from ng2coreos.core.lock import exclusive
from ng2coreos.firstboot import confirm, deadman, finalize, rollback, services, status
from ng2coreos.firstboot.finalize import JOURNAL
from ng2coreos.model.item import Check
from ng2coreos.model.state import Phase
from ng2coreos.stage import arm, bootdir, grubenv
from tests.firstboot.machine import (
    COMMIT,
    NG_ENTRY,
    OLD_ENTRY,
    Machine,
    PowerCut,
    Restarted,
    default_of,
    power_cut_at,
)
from tests.firstboot.test_trial import assert_confirmed


@pytest.fixture
def healthy(tmp_path: Path) -> Machine:
    """A host that waits for `confirm`."""
    machine = Machine(tmp_path / "healthy", confirm="manual")
    assert machine.play() == "coreos"
    return machine


@pytest.fixture
def confirmed(tmp_path: Path) -> Machine:
    """A host that runs the new system for good, with NG still there."""
    machine = Machine(tmp_path / "confirmed")
    assert machine.play() == "coreos"
    return machine


def test_confirm_makes_the_new_system_the_default(healthy: Machine) -> None:
    assert confirm.confirm(healthy.system()) is True
    assert_confirmed(healthy)
    assert confirm.confirm(healthy.system()) is False


def test_confirm_stops_a_deadman_that_still_runs(healthy: Machine) -> None:
    """The trial stops it once the system is healthy, but may have been killed before it did."""
    healthy.calls.clear()
    confirm.confirm(healthy.system())
    assert healthy.calls.count(("systemctl", "stop", services.DEADMAN_TIMER)) == 1


@pytest.mark.parametrize("phase", [p for p in Phase if p not in (Phase.HEALTHY, Phase.CONFIRMED)])
def test_confirm_refuses_what_is_not_proved(healthy: Machine, phase: Phase) -> None:
    healthy.set_phase(phase)
    before = healthy.environment.read_bytes()
    with pytest.raises(Blocked):
        confirm.confirm(healthy.system())
    assert healthy.environment.read_bytes() == before
    assert healthy.state.phase is phase


def test_confirm_refuses_a_default_that_the_menu_lacks(healthy: Machine) -> None:
    (healthy.partition / "grub2/custom.cfg").write_text("# lost\n")
    with pytest.raises(BadInput):
        confirm.confirm(healthy.system())
    assert default_of(healthy) == NG_ENTRY


def test_a_cut_confirm_is_ng_or_goes_on(tmp_path: Path) -> None:
    def begun(name: str) -> Machine:
        machine = Machine(tmp_path / name, confirm="manual")
        machine.play()
        return machine

    whole = begun("whole")
    with power_cut_at(whole, None) as events:
        confirm.confirm(whole.system())
    ends = []
    for number in range(len(events)):
        machine = begun(str(number))
        with power_cut_at(machine, number), pytest.raises(PowerCut):
            confirm.confirm(machine.system())
        ends.append(machine.play())
        if ends[-1] == "ng":
            assert machine.state.phase is Phase.HEALTHY
            assert default_of(machine) == NG_ENTRY
        else:
            assert_confirmed(machine)  # the trial service has ended it
    assert ends == sorted(ends, reverse=True) and {"ng", "coreos"} == set(ends)


@pytest.mark.parametrize("live", [False, True])
def test_the_partition_becomes_writable_for_this_process_alone(
        healthy: Machine, monkeypatch: pytest.MonkeyPatch, live: bool) -> None:
    """A namespace is made first, and left last: the others' mount stays read-only."""
    order: List[str] = []

    @contextmanager
    def private(*, live: bool = True) -> Iterator[None]:
        order.append(f"private {live}")
        yield
        order.append("left")

    monkeypatch.setattr(namespace, "private", private)
    monkeypatch.setattr(Machine, "live", live)
    before = len(healthy.calls)
    with healthy.system().writing():
        order += [" ".join(argv) for argv in healthy.calls[before:]]
    assert order == [f"private {live}", "mount -o remount,rw /sysroot/boot", "left"]


def test_another_ng2coreos_at_work_is_waited_for_then_named(healthy: Machine) -> None:
    with exclusive(healthy.path("/run/ng2coreos/lock"), run_id="other"), pytest.raises(Locked):
        confirm.confirm(healthy.system())


@pytest.mark.parametrize("fixture", ["healthy", "confirmed"])
def test_rollback_makes_ng_the_next_boot(fixture: str, request: pytest.FixtureRequest) -> None:
    machine: Machine = request.getfixturevalue(fixture)
    assert rollback.rollback(machine.system()) is True
    assert machine.state.phase is Phase.ROLLED_BACK
    assert machine.boot() == "ng"
    assert default_of(machine) == NG_ENTRY
    assert rollback.rollback(machine.system()) is False


def test_rollback_disarms_the_second_trial(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.boot()
    arm.arm(machine.environment, bootdir.ENTRY)
    machine.set_phase(Phase.FIRST_HEALTHY)
    rollback.rollback(machine.system())
    assert machine.boot() == "ng"


def test_a_cut_rollback_is_ng_or_nothing_happened(tmp_path: Path) -> None:
    for number in range(20):
        machine = Machine(tmp_path / str(number))
        machine.play()
        try:
            with power_cut_at(machine, number):
                rollback.rollback(machine.system())
            break
        except PowerCut:
            pass
        end = machine.play()
        if end == "coreos":
            assert machine.state.phase is Phase.CONFIRMED
        else:
            assert machine.state.phase in (Phase.CONFIRMED, Phase.ROLLED_BACK)
        rollback.rollback(machine.system())
        assert machine.play() == "ng"
        assert machine.state.phase is Phase.ROLLED_BACK
    assert number > 3


def test_rollback_refuses_after_finalize(confirmed: Machine) -> None:
    reboot(confirmed)
    finalize.finalize(confirmed.system(), yes=True)
    before = confirmed.environment.read_bytes()
    with pytest.raises(Unsupported, match="finalized"):
        rollback.rollback(confirmed.system())
    assert confirmed.environment.read_bytes() == before


def reboot(machine: Machine) -> None:
    """Restart into the confirmed system."""
    assert machine.boot() == "permanent"


def test_finalize_removes_ng_and_nothing_else(confirmed: Machine) -> None:
    reboot(confirmed)
    others = {"coreos/ostree/n/vmlinuz", "grub2/grub.cfg", "grub2/custom.cfg", "grub2/grubenv"}
    assert finalize.finalize(confirmed.system(), yes=True) is True
    assert sorted(confirmed.lvs) == ["home", "ng2coreos_root", "ng2coreos_var", "pool00", "swap"]
    partition = confirmed.partition
    left = {str(p.relative_to(partition)) for p in partition.rglob("*") if p.is_file()}
    assert others <= left
    assert not [name for name in left if "vmlinuz" in name and not name.startswith("coreos/")]
    assert not list((partition / "loader/entries").iterdir())
    assert (partition / "efi/EFI").is_dir()
    assert not (partition / NG_ENTRY).exists() and not (partition / OLD_ENTRY).exists()
    assert confirmed.state.phase is Phase.FINALIZED
    assert finalize.finalize(confirmed.system(), yes=True) is False
    assert confirmed.boot() == "permanent"


def test_snapshots_go_before_their_origins(confirmed: Machine) -> None:
    reboot(confirmed)
    finalize.finalize(confirmed.system(), yes=True)
    removed = [call[-1] for call in confirmed.calls if call[0] == "lvremove"]
    assert removed.index(f"onn/{NG_ENTRY}") < removed.index(f"onn/{NG_ENTRY[:-2]}")


def test_the_private_menu_without_ng_still_boots_the_newest_deployment(confirmed: Machine) -> None:
    reboot(confirmed)
    finalize.finalize(confirmed.system(), yes=True)
    text = (confirmed.partition / "coreos/grub2/grub.cfg").read_text()
    assert "rollback.cfg" not in text
    assert "\nset default=0\n" in text and "\nset fallback=1\n" in text
    assert " set default=1\n" in text  # the counter's: the deployment before
    assert "menuentry" not in (confirmed.partition / "coreos/grub2/rollback.cfg").read_text()


def test_finalize_wants_a_yes(confirmed: Machine) -> None:
    reboot(confirmed)
    before = sorted(confirmed.lvs)
    with pytest.raises(NeedsAnswer, match="4 volumes"):
        finalize.finalize(confirmed.system(), yes=False)
    assert sorted(confirmed.lvs) == before
    assert not confirmed.path(JOURNAL).exists()


def _opened(machine: Machine) -> None:
    machine.lvs["var"]["lv_attr"] = "Vwi-aotz--"


def _ours(machine: Machine) -> None:
    machine.lvs["var"]["lv_tags"] = "ng2coreos"


def _classic_snapshot(machine: Machine) -> None:
    machine.lvs["keep"] = {"lv_name": "keep", "origin": "var", "lv_attr": "swi-a-s---",
                           "lv_tags": ""}


def _not_confirmed(machine: Machine) -> None:
    machine.set_phase(Phase.HEALTHY)


def _not_default(machine: Machine) -> None:
    grubenv.change(machine.environment, {"saved_entry": NG_ENTRY})


def _first_boot(machine: Machine) -> None:
    machine.path("/proc/cmdline").write_text("ostree=x ignition.firstboot\n")


@pytest.mark.parametrize("spoil", [_opened, _ours, _classic_snapshot, _not_confirmed, _not_default,
                                   _first_boot])
def test_finalize_refuses(confirmed: Machine, spoil: Callable[[Machine], None]) -> None:
    reboot(confirmed)
    spoil(confirmed)
    with pytest.raises(Blocked):
        finalize.finalize(confirmed.system(), yes=True)
    assert not [call for call in confirmed.calls if call[0] == "lvremove"]
    assert list((confirmed.partition / "loader/entries").iterdir())
    assert not confirmed.path(JOURNAL).exists()


def test_finalize_refuses_a_sick_host(confirmed: Machine) -> None:
    reboot(confirmed)
    confirmed.active["vdsmd.service"] = False
    with pytest.raises(VerifyFailed, match="vdsmd"):
        finalize.finalize(confirmed.system(), yes=True)
    assert "var" in confirmed.lvs


def test_a_boot_entry_cannot_name_what_is_ours(confirmed: Machine) -> None:
    reboot(confirmed)
    (confirmed.partition / "loader/entries/evil.conf").write_text(
        "linux /coreos/ostree/n/vmlinuz\ninitrd /../../etc/passwd /grub2/grub.cfg $tuned_initrd\n")
    finalize.finalize(confirmed.system(), yes=True)
    assert (confirmed.partition / "coreos/ostree/n/vmlinuz").exists()
    assert (confirmed.partition / "grub2/grub.cfg").exists()
    assert confirmed.path("/etc/passwd").exists()


def test_a_cut_finalize_goes_on_and_never_boots_ng(tmp_path: Path) -> None:
    def begun(name: str) -> Machine:
        machine = Machine(tmp_path / name)
        machine.play()
        reboot(machine)
        return machine

    whole = begun("whole")
    with power_cut_at(whole, None) as events:
        finalize.finalize(whole.system(), yes=True)
    for number in range(len(events)):
        machine = begun(str(number))
        with power_cut_at(machine, number), pytest.raises(PowerCut):
            finalize.finalize(machine.system(), yes=True)
        assert machine.play() == "coreos"
        text = (machine.partition / "coreos/grub2/grub.cfg").read_text()
        shows_ng = "rollback.cfg" in text
        assert ("\nset default=1\n" in text) == shows_ng
        if machine.state.phase is Phase.CONFIRMED:  # nothing of NG may be gone: NG cannot know
            assert sorted(machine.lvs) == sorted(begun(f"{number}-untouched").lvs) and shows_ng
            assert len(list((machine.partition / "loader/entries").iterdir())) == 2
        if machine.state.phase is not Phase.FINALIZED and finalize.was_begun(
                machine.system(), machine.state.run_id):
            with pytest.raises(Interrupted):
                rollback.rollback(machine.system())
            with pytest.raises(NeedsAnswer):
                finalize.finalize(machine.system(), yes=False)
        else:
            assert "var" in machine.lvs or machine.state.phase is Phase.FINALIZED
        finalize.finalize(machine.system(), yes=True)
        assert machine.state.phase is Phase.FINALIZED
        assert sorted(machine.lvs) == sorted(whole.lvs)
        found = {str(p.relative_to(machine.partition)) for p in machine.partition.rglob("*")}
        assert found == {str(p.relative_to(whole.partition)) for p in whole.partition.rglob("*")}


def test_the_deadman_ends_a_trial_that_hangs(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.boot()
    assert deadman.expired(machine.system()) is True
    assert machine.state.phase is Phase.FAILED
    assert machine.state.attempts[-1].failures[0].check == "deadman"
    assert machine.boot() == "ng"


def test_the_deadman_says_what_the_boot_waited_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.boot()
    machine.jobs = "12 slow.service start running\n13 next.service start waiting\n"
    machine.journal = {"slow.service": ["slow: waiting for a disk"], "next.service": ["nothing"]}
    assert deadman.expired(machine.system()) is True
    assert machine.state.attempts[-1].failures[0].log == ("slow: waiting for a disk",)


def test_the_deadman_only_restarts_when_the_shutdown_hangs(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.boot()
    with pytest.raises(Restarted):
        from ng2coreos.firstboot import trial
        trial.run(machine.system())
    assert deadman.expired(machine.system()) is True
    assert machine.state.phase is Phase.FIRST_HEALTHY
    assert machine.boot() == "permanent"


def test_the_deadman_leaves_a_proved_system_alone(healthy: Machine, confirmed: Machine) -> None:
    for machine in (healthy, confirmed):
        phase = machine.state.phase
        assert deadman.expired(machine.system()) is False
        assert machine.state.phase is phase


def test_the_deadman_strikes_when_nothing_can_be_read(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.boot()
    (machine.partition / "coreos/ng2coreos.state").write_text("{torn")
    assert deadman.expired(machine.system()) is True


def test_status_tells_an_interrupted_confirm_and_rollback(healthy: Machine) -> None:
    grubenv.change(healthy.environment, {"saved_entry": bootdir.ENTRY})
    assert "interrupted" in status.status(healthy.system()).text
    healthy.set_phase(Phase.CONFIRMED)
    assert "default" in status.status(healthy.system()).text
    grubenv.change(healthy.environment, {"saved_entry": NG_ENTRY})
    assert "rollback was interrupted" in status.status(healthy.system()).text


@pytest.mark.parametrize("phase", list(Phase))
def test_status_has_words_for_every_phase(healthy: Machine, phase: Phase) -> None:
    healthy.set_phase(phase)
    found = status.status(healthy.system())
    assert found.phase == phase.value and found.text and found.next
    text = status.status_text(found)
    assert text.startswith(phase.value.upper())
    assert "VERIFIED" in text and "trial" in text


def test_finalize_goes_on_without_its_record(confirmed: Machine) -> None:
    reboot(confirmed)
    confirmed.set_phase(Phase.FINALIZING)
    with pytest.raises(Interrupted):
        rollback.rollback(confirmed.system())
    assert finalize.finalize(confirmed.system(), yes=True) is True
    assert confirmed.state.phase is Phase.FINALIZED


def test_finalize_takes_an_upgraded_system_for_healthy(tmp_path: Path) -> None:
    checks = [Check("deployment", "deployment", "The planned commit", {"commit": COMMIT}, True),
              Check("vdsmd", "unit-active", "vdsmd runs", {"unit": "vdsmd.service"}, True)]
    machine = Machine(tmp_path, checks=checks)
    machine.boot()
    arm.set_default(machine.environment, bootdir.ENTRY)
    machine.set_phase(Phase.CONFIRMED)
    reboot(machine)
    machine.active["vdsmd.service"] = False
    with pytest.raises(VerifyFailed, match="vdsmd runs"):
        finalize.finalize(machine.system(), yes=True)
    machine.active["vdsmd.service"] = True
    assert finalize.finalize(machine.system(), yes=True) is True
