"""ovn: what Open vSwitch said on NG is asked of the new system; an image that cannot is told."""

import json
from dataclasses import replace
from typing import Any, Dict, List, Tuple

import pytest

from ng2coreos.core.errors import CommandFailed
from ng2coreos.model.facts import Package
from ng2coreos.model.finding import Kind
from ng2coreos.model.openvswitch import BRIDGES, ITSELF, query
from ng2coreos.model.plan import Decisions
from plugins.ovn import DATABASES, Ovn
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids, target

DATABASE = DATABASES[0]
# In the form of ovs-vsctl(8) with --format=json, of a host of an OVN provider
SAID = json.dumps({"data": [[["map", [
    ["hostname", "node01.example.org"], ["ovn-bridge-mappings", "red:vdsmbr_a1"],
    ["ovn-encap-ip", "192.0.2.10"], ["ovn-encap-type", "geneve"],
    ["ovn-remote", "ssl:192.0.2.1:6642"], ["rundir", "/var/run/openvswitch"],
    ["system-id", "node01.example.org"]]], "2.15.8"]], "headings": ["external_ids", "ovs_version"]})
IDS = {"ovn-bridge-mappings": "red:vdsmbr_a1", "ovn-encap-ip": "192.0.2.10",
       "ovn-encap-type": "geneve", "ovn-remote": "ssl:192.0.2.1:6642",
       "system-id": "node01.example.org"}
NONE: Dict[str, Any] = {"rows": []}
HELD = json.dumps([
    {"rows": [{"external_ids": ["map", [["ovn-remote", "ssl:192.0.2.1:6642"], ["rundir", "/r"]]],
               "ovs_version": "2.15.8"}]}, {"rows": [{"name": "br1"}]}, NONE,
    {"rows": [{"name": "br1", "error": ["set", []]}]}])
BOTH = ("openvswitch2.15", "ovn-2021-host")


def holding(keys: Dict[str, Any] = NONE, ports: Dict[str, Any] = NONE) -> str:
    """A database as ovsdb-tool(1) shows it."""
    return json.dumps([NONE, NONE, keys, ports])


def seen(fake: FakeHost, said: str = SAID, held: str = holding()) -> Dict[str, Any]:
    fake.write(DATABASE)
    fake.on(*query(DATABASE), stdout=held)
    fake.on(*ITSELF, stdout=said)
    fake.on(*BRIDGES, stdout="vdsmbr_a1\nbr-int\n")
    return Ovn().facts(fake)


def plan_of(mine: Dict[str, Any], *names: str, version: str = "2.15.9") -> Decisions:
    facts = host()
    return decided(replace(facts, plugins={**facts.plugins, "ovn": mine}), target(packages=tuple(
        Package(name, 0, version, "1", "x86_64") for name in names)))


def asked(plan: Decisions) -> List[Dict[str, Any]]:
    return [dict(c.params) for c in plan.checks if c.kind == "openvswitch"]


def test_what_it_says_of_itself_at_each_start_is_not_asked_again(fake_host: FakeHost) -> None:
    mine = seen(fake_host)
    assert mine == {"ids": IDS, "version": "2.15.8", "silent": False, "keys": [], "volatile": {
        "bridges": ["br-int", "vdsmbr_a1"], "failed": [], "why": ""}}
    plan = plan_of(mine, *BOTH)
    assert asked(plan) == [{"ids": sorted(f"{key}={value}" for key, value in IDS.items()),
                            "bridges": ["br-int", "vdsmbr_a1"]}]
    assert not [one for one in ids(plan) if one.startswith("N2C_OVN_")]


def test_without_a_database_nothing_is_asked(fake_host: FakeHost) -> None:
    assert Ovn().facts(fake_host) == {} and asked(plan_of({}, *BOTH)) == []


def test_a_database_whose_programs_are_gone_is_nobodys(fake_host: FakeHost) -> None:
    fake_host.write(DATABASE)
    fake_host.on(*ITSELF, missing=True)
    assert Ovn().facts(fake_host) == {}


@pytest.mark.parametrize("how, why", [
    ({"rc": 1, "stderr": "ovs-vsctl: x\ndatabase connection failed\n"},
     "database connection failed"),
    ({"rc": 2}, "exit status 2"), ({"raises": CommandFailed("no end", hint="")}, "in time"),
    *(({"stdout": text}, "cannot be read") for text in (
        "", "{}", "null", "[" * 100000, '{"data": [], "headings": []}',
        '{"data": [[7]], "headings": ["external_ids"]}',
        '{"data": [[["map", [[1]]]]], "headings": ["external_ids"]}'))])
def test_one_that_does_not_answer_is_told_by_its_file(fake_host: FakeHost, how: Dict[str, Any],
                                                      why: str) -> None:
    fake_host.write(DATABASE)
    fake_host.on(*ITSELF, **how)
    fake_host.on(*query(DATABASE), stdout=HELD)
    mine = Ovn().facts(fake_host)
    plan = plan_of(mine, *BOTH)
    one = found(plan, "N2C_OVN_SILENT")
    assert (one.kind, one.resources) == (Kind.WARNING, ("bridge:br1",))
    assert why in one.evidence[0]
    assert asked(plan) == [] and "N2C_OVN_TARGET" not in ids(plan)
    # what an image without it would lose is told by the file's word
    lost = found(plan_of(mine), "N2C_OVN_TARGET")
    assert lost.resources == ("bridge:br1",)
    assert lost.evidence == ("ovn-remote: ssl:192.0.2.1:6642",)


@pytest.mark.parametrize("how", [
    {"missing": True}, {"rc": 1}, {"raises": CommandFailed("no end", hint="")}, {"stdout": "[]"},
    {"stdout": "null"}, {"stdout": "[{}, {}, {}, {}]"}, {"stdout": "[" * 100000}])
def test_a_file_that_cannot_be_read_either_stops_nobody(fake_host: FakeHost,
                                                        how: Dict[str, Any]) -> None:
    fake_host.write(DATABASE)
    fake_host.on(*ITSELF, rc=1)
    fake_host.on(*query(DATABASE), **how)
    plan = plan_of(Ovn().facts(fake_host), *BOTH)
    assert [one for one in ids(plan) if one.startswith("N2C_OVN_")] == ["N2C_OVN_SILENT"]


def test_keys_that_do_not_travel_are_named(fake_host: FakeHost) -> None:
    paths = ("/usr/share/site/key.pem", "/run/ovs/key.pem", "/var/run/key.pem", "/keys/a.pem",
             "/etc/site/cert.pem", "/var/lib/openvswitch/ca.pem", "/root/ca.pem", "/kept/a.pem")
    mine = seen(fake_host, held=holding({"rows": [
        {"private_key": path, "certificate": "none", "ca_cert": paths[0]} for path in paths]}))
    facts = host()
    plan = decided(replace(facts, plugins={**facts.plugins, "ovn": mine}),
                   target(top={"kept": ""}))
    assert found(plan, "N2C_OVN_KEYS").resources == tuple(
        f"file:{path}" for path in sorted(paths[:4]))


def test_ports_that_it_could_not_open_are_named(fake_host: FakeHost) -> None:
    mine = seen(fake_host, held=holding(ports={"rows": [
        {"name": "vnet3", "error": "could not open network device vnet3 (No such device)"},
        {"name": "eth0", "error": ["set", []]}]}))
    one = found(plan_of(mine, *BOTH), "N2C_OVN_PORTS")
    assert one.kind is Kind.INFO
    assert one.evidence == ("vnet3: could not open network device vnet3 (No such device)",)


def test_a_database_that_nobody_told_anything_is_no_matter(fake_host: FakeHost) -> None:
    fake_host.write(DATABASES[1])
    fake_host.on(*query(DATABASES[1]), stdout=holding())
    fake_host.on(*ITSELF, stdout='{"data": [[["map", []], ["set", []]]], '
                                 '"headings": ["external_ids", "ovs_version"]}')
    fake_host.on(*BRIDGES, rc=1, stdout="half\n")
    mine = Ovn().facts(fake_host)
    for plan in (plan_of(mine), plan_of(mine, *BOTH, version="0.1")):
        assert asked(plan) == [] and not [one for one in ids(plan) if one.startswith("N2C_OVN_")]


def test_bridges_without_ovn_want_open_vswitch_alone(fake_host: FakeHost) -> None:
    said = '{"data": [[["map", []], "2.15.8"]], "headings": ["external_ids", "ovs_version"]}'
    mine = seen(fake_host, said)
    assert asked(plan_of(mine, BOTH[0])) == [{"ids": [], "bridges": ["br-int", "vdsmbr_a1"]}]
    assert "N2C_OVN_TARGET" not in ids(plan_of(mine, BOTH[0]))
    assert "N2C_OVN_OLDER" in ids(plan_of(mine, BOTH[0], version="2.9"))
    assert found(plan_of(mine), "N2C_OVN_TARGET").summary.endswith("the image lacks openvswitch.")


@pytest.mark.parametrize("there, lacks", [
    ((), "openvswitch and ovn-host"), (("ovn-2021-host",), "openvswitch"),
    (("openvswitch", "ovn-2021"), "ovn-host"), (("openvswitch", "ovn22.06-host"), "")])
def test_an_image_that_lacks_ovn_is_told(fake_host: FakeHost, there: Tuple[str, ...],
                                         lacks: str) -> None:
    plan = plan_of(seen(fake_host), *there)
    assert bool(asked(plan)) == any(name.startswith("openvswitch") for name in there)
    if not lacks:
        assert "N2C_OVN_TARGET" not in ids(plan)
        return
    one = found(plan, "N2C_OVN_TARGET")
    assert one.kind is Kind.WARNING and one.summary.endswith(f"the image lacks {lacks}.")
    assert one.resources == ("bridge:br-int", "bridge:vdsmbr_a1")
    assert "ovn-remote: ssl:192.0.2.1:6642" in one.evidence


@pytest.mark.parametrize("version, older", [
    ("2.9.10", True), ("2.15.0", False), ("2.17", False), ("3.1.0", False), ("odd", True)])
def test_an_older_open_vswitch_is_told(fake_host: FakeHost, version: str, older: bool) -> None:
    plan = plan_of(seen(fake_host), *BOTH, version=version)
    assert ("N2C_OVN_OLDER" in ids(plan)) == older
    assert not older or version in found(plan, "N2C_OVN_OLDER").summary
