"""What NG reads of a failed trial: always a reason, never a secret, on a full /boot too."""

import errno
from pathlib import Path
from typing import Any, List

import pytest

from ng2coreos.core import durable
from ng2coreos.core.errors import CommandFailed
from ng2coreos.firstboot import record, trial
from ng2coreos.model.state import Failure, Phase
from ng2coreos.stage import bootdir, state
from tests.firstboot.machine import Machine, Restarted


def test_a_full_boot_partition_has_room_where_the_config_was(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    machine.journal = {"vdsmd.service": ["why"]}
    write, config = durable.write_file, machine.partition / "coreos" / bootdir.OVERLAY

    def full(path: Path, data: bytes, **how: Any) -> None:
        if path == state.path(machine.partition) and b'"failed"' in data and config.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data, **how)

    monkeypatch.setattr(durable, "write_file", full)
    assert machine.play() == "ng"
    failure, = machine.state.attempts[-1].failures
    assert failure.log == ("why",)


def test_a_failed_trial_leaves_no_secret_on_boot(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    zeroed: List[str] = []
    overwrite = durable.overwrite

    def seen(path: Path) -> None:
        overwrite(path)
        zeroed.append(path.name)

    monkeypatch.setattr(durable, "overwrite", seen)
    assert machine.play() == "ng"
    assert machine.state.phase is Phase.FAILED
    assert zeroed == [bootdir.OVERLAY]
    assert not (machine.partition / "coreos" / bootdir.OVERLAY).exists()


def test_what_a_program_says_of_a_password_is_not_in_the_record(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    def refuse(name: str) -> None:
        if name.startswith("systemctl show"):
            raise CommandFailed("systemctl failed: auth.password=hunter2 is wrong", hint="")

    machine.event = refuse
    assert machine.play() == "ng"
    failure, = machine.state.attempts[-1].failures
    assert failure.detail == "systemctl failed: auth.password=*** is wrong"


@pytest.mark.parametrize("where,check", [
    ("verify.wait_healthy", "trial"), ("verify.finish", "trial"), ("record.finished", ""),
    ("bootdir.erase_overlay", "trial"), ("arm.arm", "arm")])
def test_a_bug_of_ours_is_told_to_ng(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str,
                                     check: str) -> None:
    machine = Machine(tmp_path)
    broken = [RuntimeError("dictionary changed size during iteration")]

    def bug(*_: Any) -> Any:
        if broken:
            raise broken.pop()

    monkeypatch.setattr(f"ng2coreos.firstboot.trial.{where.replace('record.', '')}", bug)
    assert machine.play() == "ng"
    failure, = machine.state.attempts[-1].failures
    assert failure.check == (check or "trial")
    assert failure.detail == "RuntimeError: dictionary changed size during iteration"


def test_a_grub_environment_that_nobody_can_read_is_told_to_ng(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.boot()
    machine.environment.write_bytes(b"torn")
    with pytest.raises(Restarted):
        trial.run(machine.system())
    failure, = machine.state.attempts[-1].failures
    assert failure.check == "arm" and "grubenv" in failure.detail


def test_a_reboot_that_no_process_can_ask_for_is_forced(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.active["vdsmd.service"] = False
    asked = []

    def refuse(name: str) -> None:
        if name.startswith("systemctl reboot"):
            asked.append(name)
            if len(asked) == 1:
                raise OSError(errno.ENOMEM, "Cannot allocate memory")

    machine.event = refuse
    assert machine.play() == "ng"
    assert asked == ["systemctl reboot", "systemctl reboot --force"]


def test_no_detail_of_a_failure_shows_a_password(tmp_path: Path) -> None:
    """Whoever has found it: an error that ended the trial is no check's."""
    machine = Machine(tmp_path)
    machine.boot()
    record.failed(machine.system(), [Failure("trial", "It could be made", "password=hunter2 x")])
    failure, = machine.state.attempts[-1].failures
    assert failure.detail == "password=*** x"


def test_where_grubs_environment_cannot_be_read_nothing_is_confirmed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.boot()
    machine.set_phase(Phase.HEALTHY)
    machine.environment.write_bytes(b"no block")
    assert trial.run(machine.system()) is trial.Task.NOTHING
    assert machine.state.phase is Phase.HEALTHY
