"""Network: keyfiles are read without their secrets, and names are pinned by MAC address."""

import base64
import json
from dataclasses import replace
from typing import Any

from ng2coreos.model.facts import HostFacts, Nic
from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Outcome
from plugins.network import Network
from tests.fakes import FakeHost
from tests.plan.build import PROFILES, decided, found, host, ids, item, profile

KEYFILES = "/etc/NetworkManager/system-connections"
BRIDGE = """[connection]
id=ovirtmgmt
uuid=11111111-2222-3333-4444-555555555555
type=bridge
interface-name=ovirtmgmt

[ipv4]
method=manual
address1=192.0.2.10/24,192.0.2.2
address2=192.0.2.11/24
dns=192.0.2.53;

[ipv6]
method=disabled
"""
PORT = """[connection]
id=ens3
type=ethernet
controller=bond0
port-type=bond
autoconnect=false

[ethernet]
mac-address=52:54:00:00:00:11

[802-1x]
password=Hemlock
"""
VLAN = "[connection]\nid=v\ntype=vlan\n[vlan]\nid=100\nparent=bond0\n[ipv4]\nnever-default=true\n"


def with_network(*nics: Nic, **more: Any) -> HostFacts:
    facts = host(**({"nics": nics} if nics else {}))
    network = {"profiles": list(PROFILES), "ifcfg": [], "volatile": {}, **more}
    return replace(facts, plugins={**facts.plugins, "network": network})


def test_reads_connections_but_no_secrets(fake_host: FakeHost) -> None:
    for name, text in (("ovirtmgmt", BRIDGE), ("ens3", PORT), ("v", VLAN), ("bad", "nonsense"),
                       ("empty", ""), (".hidden", BRIDGE), ("old~", BRIDGE)):
        fake_host.write(f"{KEYFILES}/{name}" + ("" if name[-1] == "~" else ".nmconnection"), text)
    fake_host.write("/etc/sysconfig/network-scripts/ifcfg-lo", "")
    fake_host.on("ip", "-j", ..., stdout=json.dumps([
        {"ifname": "ovirtmgmt", "addr_info": [{"local": "192.0.2.10", "prefixlen": 24}]},
        {"ifname": "ens3", "addr_info": []}]))
    facts = Network().facts(fake_host)
    port, bridge, vlan = facts["profiles"]
    assert bridge["addresses"] == ["192.0.2.10/24", "192.0.2.11/24"]
    assert bridge["gateways"] == ["192.0.2.2"] and bridge["methods"] == ["manual", "disabled"]
    assert (port["controller"], port["mac"], port["autoconnect"]) == (
        "bond0", "52:54:00:00:00:11", False)
    assert vlan["parent"] == "bond0" and vlan["never_default"]
    assert facts["ifcfg"] == []
    assert facts["volatile"]["addresses"] == {"ovirtmgmt": ["192.0.2.10/24"]}
    assert "Hemlock" not in json.dumps(facts)


def test_a_host_without_the_ip_program_has_no_live_addresses(fake_host: FakeHost) -> None:
    fake_host.on("ip", ..., missing=True)
    assert Network().facts(fake_host)["volatile"] == {"addresses": {}}


def test_interfaces_with_a_connection_are_pinned_by_their_permanent_address() -> None:
    plan = decided(with_network(Nic("ens3", "52:54:00:AA:00:11"), Nic("ens4", "52:54:00:00:00:12"),
                                Nic("ens9", "52:54:00:00:00:99")))
    one = item(plan, "/etc/systemd/network/10-ng2coreos-ens3.link")
    text = base64.b64decode(one.content).decode()
    assert one.outcome is Outcome.PINNED
    assert "[Match]\nPermanentMACAddress=52:54:00:aa:00:11\n" in text and "\nName=ens3\n" in text
    assert not any("ens9" in i.path for i in plan.items)
    checks = {c.id: c.params for c in plan.checks}
    assert checks["mac:ens3"] == {"interface": "ens3", "mac": "52:54:00:aa:00:11"}


def test_a_connection_may_name_its_interface_by_address_or_as_a_parent() -> None:
    profiles = [profile("", mac="52:54:00:00:00:11"), profile("ens4.5", "vlan", parent="ens4")]
    plan = decided(with_network(profiles=profiles))
    assert [i.path[-9:] for i in plan.items if i.rule == "network"] == ["ens3.link", "ens4.link"]


def test_addresses_are_health_and_the_default_route_is_looked_at() -> None:
    checks = {c.id: c for c in decided(with_network()).checks}
    assert checks["address:ovirtmgmt:192.0.2.10/24"].health
    assert checks["route:ovirtmgmt:192.0.2.2"].params == {
        "destination": "default", "via": "192.0.2.2", "interface": "ovirtmgmt"}


def test_what_does_not_come_up_by_itself_or_is_no_default_route_is_not_expected() -> None:
    profiles = [profile("ens3", addresses=["192.0.2.1/24"], autoconnect=False),
                profile("ens4", addresses=["192.0.2.2/24"], gateways=["192.0.2.9"],
                        never_default=True)]
    plan = decided(with_network(profiles=profiles))
    assert [c.id for c in plan.checks if c.kind in ("address", "route")] == [
        "address:ens4:192.0.2.2/24"]


def test_ifcfg_files_must_be_overridden() -> None:
    one = found(decided(with_network(ifcfg=["ifcfg-ens3"])), "N2C_NET_IFCFG")
    assert one.kind is Kind.OVERRIDABLE
    assert one.resources == ("file:/etc/sysconfig/network-scripts/ifcfg-ens3",)


def test_a_host_without_connections_is_reported() -> None:
    assert "N2C_NET_NO_CONNECTION" in ids(decided(with_network(profiles=[])))


def test_interfaces_that_cannot_be_told_apart_are_refused() -> None:
    same = decided(with_network(Nic("ens3", "52:54:00:00:00:11"), Nic("ens4", "52:54:00:00:00:11")))
    assert found(same, "N2C_NET_MAC").kind is Kind.INHIBITOR
    unknown = decided(with_network(Nic("ens3", ""), Nic("ens4", "52:54:00:00:00:12")))
    assert found(unknown, "N2C_NET_MAC").resources == ("nic:ens3",)


def test_names_that_the_kernel_gives_too_are_reported() -> None:
    profiles = [profile("eth0"), profile("eth1")]
    plan = decided(with_network(Nic("eth0", "52:54:00:00:00:11"), Nic("eth1", "52:54:00:00:00:12"),
                                profiles=profiles))
    assert found(plan, "N2C_NET_KERNEL_NAMES").resources == ("nic:eth0", "nic:eth1")
