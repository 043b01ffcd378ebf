"""Names of cards: our .link files beside the admin's, udev's old rules, cards that are alike."""

import base64
from dataclasses import replace
from typing import Any, Dict, List

import pytest

from ng2coreos.model.facts import HostFacts, Nic
from ng2coreos.model.finding import Kind
from plugins.network import Network
from tests.fakes import FakeHost
from tests.plan.build import PROFILES, decided, found, host, ids

LINKS = "/etc/systemd/network"
MAC = "52:54:00:00:00:11"
NICS = (Nic("ens3", MAC, "ixgbe"), Nic("ens4", "52:54:00:00:00:12", "ixgbe"))


def with_names(fake_host: FakeHost, files: Dict[str, str], *nics: Nic) -> HostFacts:
    fake_host.write_all(files)
    fake_host.on("ip", ..., missing=True)
    said = Network().facts(fake_host)
    facts = host(nics=nics or NICS)
    network = {"profiles": list(PROFILES), "ifcfg": [], "volatile": {},
               "links": said["links"], "udev": said["udev"]}
    return replace(facts, plugins={**facts.plugins, "network": network})


def pins(facts: HostFacts) -> Dict[str, str]:
    return {i.path.rpartition("-")[2]: base64.b64decode(i.content).decode()
            for i in decided(facts).items if i.path.startswith(f"{LINKS}/10-ng2coreos-")}


def link(match: str, settings: str) -> str:
    return f"# by hand\n[Match]\n{match}\n\n[Link]\n{settings}\n"


def test_an_admins_file_that_says_the_same_by_mac_is_enough(fake_host: FakeHost) -> None:
    facts = with_names(fake_host, {
        f"{LINKS}/70-persistent-net-ens3.link": link(f"MACAddress={MAC.upper()}", "Name=ens3")})
    assert sorted(pins(facts)) == ["ens4.link"]
    assert "mac:ens3" in [c.id for c in decided(facts).checks]


def test_a_name_that_is_not_utf_8_cannot_be_pinned_and_is_told(fake_host: FakeHost) -> None:
    odd = Nic(b"en\xff".decode("utf-8", "surrogateescape"), "52:54:00:00:00:19", "ixgbe")
    facts = with_names(fake_host, {}, *NICS, odd)
    assert sorted(pins(facts)) == ["ens3.link", "ens4.link"]
    assert found(decided(facts), "N2C_NET_UNPINNED").evidence == (
        f"{odd.name}: 52:54:00:00:00:19, a name that is not UTF-8",)


def test_settings_of_the_file_that_ours_hides_are_taken_over(fake_host: FakeHost) -> None:
    facts = with_names(fake_host, {
        f"{LINKS}/50-ring.link": link("Driver=ixgbe", "NamePolicy=path\nRxBufferSize=4096"),
        f"{LINKS}/60-never-seen.link": link("Driver=ixgbe", "RxBufferSize=1"),
        f"{LINKS}/notes.txt": "no link"})
    made = pins(facts)
    assert made["ens3.link"].endswith("[Link]\nNamePolicy=\nName=ens3\nRxBufferSize=4096\n")
    assert "N2C_NET_LINK_FILE" not in ids(decided(facts))


@pytest.mark.parametrize("match", ["Driver=e1000e", "Type=wlan", "Driver=!ixgbe",
                                   "MACAddress=52:54:00:00:00:99", ""])
def test_a_file_for_other_cards_is_not_ours_to_heed(fake_host: FakeHost, match: str) -> None:
    facts = with_names(fake_host, {f"{LINKS}/05-x.link": link(match, "Name=other\nMTUBytes=9000")})
    assert all("MTUBytes" not in text for text in pins(facts).values())
    assert "N2C_NET_LINK_FILE" not in ids(decided(facts))


def test_a_file_that_comes_first_or_names_otherwise_is_reported(fake_host: FakeHost) -> None:
    facts = with_names(fake_host, {
        f"{LINKS}/05-all.link": link("OriginalName=*", "WakeOnLan=off")})
    one = found(decided(facts), "N2C_NET_LINK_FILE")
    assert one.resources == (f"file:{LINKS}/05-all.link",) and len(one.evidence) == 2
    again = FakeHost(fake_host.path("/other"))
    facts = with_names(again, {
        f"{LINKS}/70-x.link": link(f"PermanentMACAddress={MAC}", "Name=lan0")})
    one = found(decided(facts), "N2C_NET_LINK_FILE")
    assert one.evidence == (f"{LINKS}/70-x.link: calls ens3 lan0, which it is not called now",)
    assert "Name=ens3\n" in pins(facts)["ens3.link"] and "lan0" not in pins(facts)["ens3.link"]


def test_udevs_rules_in_force_are_what_is_pinned(fake_host: FakeHost) -> None:
    rule = 'SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="%s", ATTR{type}=="1", NAME="%s"\n'
    facts = with_names(fake_host, {"/etc/udev/rules.d/70-persistent-net.rules":
                                   "# by anaconda\n" + rule % (MAC, "ens3")})
    assert "Name=ens3\n" in pins(facts)["ens3.link"]
    assert "N2C_NET_UDEV_NAME" not in ids(decided(facts))


def test_udevs_rules_that_are_not_in_force_are_reported(fake_host: FakeHost) -> None:
    rules = ('SUBSYSTEM=="net", ATTR{address}=="52:54:00:00:00:77", NAME="eth7"\n'
             f'SUBSYSTEM=="net", ATTR{{address}}=="{MAC}", NAME="lan0"\n'
             '#ATTR{address}=="52:54:00:00:00:78", NAME="eth8"\n'
             'KERNEL=="sd*", NAME="disk"\n')
    facts = with_names(fake_host, {"/etc/udev/rules.d/70-persistent-net.rules": rules})
    one = found(decided(facts), "N2C_NET_UDEV_NAME")
    assert [e.partition("rules:")[2][:2] for e in one.evidence] == ["1:", "2:"]
    assert "Name=ens3\n" in pins(facts)["ens3.link"]


@pytest.mark.parametrize("nics,kind", [
    ((*NICS, Nic("ens8", ""), Nic("ens9", "52:54:00:00:00:19")), Kind.INFO),
    ((*NICS, Nic("ens8", "52:54:00:00:00:18"), Nic("ens9", "52:54:00:00:00:18")), Kind.INFO)])
def test_unused_cards_that_are_alike_stop_nobody(fake_host: FakeHost, nics: List[Nic],
                                                 kind: Any) -> None:
    facts = with_names(fake_host, {}, *nics)
    one = found(decided(facts), "N2C_NET_UNPINNED")
    assert one.kind is kind and "nic:ens8" in one.resources
    assert "ens8.link" not in pins(facts) and "N2C_NET_MAC" not in ids(decided(facts))
