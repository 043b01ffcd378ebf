"""The MAC address that a bond or bridge has of a port is kept, and of no other device."""

import json
from dataclasses import replace
from typing import Any, Dict, Sequence

import pytest

from ng2coreos.model.facts import HostFacts, Nic
from ng2coreos.model.item import Outcome
from ng2coreos.model.plan import Decisions
from ng2coreos.plan.written import text_of
from plugins.network import Network, pins
from plugins.network.keyfile import profile, sections_of
from tests.fakes import FakeHost
from tests.plan.build import added, decided, file, found, host, ids, item

from . import nm

KEYFILES = "/etc/NetworkManager/system-connections"
FIRST, SECOND, OTHER = "52:54:00:00:00:11", "52:54:00:00:00:12", "52:54:00:99:99:99"
NICS = (Nic("ens3", FIRST), Nic("ens4", SECOND))
BOND = """# by hand
[connection]
id=bond0
uuid=11111111-2222-3333-4444-555555555555
type=bond
interface-name=bond0

[bond]
mode=active-backup
miimon=100

[ipv4]
method=auto

[ipv6]
method=disabled
"""
BRIDGE = BOND.replace("[bond]\nmode=active-backup\nmiimon=100\n", "[ethernet]\nmtu=9000\n").replace(
    "=bond0", "=ovirtmgmt").replace("type=bond\n", "type=bridge\n")
LIVE: Dict[str, Any] = {
    "bond0": {"mac": SECOND, "lower": ["ens3", "ens4"]},
    "bond0.5": {"mac": SECOND, "lower": ["bond0"]},
    "ovirtmgmt": {"mac": SECOND, "lower": ["bond0.5", "vnet0"]},
    "ens3": {"mac": SECOND, "lower": []}, "ens4": {"mac": SECOND, "lower": []},
    "vnet0": {"mac": "fe:16:3e:00:00:01", "lower": []}}


def facts(texts: Sequence[str], live: Any = None, bond: Any = None) -> HostFacts:
    """A host with these keyfiles, as the reader makes its facts of them."""
    names = {profile("", text)["interface"] + ".nmconnection": text for text in texts}
    made = replace(host(), nics=NICS, etc=tuple(
        added(f"{KEYFILES}/{name}", file(mode=0o600)) for name in names))
    persisted = {"nets": {}, "bonds": {"bond0": bond} if bond else {}, "devices": {}}
    return replace(made, plugins={
        **made.plugins, "vdsm": {**made.plugins["vdsm"], "persisted": persisted},
        "network": {"profiles": [profile(name, text) for name, text in names.items()], "ifcfg": [],
                    "plain": names, "volatile": {"links": LIVE if live is None else live}}})


def macs(plan: Decisions) -> Dict[str, str]:
    return {c.params["interface"]: c.params["mac"] for c in plan.checks
            if c.kind == "link-mac" and c.params["interface"] not in ("ens3", "ens4")}


def test_networkmanager_reads_the_address_that_the_device_has_of_a_port() -> None:
    plan = decided(facts([BOND, BRIDGE]))
    for text, device in ((BOND, "bond0"), (BRIDGE, "ovirtmgmt")):
        one = item(plan, f"{KEYFILES}/{device}.nmconnection")
        assert (one.outcome, one.mode, one.owner, one.group) == (
            Outcome.PINNED, 0o600, "root", "root")
        before, after = nm.read(text), nm.read(text_of(one))
        wired = after["802-3-ethernet"]
        assert bytes(wired.pop("cloned-mac-address")).hex(":") == SECOND
        wired.pop("assigned-mac-address")  # the same for D-Bus
        rest = {name: keys for name, keys in after.items() if name != "802-3-ethernet"}
        assert rest == {name: keys for name, keys in before.items() if name != "802-3-ethernet"}
        assert wired.get("mtu") == before.get("802-3-ethernet", {}).get("mtu")
        assert set(text.splitlines()) <= set(text_of(one).splitlines())
    assert macs(plan) == {"bond0": SECOND, "ovirtmgmt": SECOND}


@pytest.mark.parametrize("text", [
    BOND + "[ethernet]\ncloned-mac-address=" + OTHER + "\n",
    BOND + "[802-3-ethernet]\ncloned-mac-address=stable\n",
    BOND.replace("miimon=100", "miimon=100\nfail_over_mac=1"),
    BOND.replace("miimon=100", "miimon=100\nfail_over_mac=active"),
    BOND.replace("type=bond", "type=ethernet"),
    BRIDGE + "[bridge]\nmac-address=" + OTHER + "\n"])
def test_what_says_an_address_or_follows_its_port_is_left_as_it_is(text: str) -> None:
    plan = decided(facts([text]))
    assert macs(plan) == {} and not [i for i in plan.items if i.outcome is Outcome.PINNED
                                     and i.path.startswith(KEYFILES)]


@pytest.mark.parametrize("change", [
    {"bond0": {"mac": OTHER, "lower": ["ens3", "ens4"]}}, {"bond0": {"mac": "", "lower": ["ens3"]}},
    {"bond0": {"mac": SECOND, "lower": ["ens3"]}}, {"bond0": {"mac": SECOND, "lower": []}},
    {"bond0": {}}])
def test_an_address_of_no_port_is_not_pinned(change: Dict[str, Any]) -> None:
    assert macs(decided(facts([BOND], {**LIVE, **change}))) == {}


def test_a_device_that_is_not_up_is_not_pinned_and_a_ring_ends() -> None:
    assert macs(decided(facts([BOND], {}))) == {}
    ring = {"bond0": {"mac": SECOND, "lower": ["a"]}, "a": {"lower": ["bond0", "a"]}}
    assert macs(decided(facts([BOND], ring))) == {}


def test_vdsm_and_the_keyfile_agree_about_the_address_or_it_is_told() -> None:
    bond = {"nics": [], "options": "mode=1"}
    for hwaddr in (None, SECOND, SECOND.upper()):
        assert "N2C_VDSM_NETWORK_DIFFERS" not in ids(decided(facts(
            [BOND], bond={**bond, **({"hwaddr": hwaddr} if hwaddr else {})})))
    for text in (BOND, BOND + f"[ethernet]\ncloned-mac-address={SECOND.upper()}\n"):
        one = found(decided(facts([text], bond={**bond, "hwaddr": OTHER})),
                    "N2C_VDSM_NETWORK_DIFFERS")
        assert one.evidence == (
            f"bond bond0: the MAC address of its connection is {SECOND}, not {OTHER}",)


def test_the_live_address_and_ports_are_read_and_a_file_with_secrets_is_not(
        fake_host: FakeHost) -> None:
    secret = BOND.replace("bond0", "bond1") + "[802-1x]\npassword=Hemlock\n"
    for name, text in (("bond0", BOND), ("bond1", secret), ("ovirtmgmt", BRIDGE),
                       ("ens3", "[connection]\nid=e\ntype=ethernet\nmaster=bond0\n")):
        fake_host.write(f"{KEYFILES}/{name}.nmconnection", text, mode=0o600)
    for name, mac in (("bond0", SECOND.upper()), ("ens3", SECOND), ("lo", "00:00:00:00:00:00")):
        fake_host.write(f"/sys/class/net/{name}/address", f"{mac}\n")
    fake_host.link("/sys/class/net/bond0/lower_ens3", "../ens3")
    fake_host.on("ip", ..., missing=True)
    read = Network().facts(fake_host)
    assert read["plain"] == {"bond0.nmconnection": BOND, "ovirtmgmt.nmconnection": BRIDGE}
    links = read["volatile"]["links"]
    assert (links["bond0"]["mac"], links["bond0"]["lower"]) == (SECOND, ["ens3"])
    assert links["lo"]["mac"] == "" and "Hemlock" not in json.dumps(read)


@pytest.mark.parametrize("text", [
    "[ethernet]\ncloned-mac-address=\n", "[802-3-ethernet]\nmtu=1\ncloned-mac-address =\n[ipv4]\n",
    "[ipv4]\nmethod=auto", "", "[ethernet]\n[ipv4]\n[ethernet]\ncloned-mac-address=\n"])
def test_a_key_is_set_once_wherever_it_stood(text: str) -> None:
    made = pins.with_keys(text, {"ethernet": {"cloned-mac-address": FIRST}})
    assert made.count("cloned-mac-address") == 1 and f"cloned-mac-address={FIRST}\n" in made
    sections = sections_of(made)
    wired = {**sections.get("802-3-ethernet", {}), **sections.get("ethernet", {})}
    assert wired["cloned-mac-address"] == FIRST
