"""The boot counter after confirm: what fails is left after four boots, what is good never."""

from pathlib import Path
from typing import Dict, Tuple

import pytest

from ng2coreos.firstboot import boot_success, cli, finalize, rollback, verify
from ng2coreos.model.item import Check
from ng2coreos.model.proof import Proof
from ng2coreos.model.state import Phase
from ng2coreos.stage import bootdir, grubenv
from tests.firstboot.machine import COMMIT, Machine
from tests.stage.test_menu import counted

FULL = {"boot_counter": "3", "boot_success": "1"}
NEWEST, BEFORE = "1", "2"  # entries of the private menu; NG is 0, also where there is no 2


@pytest.fixture
def confirmed(tmp_path: Path) -> Machine:
    """A host that runs the new system for good."""
    machine = Machine(tmp_path)
    assert machine.play() == "coreos"
    assert machine.state.phase is Phase.CONFIRMED
    return machine


def counter(machine: Machine) -> Dict[str, str]:
    """The private environment."""
    return grubenv.read(bootdir.private_grubenv(machine.partition))


def grub(machine: Machine) -> str:
    """A boot through the private menu: the entry that GRUB takes, the count as it leaves it."""
    now = counter(machine)
    entry, left, success = counted(now["boot_counter"], now["boot_success"])
    grubenv.change(bootdir.private_grubenv(machine.partition),
                   {"boot_counter": left, "boot_success": success})
    machine.boot()
    return entry


def test_confirm_starts_the_count(confirmed: Machine) -> None:
    assert counter(confirmed) == FULL


def test_nothing_is_counted_before_confirm(tmp_path: Path) -> None:
    machine = Machine(tmp_path, confirm="manual")
    assert machine.play() == "coreos"
    assert boot_success.run(machine.system()) is False
    assert not bootdir.private_grubenv(machine.partition).exists()


def test_a_kernel_that_fails_is_left_after_four_boots(confirmed: Machine) -> None:
    assert [grub(confirmed) for _ in range(7)] == [NEWEST] * 4 + [BEFORE] * 3


def test_good_boots_never_leave_it(confirmed: Machine) -> None:
    for _ in range(9):
        assert grub(confirmed) == NEWEST
        assert boot_success.run(confirmed.system()) is True
        assert counter(confirmed) == FULL


def test_a_boot_that_is_not_good_counts(confirmed: Machine,
                                        caplog: pytest.LogCaptureFixture) -> None:
    confirmed.active["vdsmd.service"] = False
    for _ in range(4):
        assert grub(confirmed) == NEWEST
        assert boot_success.run(confirmed.system()) is False
    assert "vdsmd.service is failed" in caplog.text
    assert grub(confirmed) == BEFORE


def test_a_rollback_while_it_waits_is_not_undone_by_a_count(
        confirmed: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    system = confirmed.system()
    grub(confirmed)
    before = counter(confirmed)

    def waited(*_: object) -> Tuple[Proof, ...]:
        rollback.rollback(system)
        return ()

    monkeypatch.setattr(verify, "wait_healthy", waited)
    assert boot_success.run(system) is False
    assert counter(confirmed) == before and confirmed.state.phase is Phase.ROLLED_BACK


def test_a_good_boot_of_another_deployment_starts_the_count_and_warns(
        confirmed: Machine, caplog: pytest.LogCaptureFixture) -> None:
    while grub(confirmed) == NEWEST:
        pass
    assert boot_success.run(confirmed.system()) is True
    assert counter(confirmed) == FULL
    assert "the newest deployment did not boot" in caplog.text


def test_what_an_upgrade_or_an_admin_changes_makes_no_bad_boot(tmp_path: Path) -> None:
    checks = [Check("deployment", "deployment", "The planned commit", {"commit": COMMIT}, True),
              Check("a", "address", "The address", {"interface": "x", "address": "1.2.3.4"}, True)]
    machine = Machine(tmp_path, checks=checks)
    machine.boot()
    machine.set_phase(Phase.CONFIRMED)
    assert boot_success.run(machine.system()) is True


@pytest.mark.parametrize("data", [b"", b"x" * 1024])
def test_a_damaged_count_is_made_anew(confirmed: Machine, data: bytes) -> None:
    bootdir.private_grubenv(confirmed.partition).write_bytes(data)
    assert boot_success.run(confirmed.system()) is True
    assert counter(confirmed) == FULL


def test_after_finalize_it_goes_on_counting(confirmed: Machine) -> None:
    confirmed.boot()
    finalize.finalize(confirmed.system(), yes=True)
    grubenv.change(bootdir.private_grubenv(confirmed.partition), {"boot_counter": "0"})
    assert cli.main(["boot-success"], confirmed.system()) == 0
    assert counter(confirmed) == FULL
