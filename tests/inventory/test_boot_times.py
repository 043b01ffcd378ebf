"""The times of NG's last boot: taken where systemd has them, unknown where it has not."""

from typing import Dict, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ng2coreos.inventory import boot_times
from ng2coreos.model.facts import BootTimes
from tests import recorded
from tests.fakes import FakeHost

SHOW = ("systemctl", "show", "--property=FirmwareTimestampMonotonic,LoaderTimestampMonotonic,"
        "UserspaceTimestampMonotonic,FinishTimestampMonotonic")
GOOD = {"Firmware": "31500000", "Loader": "6500000", "Userspace": "9250000", "Finish": "61250000"}


def said(fake_host: FakeHost, values: Dict[str, str]) -> BootTimes:
    """What is read where systemd says so."""
    fake_host.write("/proc/sys/kernel/random/boot_id", "x\n")
    fake_host.on(*SHOW, stdout="".join(f"{name}TimestampMonotonic={value}\n"
                                       for name, value in values.items()))
    return boot_times.read(fake_host)


def test_a_boot_by_uefi_is_known_from_power_on(fake_host: FakeHost) -> None:
    assert said(fake_host, GOOD) == BootTimes(25.0, 6.5, 9.25, 52.0)


def test_bios_tells_nothing_of_itself(fake_host: FakeHost) -> None:
    assert said(fake_host, {**GOOD, "Firmware": "0", "Loader": "0"}) == BootTimes(
        None, None, 9.25, 52.0)


@pytest.mark.parametrize("name, value, firmware, userspace", [
    ("Loader", "0", 31.5, 52.0),  # the firmware's then
    ("Firmware", "18446744073709551615", None, 52.0), ("Firmware", "-3", None, 52.0),
    ("Firmware", "3600000001", None, 52.0), ("Firmware", "9" * 5000, None, 52.0),
    ("Firmware", "1e6", None, 52.0), ("Firmware", "\u0663", None, 52.0),
    ("Firmware", "6000000", None, 52.0),  # after its own loader
    ("Finish", "0", 25.0, None), ("Finish", "[not set]", 25.0, None),
    ("Finish", "9000000", 25.0, None), ("Userspace", "0", 25.0, None)])
def test_what_cannot_be_is_unknown(fake_host: FakeHost, name: str, value: str,
                                   firmware: Optional[float], userspace: Optional[float]) -> None:
    found = said(fake_host, {**GOOD, name: value})
    assert (found.firmware_s, found.userspace_s) == (firmware, userspace)


def test_a_systemd_that_does_not_answer_stops_no_inventory(fake_host: FakeHost) -> None:
    fake_host.write("/proc/sys/kernel/random/boot_id", "x\n")
    fake_host.on(*SHOW, rc=1, stderr="Failed to connect to bus").on(*SHOW, missing=True)
    assert boot_times.read(fake_host) == boot_times.read(fake_host) == BootTimes()


def test_a_mounted_disk_is_not_told_how_the_machine_booted_that_it_is_in(
        fake_host: FakeHost) -> None:
    assert boot_times.read(fake_host) == BootTimes()
    assert fake_host.commands == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text())
def test_no_answer_is_a_traceback(fake_host: FakeHost, text: str) -> None:
    fake_host.write("/proc/sys/kernel/random/boot_id", "x\n")
    fake_host.on(*SHOW, stdout=text)
    boot_times.read(fake_host)


def test_the_recorded_hosts_have_both_kinds() -> None:
    el8, el9 = (recorded.facts(name).boot_times for name in ("el8-two-generations", "el9-single"))
    assert el8.firmware_s and el8.loader_s and el9.firmware_s is None and el9.userspace_s
