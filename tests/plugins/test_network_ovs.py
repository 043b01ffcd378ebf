"""Keyfiles of an Open vSwitch, as nmstate writes them, travel untouched; what is on them is proved.
"""

import json
from dataclasses import replace
from typing import Any, Dict, Tuple

import pytest

from ng2coreos.model.facts import HostFacts, Nic, Package
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.network import Network
from tests.fakes import FakeHost
from tests.plan.build import added, decided, found, host, ids, item, target

from . import nm

KEYFILES = "/etc/NetworkManager/system-connections"
BRIDGE, PORT, NIC_PORT, INTERFACE, NIC = (
    f"{n}1111111-2222-4333-8444-555555555555" for n in "12345")
MANUAL = "[ipv4]\nmethod=manual\naddress1=192.0.2.10/24,192.0.2.2\n[ipv6]\nmethod=disabled\n"
AUTO = "[ipv4]\nmethod=auto\n[ipv6]\nmethod=disabled\n"
# An image that can make one
IMAGE = target(packages=tuple(Package(name, 0, "3.1.0", "1", "x86_64")
                              for name in ("openvswitch3.1", "NetworkManager-ovs")))


def keyfile(name: str, kind: str, interface: str, uuid: str, more: str) -> str:
    return (f"[connection]\nid={name}\nuuid={uuid}\ntype={kind}\ninterface-name={interface}\n"
            f"{more}")


def switch(ip: str, kind: str = "internal") -> Dict[str, str]:
    """The management network on a bridge of Open vSwitch, with the card below it."""
    port = "master={}\nslave-type=ovs-port\n"
    return {
        "vdsmbr_a1-br": keyfile("vdsmbr_a1-br", "ovs-bridge", "vdsmbr_a1", BRIDGE,
                                "autoconnect-slaves=1\n[ovs-bridge]\n"),
        "ovirtmgmt-port": keyfile("ovirtmgmt-port", "ovs-port", "ovirtmgmt", PORT,
                                  f"master={BRIDGE}\nslave-type=ovs-bridge\n[ovs-port]\n"),
        "ovirtmgmt-if": keyfile("ovirtmgmt-if", "ovs-interface", "ovirtmgmt", INTERFACE,
                                port.format(PORT) + f"[ovs-interface]\ntype={kind}\n" + ip),
        "ens3-port": keyfile("ens3-port", "ovs-port", "ens3", NIC_PORT,
                             f"master={BRIDGE}\nslave-type=ovs-bridge\n[ovs-port]\n"),
        "ens3": keyfile("ens3", "ethernet", "ens3", NIC, port.format(NIC_PORT))}


def facts(fake: FakeHost, files: Dict[str, str]) -> HostFacts:
    """A host with these keyfiles, as the plug-in reads it."""
    for name, text in files.items():
        fake.write(f"{KEYFILES}/{name}.nmconnection", text, mode=0o600)
    fake.on("ip", ..., stdout=json.dumps([
        {"ifname": "ovirtmgmt", "mtu": 1500,
         "addr_info": [{"local": "192.0.2.10", "prefixlen": 24}]},
        {"ifname": "ens3", "master": "ovs-system", "mtu": 1500, "addr_info": []}]))
    made = host(etc=tuple(added(f"{KEYFILES}/{name}.nmconnection") for name in files),
                nics=(Nic("ens3", "52:54:00:00:00:11"),))
    return replace(made, plugins={**made.plugins, "network": Network().facts(fake)})


@pytest.mark.parametrize("name", sorted(switch(MANUAL)))
def test_networkmanager_reads_each_part(name: str) -> None:
    """What the tests here stand on is what NetworkManager takes for a switch."""
    said = nm.read(switch(MANUAL)[name])["connection"]
    assert said["type"] in ("ovs-bridge", "ovs-port", "ovs-interface", "802-3-ethernet")
    assert ("slave-type" in said) == (name != "vdsmbr_a1-br")


def test_parts_of_a_switch_travel_as_they_are_and_the_address_is_proved(
        fake_host: FakeHost) -> None:
    files = switch(MANUAL)
    plan = decided(facts(fake_host, files), IMAGE)
    for name in files:
        one = item(plan, f"{KEYFILES}/{name}.nmconnection")
        assert (one.outcome, one.mode, one.secret) == (Outcome.CARRIED, 0o600, True)
    checks = {c.id: c for c in plan.checks}
    assert checks["address:ovirtmgmt:192.0.2.10/24"].health
    assert checks["route:ovirtmgmt:192.0.2.2"].params["interface"] == "ovirtmgmt"
    assert "ovs-system" not in json.dumps([dict(c.params) for c in plan.checks])
    assert {"N2C_NET_DUPLICATE", "N2C_NET_OVS_TARGET", "N2C_NET_DOWN"}.isdisjoint(ids(plan))
    assert f"file:{KEYFILES}/ovirtmgmt-if.nmconnection" in found(plan, "N2C_NET_OVS").resources


@pytest.mark.parametrize("kind, written", [("internal", True), ("patch", False)])
def test_a_dhcp_server_knows_an_interface_of_a_switch_again(fake_host: FakeHost, kind: str,
                                                            written: bool) -> None:
    fake_host.write("/etc/NetworkManager/NetworkManager.conf", "[main]\ndhcp=dhclient\n")
    files = switch(AUTO, kind)
    plan = decided(facts(fake_host, files), IMAGE)
    outcomes: Dict[str, Tuple[Outcome, ...]] = {name: tuple(
        i.outcome for i in plan.items if i.path == f"{KEYFILES}/{name}.nmconnection")
        for name in files}
    changed = Outcome.PINNED if written else Outcome.CARRIED
    assert outcomes == {name: (changed if name == "ovirtmgmt-if" else Outcome.CARRIED,)
                        for name in files}
    if written:
        before: Any = nm.read(files["ovirtmgmt-if"])
        after: Any = nm.read(text_of(item(plan, f"{KEYFILES}/ovirtmgmt-if.nmconnection")))
        assert after["ipv4"].pop("dhcp-client-id") == "mac"
        assert after == before
