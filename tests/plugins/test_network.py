"""Network: keyfiles are read without their secrets, and names are pinned by MAC address."""

import base64
import json
import os
from dataclasses import replace
from typing import Any, Dict, List, Sequence, Tuple

import pytest

from ng2coreos.model.facts import HostFacts, Nic, Package
from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Outcome
from plugins.network import Network, keyfile
from plugins.network import checks as network_checks
from tests.fakes import FakeHost
from tests.plan.build import (
    PROFILES,
    added,
    decided,
    file,
    found,
    host,
    ids,
    item,
    profile,
    target,
)

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
        fake_host.write(f"{KEYFILES}/{name}" + ("" if name[-1] == "~" else ".nmconnection"), text,
                        mode=0o600)
    fake_host.write("/etc/sysconfig/network-scripts/ifcfg-lo", "")
    fake_host.on("ip", "-j", ..., stdout=json.dumps([
        {"ifname": "ovirtmgmt", "addr_info": [
            {"local": "192.0.2.10", "prefixlen": 24},
            {"local": "2001:db8::7", "prefixlen": 64, "dynamic": True},
            {"local": "2001:db8::8", "prefixlen": 64, "dynamic": True, "deprecated": True},
            {"local": "2001:db8::9", "prefixlen": 64, "dynamic": True, "temporary": True}, {}]},
        {"ifname": "ens3", "addr_info": []}]))
    facts = Network().facts(fake_host)
    port, bridge, vlan = facts["profiles"]
    assert bridge["addresses"] == ["192.0.2.10/24", "192.0.2.11/24"]
    assert bridge["gateways"] == ["192.0.2.2"] and bridge["methods"] == ["manual", "disabled"]
    assert (port["controller"], port["mac"], port["autoconnect"]) == (
        "bond0", "52:54:00:00:00:11", False)
    assert vlan["parent"] == "bond0" and vlan["never_default"]
    assert facts["ifcfg"] == []
    assert facts["volatile"]["addresses"] == {"ovirtmgmt": [
        "192.0.2.10/24", "2001:db8::7/64", "2001:db8::8/64", "2001:db8::9/64"]}
    assert facts["volatile"]["dynamic"] == {"ovirtmgmt": ["2001:db8::7/64"]}
    assert facts["memory"] == [] and facts["udev"] == [] and facts["links"] == []
    assert "Hemlock" not in json.dumps(facts)


@pytest.mark.parametrize("text,addresses,gateways", [
    ("address1=192.0.2.10/24,192.0.2.1", ["192.0.2.10/24"], ["192.0.2.1"]),
    ("address=192.0.2.10/24", ["192.0.2.10/24"], []),
    ("addresses1=192.0.2.10;24;192.0.2.1;", ["192.0.2.10/24"], ["192.0.2.1"]),
    ("address1=192.0.2.10", ["192.0.2.10/24"], []), ("address1=nonsense", [], []),
    ("address1=192.0.2.10/99", [], []), ("address1=", [], []),
    ("address1=2001:DB8::7/64\ngateway=2001:db8::1", ["2001:db8::7/64"], ["2001:db8::1"])])
def test_each_way_that_networkmanager_wrote_addresses(text: str, addresses: List[str],
                                                      gateways: List[str]) -> None:
    said = keyfile.profile("x", f"[connection]\nid=x\n[ipv4]\n{text}\n")
    assert (said["addresses"], said["gateways"]) == (addresses, gateways)


def test_odd_files_break_nothing(fake_host: FakeHost) -> None:
    scripts = "/etc/sysconfig/network-scripts"
    fake_host.write(f"{scripts}/ifcfg-em1", b"DEVICE=em1\nZONE=\xff\nNAME=x\xe9\n")
    fake_host.write(f"{scripts}/route-em1", b"10.0.0.0/8 via \xff\n")
    fake_host.write(f"{scripts}/ifcfg-dir/file")
    fake_host.write(f"{KEYFILES}/dir/file")
    fake_host.write("/etc/systemd/network/10-x.link", b"\xff\xfe no ini")
    fake_host.link("/etc/udev/rules.d/70-persistent-net.rules", "/dev/null")
    fake_host.write("/sys/class/net/bonding_masters", "bond0\n")
    fake_host.on("ip", ..., stdout="no json")
    facts = Network().facts(fake_host)
    json.dumps(facts).encode("ascii")
    plan = decided(with_network(**{k: v for k, v in facts.items() if k != "profiles"}))
    evidence = found(plan, "N2C_NET_IFCFG_KEY").evidence
    assert [line.partition("network-scripts/")[2][:11] for line in evidence] == [
        "route-em1:1", "ifcfg-em1:2", "ifcfg-em1:3"]
    assert found(plan, "N2C_NET_IFCFG_FILE").resources == (f"file:{scripts}/ifcfg-dir",)


def test_a_host_without_the_ip_program_has_no_live_addresses(fake_host: FakeHost) -> None:
    fake_host.on("ip", ..., missing=True)
    assert Network().facts(fake_host)["volatile"] == {
        "addresses": {}, "dynamic": {}, "links": {}, "macs": {}}


def test_cards_are_pinned_by_their_permanent_address() -> None:
    plan = decided(with_network(Nic("ens3", "52:54:00:AA:00:11"), Nic("ens4", "52:54:00:00:00:12"),
                                Nic("ens9", "52:54:00:00:00:99")))
    one = item(plan, "/etc/systemd/network/10-ng2coreos-ens3.link")
    text = base64.b64decode(one.content).decode()
    assert one.outcome is Outcome.PINNED
    assert "[Match]\nPermanentMACAddress=52:54:00:aa:00:11\n" in text and "\nName=ens3\n" in text
    # a card that nothing uses keeps its name too: the engine deletes what the host does not report
    assert item(plan, "/etc/systemd/network/10-ng2coreos-ens9.link").outcome is Outcome.PINNED
    checks = {c.id: c.params for c in plan.checks}
    assert "mac:ens9" not in checks
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


def ifcfg(name: str, text: str, *, vdsm: bool = False) -> Dict[str, Any]:
    return {"file": name, "vdsm": vdsm, "odd": [],
            "rows": [[n, *line.split("=", 1)] for n, line in enumerate(text.split(), 1)]}


def test_ifcfg_files_become_keyfiles_of_root_alone() -> None:
    files = [ifcfg("ifcfg-ens3", "DEVICE=ens3 IPADDR=192.0.2.10 PREFIX=24 GATEWAY=192.0.2.1")]
    plan = decided(with_network(profiles=[], ifcfg=files))
    one = item(plan, f"{KEYFILES}/ens3.nmconnection")
    assert (one.outcome, one.mode) == (Outcome.CONVERTED, 0o600)
    assert (one.owner, one.group) == ("root", "root")
    assert one.source == "/etc/sysconfig/network-scripts/ifcfg-ens3"
    text = base64.b64decode(one.content)
    assert b"address1=192.0.2.10/24\n" in text and len(text) == one.size_bytes
    info = found(plan, "N2C_NET_IFCFG")
    assert info.kind is Kind.INFO and info.resources == (f"file:{one.source}",)
    assert "N2C_NET_NO_CONNECTION" not in ids(plan)
    checks = {c.id: c for c in plan.checks}
    assert checks["address:ens3:192.0.2.10/24"].health and "route:ens3:192.0.2.1" in checks


def test_files_that_cannot_be_converted_must_be_overridden() -> None:
    one = found(decided(with_network(ifcfg=[ifcfg("ifcfg-ppp0", "DEVICE=ppp0 TYPE=xDSL")])),
                "N2C_NET_IFCFG_FILE")
    assert one.kind is Kind.OVERRIDABLE
    assert one.resources == ("file:/etc/sysconfig/network-scripts/ifcfg-ppp0",)
    assert "ifcfg-ppp0:2" in one.evidence[0]


def test_settings_that_are_lost_are_named_with_file_and_line() -> None:
    one = found(decided(with_network(ifcfg=[ifcfg("ifcfg-ens3", "DEVICE=ens3 COLOUR=blue")])),
                "N2C_NET_IFCFG_KEY")
    assert one.kind is Kind.WARNING and "ifcfg-ens3:2: COLOUR" in one.evidence[0]


@pytest.mark.parametrize("more", [
    {"ifcfg": [ifcfg("ifcfg-team0", "DEVICE=team0 TYPE=Team")]},
    {"profiles": [*PROFILES, profile("team0", "team")]}])
def test_team_devices_are_refused(more: Dict[str, Any]) -> None:
    one = found(decided(with_network(**more)), "N2C_NET_TEAM")
    assert one.kind is Kind.INHIBITOR and "bond" in one.remedy
    assert "team0" in one.resources[0]


@pytest.mark.parametrize("there, lacks", [
    ((), "openvswitch and NetworkManager-ovs"),
    (("openvswitch-selinux-extra-policy", "NetworkManager-ovs"), "openvswitch"),
    (("openvswitch3.1",), "NetworkManager-ovs"),
    (("openvswitch", "NetworkManager-ovs"), "")])
def test_an_image_without_open_vswitch_is_refused(there: Tuple[str, ...], lacks: str) -> None:
    image = target(packages=tuple(Package(name, 0, "1", "1", "x86_64") for name in there))
    plan = decided(with_network(profiles=[*PROFILES, profile("eth-port", "ovs-port")]), image)
    if not lacks:
        assert "N2C_NET_OVS_TARGET" not in ids(plan)
        return
    one = found(plan, "N2C_NET_OVS_TARGET")
    assert one.kind is Kind.INHIBITOR and one.summary.endswith(f"the image lacks {lacks}.")


def test_linux_bridges_need_no_open_vswitch() -> None:
    assert "N2C_NET_OVS_TARGET" not in ids(decided(with_network()))


def test_an_open_vswitch_is_reported() -> None:
    port = profile("eth-port", "ovs-port")
    assert found(decided(with_network(profiles=[*PROFILES, port])), "N2C_NET_OVS").resources == (
        f"file:{KEYFILES}/eth-port.nmconnection",)
    facts = with_network()
    vdsm = {**facts.plugins["vdsm"], "persisted": {
        "nets": {"red": {"nic": "ens9", "switch": "ovs"}}, "bonds": {}, "devices": {}}}
    plan = decided(replace(facts, plugins={**facts.plugins, "vdsm": vdsm}))
    assert found(plan, "N2C_NET_OVS").resources == ("network:red",)
    assert "N2C_VDSM_NETWORK_DIFFERS" not in ids(plan)
    plan = decided(with_network(ifcfg=[ifcfg("ifcfg-br", "DEVICE=br TYPE=OVSBridge")]))
    assert found(plan, "N2C_NET_OVS_IFCFG").kind is Kind.OVERRIDABLE


def test_connections_in_memory_only_are_reported(fake_host: FakeHost) -> None:
    run = "/run/NetworkManager/system-connections"
    for name, more in (("auto", ""), ("stored", ""), ("virbr0", "[.nmmeta]\nexternal=true\n"),
                       ("made", "[.nmmeta]\nnm-generated=true\n")):
        fake_host.write(f"{run}/{name}.nmconnection",
                        f"[connection]\nid={name}\nuuid={name}\ntype=ethernet\n{more}")
    fake_host.write(f"{KEYFILES}/stored.nmconnection", "[connection]\nid=x\nuuid=stored\n",
                    mode=0o600)
    fake_host.on("ip", ..., missing=True)
    memory = Network().facts(fake_host)["memory"]
    assert [p["id"] for p in memory] == ["auto"]
    one = found(decided(with_network(memory=memory)), "N2C_NET_MEMORY")
    assert one.resources == (f"file:{run}/auto.nmconnection",)


def test_a_keyfile_that_others_may_read_does_not_come_to_life(fake_host: FakeHost) -> None:
    fake_host.write(f"{KEYFILES}/open.nmconnection", BRIDGE, mode=0o640)
    fake_host.write(f"{KEYFILES}/alien.nmconnection", VLAN, mode=0o600)
    os.chown(fake_host.path(f"{KEYFILES}/alien.nmconnection"), 36, 36)
    fake_host.write(f"{KEYFILES}/good.nmconnection", PORT, mode=0o600)
    fake_host.on("ip", ..., missing=True)
    said = Network().facts(fake_host)
    assert [p["file"] for p in said["profiles"]] == ["good.nmconnection"]
    facts = with_network(profiles=said["profiles"], ignored=said["ignored"])
    path = f"{KEYFILES}/open.nmconnection"
    plan = decided(replace(facts, etc=(added(path, file(mode=0o640)),)))
    assert item(plan, path).outcome is Outcome.DROPPED
    assert f"file:{path}" in found(plan, "N2C_NET_KEYFILE_IGNORED").resources


def test_scripts_that_nothing_calls_any_more_are_reported(fake_host: FakeHost) -> None:
    fake_host.write("/sbin/ifup-local", "#!/bin/sh\n")
    fake_host.write("/etc/dhcp/dhclient-exit-hooks", "")
    fake_host.write("/etc/dhcp/dhclient.conf", "")
    fake_host.on("ip", ..., missing=True)
    hooks = Network().facts(fake_host)["hooks"]
    assert found(decided(with_network(hooks=hooks)), "N2C_NET_HOOKS").resources == (
        "file:/sbin/ifup-local", "file:/etc/dhcp/dhclient-exit-hooks")


def test_properties_that_need_a_hook_are_reported() -> None:
    facts = with_network()
    net = {"custom": {"bridge_opts": "x=1", "ethtool_opts": "-K em1 tso off", "mine": "1"}}
    persisted = {"nets": {"red": net}, "bonds": {}, "devices": {}}
    vdsm = {**facts.plugins["vdsm"], "persisted": persisted}
    facts = replace(facts, plugins={**facts.plugins, "vdsm": vdsm})
    one = found(decided(facts), "N2C_NET_CUSTOM")
    assert one.evidence == (
        "network red: ethtool_opts=-K em1 tso off needs vdsm-hook-ethtool-options",
        "network red: mine=1 needs a hook of the admin")
    image = target(packages=(Package("vdsm-hook-ethtool-options", 0, "4.50", "1", "noarch"),))
    assert len(found(decided(facts, image), "N2C_NET_CUSTOM").evidence) == 1


def test_two_connections_of_one_interface_are_reported() -> None:
    more = profile("ens3", file="other.nmconnection")
    one = found(decided(with_network(profiles=[*PROFILES, more])), "N2C_NET_DUPLICATE")
    assert one.resources == ("nic:ens3",) and "ens3: other.nmconnection" in one.evidence
    idle = profile("ens3", autoconnect=False)
    assert "N2C_NET_DUPLICATE" not in ids(decided(with_network(profiles=[*PROFILES, idle])))


def test_what_others_would_apply_at_the_boot_is_reported(fake_host: FakeHost) -> None:
    fake_host.write("/etc/nmstate/net.yml")
    fake_host.write("/etc/nmstate/net.applied")
    fake_host.write("/etc/sysconfig/static-routes", "# none\nany net 10.0.0.0/8 gw 192.0.2.1\n")
    fake_host.on("ip", ..., missing=True)
    facts = Network().facts(fake_host)
    plan = decided(with_network(nmstate=facts["nmstate"], static_routes=facts["static_routes"]))
    assert found(plan, "N2C_NET_NMSTATE").resources == ("file:/etc/nmstate/net.yml",)
    assert found(plan, "N2C_NET_STATIC_ROUTES").evidence == ("any net 10.0.0.0/8 gw 192.0.2.1",)


def test_an_address_that_is_not_in_force_is_not_waited_for() -> None:
    live = {"addresses": {"ovirtmgmt": ["192.0.2.10/24"]}, "links": {}}
    storage = profile("ens4", addresses=["198.51.100.1/24"], gateways=["198.51.100.2"])
    local = profile("ens9", addresses=["fe80::7/64"])
    assert "N2C_NET_DOWN" not in ids(decided(with_network(profiles=[*PROFILES, local],
                                                          volatile=live)))
    plan = decided(with_network(profiles=[*PROFILES, storage], volatile=live))
    one = found(plan, "N2C_NET_DOWN")
    assert one.evidence == ("ens4: 198.51.100.1/24",) and one.kind is Kind.WARNING
    wanted = [c.id for c in plan.checks if c.kind in ("address", "route")]
    assert wanted == ["address:ovirtmgmt:192.0.2.10/24", "route:ovirtmgmt:192.0.2.2"]
    other = {"addresses": {"ovirtmgmt": ["192.0.2.10/24"], "ens4": ["198.51.100.1/24"]}}
    assert "N2C_NET_DOWN" not in ids(decided(with_network(profiles=[*PROFILES, storage],
                                                          volatile=other)))


def test_an_address_from_outside_is_looked_for_but_nothing_waits_for_it() -> None:
    live = {"dynamic": {"bond0.200": ["198.51.100.7/24", "2001:db8::7/64"],
                        "ens9": ["192.0.2.7/24"], "virbr0": ["192.0.2.8/24"]}}
    profiles = [*PROFILES, profile("bond0.200", "vlan", methods=["auto", "auto"]),
                profile("bond0.200", "vlan", methods=["auto", "auto"]),
                profile("ens9", methods=["auto"], autoconnect=False)]
    plan = decided(with_network(profiles=profiles, volatile=live))
    assert {c.id: (c.params, c.health) for c in plan.checks if c.kind == "dynamic-address"} == {
        f"dynamic-address:bond0.200:{address}": (
            {"interface": "bond0.200", "address": address}, False)
        for address in live["dynamic"]["bond0.200"]}
    assert len({c.id for c in plan.checks}) == len(plan.checks)


def test_what_stands_on_what_is_proved_as_far_as_it_is_so_now(fake_host: FakeHost) -> None:
    for name, master, mtu in (("ens3", "bond0", 9000), ("ens4", "", 9000), ("bond0", "", 9000)):
        fake_host.write(f"/sys/class/net/{name}/mtu", f"{mtu}\n")
        if master:
            fake_host.link(f"/sys/class/net/{name}/master", f"../{master}")
    fake_host.write("/sys/class/net/ens3/device/sriov_numvfs", "7\n")
    fake_host.on("ip", ..., missing=True)
    live = Network().facts(fake_host)["volatile"]
    assert live["links"]["ens3"] == {"controller": "bond0", "mtu": 9000, "vfs": 7, "mac": "",
                                     "lower": []}
    profiles = [profile(n, controller="uuid-bond0", mtu="9000") for n in ("ens3", "ens4")]
    facts = with_network(profiles=[*profiles, profile("bond0", "bond", mtu="1500"), *PROFILES[3:]],
                         volatile=live)
    vdsm = {**facts.plugins["vdsm"]}
    vdsm["persisted"] = {**vdsm["persisted"], "devices": {
        "ens3": {"sriov": {"numvfs": 7}}, "ens4": {"sriov": {"numvfs": 4}}, "ens5": {}}}
    plan = decided(replace(facts, plugins={**facts.plugins, "vdsm": vdsm}))
    checks = {c.id: c for c in plan.checks if c.kind in ("link", "virtual-functions")}
    assert {name: check.params for name, check in checks.items()} == {
        "link:ens3": {"interface": "ens3", "controller": "bond0", "mtu": 9000},
        "link:ens4": {"interface": "ens4", "mtu": 9000},
        "vfs:ens3": {"interface": "ens3", "count": 7}}
    assert not any(check.health for check in checks.values())


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


CARD = Nic("ens3f0", "02:00:00:00:00:AA")
BY_MAC: Dict[str, Any] = {
    "interface": "", "mac": "02:00:00:00:00:aa", "autoconnect": True, "uuid": "", "controller": "",
    "addresses": ["192.0.2.7/24"], "gateways": ["192.0.2.1"], "never_default": False, "mtu": 9000,
    "type": "ethernet"}
LIVE: Dict[str, Dict[str, Any]] = {"ens3f0": {"mtu": 9000}}


def proved(*profiles: Dict[str, Any], missing: Sequence[Tuple[str, str]] = ()) -> List[str]:
    nics = (CARD, Nic("virtual", ""))
    return [check.id for check in (
        *network_checks.profile_checks(profiles, nics, missing),
        *network_checks.dynamic_checks(profiles, nics, {"ens3f0": ["198.51.100.9/24"]}),
        *network_checks.structure_checks(profiles, nics, LIVE))]


def test_a_connection_that_names_its_card_by_the_address_is_proved_too() -> None:
    whole = ["address:ens3f0:192.0.2.7/24", "route:ens3f0:192.0.2.1",
             "dynamic-address:ens3f0:198.51.100.9/24", "link:ens3f0"]
    assert proved(BY_MAC) == whole
    assert proved({**BY_MAC, "interface": "ens3f0", "mac": ""}) == whole


@pytest.mark.parametrize("less", [{"autoconnect": False}, {"mac": "02:00:00:00:00:bb"},
                                  {"mac": ""}])
def test_one_that_comes_up_by_hand_or_whose_card_is_gone_is_not(less: Dict[str, Any]) -> None:
    assert proved({**BY_MAC, **less}) == []


def test_what_is_stored_and_not_in_force_is_found_by_the_cards_address_too() -> None:
    def missing(profile: Dict[str, Any], there: str) -> List[Tuple[str, str]]:
        return network_checks.missing_addresses((profile,), (CARD,), {"ens3f0": [there]})

    assert missing(BY_MAC, "192.0.2.8/24") == [("ens3f0", "192.0.2.7/24")]
    assert missing(BY_MAC, "192.0.2.7/24") == []
    assert missing({**BY_MAC, "autoconnect": False}, "192.0.2.8/24") == []


def test_a_route_goes_with_its_addresses_and_one_of_a_dynamic_connection_stays() -> None:
    gone = [("ens3f0", "192.0.2.7/24")]
    assert "route:ens3f0:192.0.2.1" not in proved(BY_MAC, missing=gone)
    assert "route:ens3f0:192.0.2.1" in proved({**BY_MAC, "addresses": []}, missing=gone)
