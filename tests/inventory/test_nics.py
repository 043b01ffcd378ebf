"""Physical interfaces and their permanent addresses."""

from typing import Dict, Optional

import pytest

from ng2coreos.inventory import nics
from ng2coreos.inventory.devices import Block, FileDevices
from ng2coreos.model.facts import Nic
from tests.fakes import FakeHost

MAC, BOND, OTHER = "52:54:00:aa:00:01", "02:00:00:00:00:bb", "52:54:00:aa:00:07"
BONDING = (f"Ethernet Channel Bonding Driver: v5\n\nSlave Interface: e0\nMII Status: up\n"
           f"Permanent HW addr: {OTHER}\nSlave queue ID: 0\n")


def nic(host: FakeHost, name: str = "e0", *, address: str = MAC, assign: str = "0",
        bonded: Optional[str] = None, hardware: bool = True, kind: str = "1") -> None:
    base = f"/sys/class/net/{name}"
    host.write_all({f"{base}/address": f"{address}\n", f"{base}/addr_assign_type": f"{assign}\n",
                    f"{base}/type": f"{kind}\n"})
    if hardware:
        host.write(f"{base}/device/vendor", "0x8086\n")
        host.link(f"{base}/device/driver", "../../../../bus/pci/drivers/ixgbe")
    if bonded is not None:
        host.write(f"{base}/bonding_slave/perm_hwaddr", f"{bonded}\n")


def read(host: FakeHost) -> "tuple[Nic, ...]":
    return nics.read(host, FileDevices(host))


def test_an_untouched_address_is_the_permanent_one(fake_host: FakeHost) -> None:
    nic(fake_host)
    assert read(fake_host) == (Nic("e0", MAC, "ixgbe"),)


def test_a_bonds_member_tells_its_own_address(fake_host: FakeHost) -> None:
    nic(fake_host, address=BOND, assign="3", bonded=MAC.upper())
    nic(fake_host, "bond0", address=BOND, hardware=False)
    assert read(fake_host) == (Nic("e0", MAC, "ixgbe"),)


def test_the_first_member_is_asked_too_though_its_address_is_the_bonds(fake_host: FakeHost) -> None:
    nic(fake_host, address=BOND, assign="0", bonded=MAC)
    assert read(fake_host)[0].mac == MAC


def test_a_changed_address_is_asked_of_the_driver(fake_host: FakeHost) -> None:
    nic(fake_host, address=BOND, assign="3")
    fake_host.on("ethtool", "--show-permaddr", "e0", stdout=f"Permanent address: {MAC}\n")
    assert read(fake_host)[0].mac == MAC


@pytest.mark.parametrize("answer", [
    {"missing": True}, {"rc": 75, "stderr": "Operation not supported"}, {"stdout": ""},
    {"stdout": "Permanent address: not set\n"},
    {"stdout": "Permanent address: 00:00:00:00:00:00\n"}])
def test_without_the_drivers_answer_the_bonds_tables_then_the_present_address_count(
        fake_host: FakeHost, answer: Dict[str, object]) -> None:
    nic(fake_host, address=BOND, assign="3")
    fake_host.on("ethtool", ..., times=2, **answer)  # type: ignore[arg-type]
    assert read(fake_host)[0].mac == BOND
    fake_host.write("/proc/net/bonding/bond0", BONDING)
    assert read(fake_host)[0].mac == OTHER


def test_virtual_interfaces_functions_and_loopback_are_none(fake_host: FakeHost) -> None:
    nic(fake_host, "vlan", hardware=False)
    nic(fake_host, "lo", kind="772")
    nic(fake_host, "vf")
    fake_host.link("/sys/class/net/vf/device/physfn", "../0000:05:00.0")
    assert read(fake_host) == ()


def test_no_sysfs_no_interfaces(fake_host: FakeHost) -> None:
    assert read(fake_host) == ()


def test_udev_names_interfaces_and_drivers(fake_host: FakeHost) -> None:
    class Udev:
        def block(self, node: str) -> Block:
            return Block()

        def nics(self) -> Optional[Dict[str, str]]:
            return {"e1": "", "e0": "mlx5_core"}

    nic(fake_host)
    nic(fake_host, "e1", address=OTHER)
    nic(fake_host, "gone")
    assert nics.read(fake_host, Udev()) == (Nic("e0", MAC, "mlx5_core"), Nic("e1", OTHER, "ixgbe"))


@pytest.mark.parametrize("text", ["", "x", "52:54", "00:00:00:00:00:00"])
def test_a_nonsensical_address_is_empty(fake_host: FakeHost, text: str) -> None:
    nic(fake_host, address=text)
    assert read(fake_host) == (Nic("e0", "", "ixgbe"),)
