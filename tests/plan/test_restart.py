"""A restart is as long as NG's last boot where that is known; what is assumed is called so."""

from dataclasses import replace

from ng2coreos.model.facts import BootTimes
from ng2coreos.model.plan import Policy
from ng2coreos.plan.restart import FIRMWARE_S, LOADER_S, SHUTDOWN_S, downtime_s, restart
from tests.plan import build

MEASURED = BootTimes(25.0, 6.5, 9.0, 52.0)


def test_what_ng_measured_is_taken_and_only_the_shutdown_is_assumed() -> None:
    parts = restart(MEASURED)
    assert [(p.what, p.seconds) for p in parts if p.measured] == [
        ("firmware", 25.0), ("loader", 6.5), ("kernel", 9.0), ("userspace", 52.0)]
    assert [p.what for p in parts if not p.measured] == ["shutdown"]
    assert downtime_s(Policy(trial_boots=2), parts) == 2 * (SHUTDOWN_S + 92.5)


def test_firmware_that_tells_nothing_is_assumed_with_its_loader() -> None:
    parts = {p.what: p for p in restart(replace(MEASURED, firmware_s=None, loader_s=None))}
    assert (parts["firmware"].seconds, parts["loader"].seconds) == (FIRMWARE_S, LOADER_S)
    assert not parts["firmware"].measured and not parts["loader"].measured
    assert parts["kernel"].measured and parts["userspace"].measured


def test_a_loader_that_tells_nothing_is_the_firmwares() -> None:
    parts = {p.what: p for p in restart(replace(MEASURED, loader_s=None))}
    assert parts["loader"].seconds == 0.0 and parts["firmware"].measured


def test_nothing_known_is_all_assumed() -> None:
    parts = restart(BootTimes())
    assert not any(p.measured for p in parts) and all(p.seconds > 0 for p in parts)


def test_a_hosts_own_boot_is_in_its_plan() -> None:
    need = build.decided(build.host(boot_times=MEASURED)).prediction
    assert need.downtime_s == need.reboots * (SHUTDOWN_S + 92.5)
    assert need.restart == restart(MEASURED)
