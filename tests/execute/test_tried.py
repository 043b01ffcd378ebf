"""What apply, resume and status say once the new system may have been booted: never "armed"."""

from dataclasses import replace
from typing import Any, List, Mapping

import pytest

from ng2coreos.core.errors import Exit, FellBack, Interrupted, StalePlan
from ng2coreos.core.journal import Journal
from ng2coreos.execute.status import status
from ng2coreos.model.state import Attempt, BootState, Phase
from ng2coreos.stage import arm, bootdir, grubenv
from ng2coreos.stage import state as state_file
from tests.execute.world import BOOT_ID, Killed, World
from tests.plan import build


class Host:
    """A host whose run has been staged and armed, in the boot ``boot-1`` of NG."""

    def __init__(self, world: World) -> None:
        self.world = world
        boot = world.plan.decisions.boot
        self.environment = world.host.path(boot.grubenv)
        grubenv.create(self.environment)
        self.state = BootState(
            world.plan.run_id, "1", Phase.ARMED, "boot-1", boot.saved_entry, boot.boot_uuid,
            "/grub2/grubenv", "/grub2/custom.cfg", "onn", (), 2, "auto", "c", "ovirt-node")

    def armed(self) -> "Host":
        """Staged and armed."""
        self.world.apply()
        self.save(Phase.ARMED)
        arm.arm(self.environment, bootdir.FIRST_BOOT_ENTRY)
        return self

    def save(self, phase: Phase) -> None:
        """The state file says `phase`."""
        bootdir.make_private(self.world.host.path("/boot"))
        attempts = () if phase is Phase.ARMED else (Attempt(1, "coreos-1", "t", "t"),)
        state_file.write(self.world.host.path("/boot"),
                         replace(self.state, phase=phase, attempts=attempts))

    def back_in_ng(self, phase: Phase) -> None:
        """GRUB has used the one-shot up, and NG runs again after the new system reached `phase`."""
        grubenv.change(self.environment, {"next_entry": ""})
        self.world.host.write(BOOT_ID, "boot-2\n")
        self.save(phase)


@pytest.fixture
def host(place: World, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr("ng2coreos.core.durable.settle", lambda path: None)
    return Host(place)


TRIED = [Phase.ARMED, Phase.FIRST_HEALTHY, Phase.HEALTHY, Phase.FAILED, Phase.CONFIRMED,
         Phase.ROLLED_BACK]


def test_armed_is_said_of_an_armed_host_only(host: Host) -> None:
    host.armed()
    host.world.apply()
    host.world.resume()
    assert "next boot is the trial" in status(host.world.host, host.world.store).text


@pytest.mark.parametrize("phase", TRIED)
def test_a_tried_run_is_neither_armed_nor_resumed(host: Host, phase: Phase) -> None:
    host.armed().back_in_ng(phase)
    for command in (host.world.apply, host.world.resume):
        with pytest.raises(FellBack, match="booted already"):
            command()


@pytest.mark.parametrize("phase", TRIED)
def test_a_cut_before_the_journals_last_line_hides_no_trial(host: Host, phase: Phase) -> None:
    """The one-shot was durable, `finished` was not: the new system was booted all the same."""
    host.armed()
    journal = host.world.store.path / host.world.plan.run_id / "journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert b"finished" in lines[-1]
    journal.write_bytes(b"".join(lines[:-1]))
    host.back_in_ng(phase)
    found = status(host.world.host, host.world.store)
    assert "interrupted" not in found.text and found.host_state != "prepared"
    with pytest.raises(FellBack):
        host.world.resume()
    read = state_file.read(host.world.host.path("/boot"))
    assert read is not None and read.phase is phase


def test_a_one_shot_that_somebody_took_away_is_told(host: Host) -> None:
    host.armed()
    grubenv.change(host.environment, {"next_entry": "memtest"})
    found = status(host.world.host, host.world.store)
    assert "next boot is NG" in found.text
    with pytest.raises(Interrupted, match="one-shot"):
        host.world.apply()


def test_armed_after_a_restart_past_grub_is_told(host: Host) -> None:
    host.armed()
    host.world.host.write(BOOT_ID, "boot-2\n")
    found = status(host.world.host, host.world.store)
    assert "still the trial" in found.text and "rollback" in found.next
    with pytest.raises(FellBack):
        host.world.apply()


def test_a_rollback_that_was_cut_is_told_as_one_and_not_as_a_trial(host: Host) -> None:
    host.armed()
    host.world.points.raises["disarmed"] = Killed()
    with pytest.raises(Killed):
        host.world.roll_back()
    host.world.host.write(BOOT_ID, "boot-2\n")
    assert "being rolled back" in status(host.world.host, host.world.store).text
    with pytest.raises(Interrupted, match="rolled back"):
        host.world.resume()


def test_resume_takes_what_holds_ngs_state_again(host: Host) -> None:
    beta = host.world.steps[1]
    beta.perishable = True
    host.world.points.raises["apply gamma:1"] = Killed()
    with pytest.raises(Killed):
        host.world.apply()
    host.world.points.raises.clear()
    host.world.points.passed.clear()
    host.world.resume()
    applied = [p for p in host.world.points.passed if p.startswith("apply ")]
    assert applied[:2] == ["apply beta:0", "apply gamma:1"]
    assert not [p for p in applied if "alpha" in p or p.endswith("gamma:0")]


def test_resume_disarms_before_it_makes_anew_what_grub_would_boot(host: Host) -> None:
    host.world.steps[1].perishable = True
    host.world.points.raises["journal done gamma:1"] = Killed()
    with pytest.raises(Killed):
        host.world.apply()
    host.save(Phase.ARMED)
    arm.arm(host.environment, bootdir.FIRST_BOOT_ENTRY)
    host.world.points.raises = {"apply beta:0": Killed()}
    with pytest.raises(Killed):
        host.world.resume()
    assert arm.armed(host.environment) == ""


def test_resume_refuses_a_host_that_has_changed_since(
        host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.world.points.raises["apply gamma:1"] = Killed()
    with pytest.raises(Killed):
        host.world.apply()
    changed = build.host(etc=(build.added("/etc/sysctl.d/new.conf"),))
    monkeypatch.setattr("ng2coreos.inventory.read", lambda *_: changed)
    with pytest.raises(StalePlan) as caught:
        host.world.resume()
    assert "rollback" in caught.value.hint


def test_a_plan_that_was_rolled_back_is_applied_and_resumed_as_new(
        host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Journal.append
    lost: List[str] = []

    def append(journal: Journal, record: Mapping[str, Any]) -> None:
        if record["event"] == "undone":  # the disk was full
            lost.append(record["change"])
            raise OSError(28, "No space left on device")
        real(journal, record)

    host.world.apply()
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", append)
        host.world.roll_back()
    assert lost and host.world.state() == ()
    host.world.points.raises["apply gamma:1"] = Killed()
    with pytest.raises(Killed):
        host.world.apply()
    host.world.points.raises.clear()
    host.world.resume()
    assert len(host.world.state()) == len(host.world.plan.changes)
    assert status(host.world.host, host.world.store).exit_code != Exit.INTERRUPTED
