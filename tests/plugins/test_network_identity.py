"""A DHCP server knows the host on the new system by what dhclient sent on NG."""

import json
from dataclasses import replace
from typing import Any, Dict

import pytest

from ng2coreos.model.facts import HostFacts, Nic
from ng2coreos.model.item import Outcome
from ng2coreos.model.plan import Decisions
from ng2coreos.plan.written import text_of
from plugins.network import Network, identity
from plugins.network.keyfile import profile
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids

from . import nm

KEYFILES = "/etc/NetworkManager/system-connections"
UUID = "11111111-2222-3333-4444-555555555555"
EM1 = f"[connection]\nid=em1\nuuid={UUID}\ntype=ethernet\ninterface-name=em1\n"
DUID = "00:01:00:01:27:58:e8:58:00:23:15:08:7e:ac"
# as dhclient writes it: what is printable as it is, everything else in octal
LEASE = 'default-duid "\\000\\001\\000\\001\'X\\350X\\000#\\025\\010~\\254";\nlease6 {\n}\n'
SET = {"main": "[main]\ndhcp=dhclient\n", "drop_ins": {}}


def facts(text: str, **mine: Any) -> HostFacts:
    """A host with this keyfile, as the reader makes its facts."""
    made = replace(host(), nics=(Nic("em1", "52:54:00:00:00:11"),))
    return replace(made, plugins={**made.plugins, "network": {
        "profiles": [profile("em1.nmconnection", text)], "plain": {"em1.nmconnection": text},
        "ifcfg": [], "volatile": {}, "daemon": SET, **mine}})


def written(plan: Decisions) -> Dict[str, Any]:
    """What NetworkManager reads in the keyfile that the plan writes; empty where it writes none."""
    made = [i for i in plan.items if i.path == f"{KEYFILES}/em1.nmconnection"]
    if not made:
        return {}
    assert (made[0].outcome, made[0].mode) == (Outcome.PINNED, 0o600)
    said = nm.read(text_of(made[0]))
    return {f"{section}.{key}": value for section in ("ipv4", "ipv6")
            for key, value in said[section].items() if key.startswith("dhcp-")
            and key in ("dhcp-client-id", "dhcp-duid", "dhcp-iaid")}


def test_what_dhclient_told_of_itself_is_written_into_the_keyfile(fake_host: FakeHost) -> None:
    fake_host.write(f"{KEYFILES}/em1.nmconnection", EM1, mode=0o600)
    fake_host.write("/etc/NetworkManager/NetworkManager.conf", "[main]\ndhcp=dhclient\n")
    fake_host.write("/etc/dhcp/dhclient.conf", 'send dhcp-client-identifier "mine";\n')
    fake_host.write(f"{identity.LEASES[0]}/dhclient6-{UUID}-em1.lease", LEASE)
    fake_host.on("ip", ..., missing=True)
    mine = Network().facts(fake_host)
    plan = decided(facts(EM1, **{k: v for k, v in mine.items() if k != "profiles"}))
    assert written(plan) == {"ipv4.dhcp-client-id": "6d:69:6e:65", "ipv6.dhcp-duid": DUID,
                             "ipv6.dhcp-iaid": "mac"}


@pytest.mark.parametrize("told,sent", [
    ('"\\001x"', "01:78"), ("1:0:ab", "01:00:ab"), ("= hardware", "mac"),
    ("=hardware", "mac"), ("= concat(\"a\", hardware)", None)])
def test_each_way_to_tell_dhclient_an_identifier(told: str, sent: str,
                                                 fake_host: FakeHost) -> None:
    fake_host.write("/etc/NetworkManager/dhclient-em1.conf", f"send dhcp-client-identifier {told};")
    fake_host.on("ip", ..., missing=True)
    assert Network().facts(fake_host)["client_ids"].get("em1") == sent


@pytest.mark.parametrize("lines,mine,expected", [
    ("", {}, {"ipv4.dhcp-client-id": "mac"}),  # the server saw nothing else
    ("", {"client_ids": {"em1": "01:02", "": "03"}}, {"ipv4.dhcp-client-id": "01:02"}),
    ("", {"client_ids": {"em2": "01:02", "": "03"}}, {"ipv4.dhcp-client-id": "03"}),
    ("[ipv4]\nmethod=auto\ndhcp-client-id=mine\n", {"client_ids": {"": "03"}}, {}),
    ("[ipv4]\nmethod=disabled\n[ipv6]\nmethod=dhcp\ndhcp-iaid=7\n",
     {"duids": {identity._SHARED: DUID}}, {"ipv6.dhcp-duid": DUID, "ipv6.dhcp-iaid": "7"}),
    ("[ipv4]\nmethod=disabled\n[ipv6]\nmethod=auto\ndhcp-duid=lease\n",
     {"duids": {f"{identity.LEASES[1]}/dhclient6-{UUID}-em1.lease": DUID}},
     {"ipv6.dhcp-duid": DUID, "ipv6.dhcp-iaid": "mac"}),
    ("[ipv4]\nmethod=disabled\n[ipv6]\nmethod=auto\ndhcp-duid=ll\n",
     {"duids": {identity._SHARED: DUID}}, {}),
    ("[ipv4]\nmethod=disabled\n[ipv6]\nmethod=auto\n",
     {"duids": {f"{identity.LEASES[0]}/dhclient6-another-em1.lease": DUID}}, {}),
    ("[ipv4]\nmethod=manual\naddress1=192.0.2.1/24\n[ipv6]\nmethod=ignore\n",
     {"client_ids": {"": "03"}, "duids": {identity._SHARED: DUID}}, {}),
    ("controller=br0\nport-type=bridge\n", {"client_ids": {"": "03"}}, {}),
    ("", {"daemon": {**SET, "drop_ins": {"x.conf": "[connection]\nipv4.dhcp-client-id=stable\n"}}},
     {})])
def test_what_a_keyfile_lacks_and_no_more(lines: str, mine: Dict[str, Any],
                                          expected: Dict[str, str]) -> None:
    plan = decided(facts(EM1 + lines, **mine))
    said = written(plan)
    assert {key: said.get(key) for key in expected} == expected
    assert bool(said) is bool(expected)


@pytest.mark.parametrize("daemon,leases,asked", [
    (SET, [], True), ({"main": "[main]\ndhcp=internal\n"}, [f"dhclient-{UUID}-em1.lease"], False),
    ({"main": "[main]\ndhcp=dhclient\n", "drop_ins": {"a.conf": "[main]\ndhcp=internal\n"}}, [],
     False),
    ({"main": "", "drop_ins": {"a.conf": "[main]\ndhcp=dhclient\n"}}, [], True),
    ({}, [], False), ({}, [f"dhclient-{UUID}-em1.lease"], True),
    ({}, [f"dhclient6-{UUID}-em1.lease"], True), ({}, ["dhclient-other-em1.lease"], False),
    ({}, [f"dhclient-{UUID}-em1.lease", f"internal-{UUID}-em1.lease"], False)])
def test_only_what_dhclient_asked_for_is_changed(daemon: Dict[str, Any], leases: Any,
                                                 asked: bool) -> None:
    assert bool(written(decided(facts(EM1, daemon=daemon, leases=leases)))) is asked


def test_a_connection_with_secrets_is_carried_as_it_is_and_told() -> None:
    text = EM1 + "[802-1x]\npassword=Hemlock\n"
    mine = {"plain": {}, "client_ids": {"": "03"},
            "duids": {f"{identity.LEASES[0]}/dhclient6-{UUID}-em1.lease": DUID}}
    plan = decided(facts(text, **mine))
    assert found(plan, "N2C_NET_DHCP_IDENTITY").evidence == tuple(
        f"{KEYFILES}/em1.nmconnection: {line}" for line in (
            "ipv4.dhcp-client-id=03", f"ipv6.dhcp-duid={DUID}", "ipv6.dhcp-iaid=mac"))
    assert written(plan) == {} and "Hemlock" not in json.dumps(plan, default=str)
    assert "N2C_NET_DHCP_IDENTITY" not in ids(decided(facts(text, plain={})))
