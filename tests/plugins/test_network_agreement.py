"""vdsm's networks against the connections, also those that come from ifcfg files."""

from dataclasses import replace
from typing import Any, Dict

import pytest

from plugins.network.agreement import disagreements
from tests.plan.build import PROFILES, VDSM, decided, host, ids
from tests.plugins.test_network_convert import facts as recorded

NET = VDSM["persisted"]["nets"]["ovirtmgmt"]  # type: ignore[index]
BOND = VDSM["persisted"]["bonds"]["bond0"]  # type: ignore[index]


def wrong(profiles: Any = PROFILES, bond: Any = BOND, **net: Any) -> Any:
    merged = {**NET, **net}
    return disagreements({"nets": {"ovirtmgmt": merged}, "bonds": {"bond0": bond}, "devices": {}},
                         profiles, {})


def other(interface: str, **more: Any) -> Any:
    """The usual connections, with one of them changed."""
    return [{**p, **more} if p["interface"] == interface else p for p in PROFILES]


def test_the_usual_host_agrees() -> None:
    assert wrong() == []


@pytest.mark.parametrize("said,words", [
    (wrong(other("bond0.100", controller="br7")), "bond0.100 is no port of the bridge"),
    (wrong(other("bond0.100", vlan="101")), "bond0.100 is another VLAN"),
    (wrong(other("bond0.100", parent="bond7")), "bond0.100 is another VLAN"),
    (wrong(bootproto="dhcp", ipaddr=""), "does not ask for an address by DHCP"),
    (wrong(ipv6addr="2001:db8::7/64"), "2001:db8::7/64 is not an address of its connection"),
    (wrong(ipaddr="192.0.2.999"), "192.0.2.999/255.255.255.0 is no address"),
    (wrong(ipv6addr="x"), "x is no address"),
    (wrong(other("ovirtmgmt", mtu="9000")), "the MTU of its connection is 9000, not 1500"),
    (wrong(other("ens3", controller="")), "bond bond0: ens3 is no port of it"),
    (wrong(PROFILES[:2] + PROFILES[3:]), "bond bond0: no connection")])
def test_each_difference_is_named(said: Any, words: str) -> None:
    assert len(said) >= 1 and any(words in line for line in said)


def test_what_is_the_same_in_other_words_agrees() -> None:
    assert wrong(other("bond0.100", controller="uuid-ovirtmgmt", vlan="100")) == []
    assert wrong(other("ovirtmgmt", methods=["auto"]), bootproto="dhcp", ipaddr="") == []
    assert wrong(other("ovirtmgmt", addresses=["192.0.2.10/24", "2001:0db8:0::7/64"]),
                 ipv6addr="2001:db8::7/64") == []
    assert wrong(other("ovirtmgmt", mtu="9000"), mtu=9000) == []
    assert wrong([], {"switch": "ovs", "nics": ["ens3"]}, switch="ovs") == []


def test_connections_made_from_ifcfg_files_count_too() -> None:
    said = recorded("el7-vdsm")
    facts = host()
    persisted: Dict[str, Any] = {
        "nets": {"ovirtmgmt": NET}, "bonds": {"bond0": {"nics": ["em1", "em2"]}}, "devices": {}}

    def plan(bond: str) -> Any:
        net = {**NET, "bonding": bond}
        vdsm = {**VDSM, "persisted": {**persisted, "nets": {"ovirtmgmt": net}}}
        return decided(replace(facts, plugins={**facts.plugins, "network": said, "vdsm": vdsm}))

    assert "N2C_VDSM_NETWORK_DIFFERS" not in ids(plan("bond0"))
    assert "N2C_VDSM_NETWORK_DIFFERS" in ids(plan("bond1"))


def test_a_host_without_vdsm_has_nothing_to_agree_with() -> None:
    facts = host()
    plugins = {name: said for name, said in facts.plugins.items() if name != "vdsm"}
    assert "N2C_VDSM_NETWORK_DIFFERS" not in ids(decided(replace(facts, plugins=plugins)))
