"""ovn: what Open vSwitch said on NG is asked of the new system; an image that cannot is told."""

import json
from dataclasses import replace
from typing import Any, Dict, List, Tuple

import pytest

from ng2coreos.core.errors import CommandFailed
from ng2coreos.model.facts import Package
from ng2coreos.model.finding import Kind
from ng2coreos.model.openvswitch import BRIDGES, ITSELF
from ng2coreos.model.plan import Decisions
from plugins.ovn import Ovn
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids, target

DATABASE = "/etc/openvswitch/conf.db"
# In the form of ovs-vsctl(8) with --format=json, of a host of an OVN provider
SAID = json.dumps({"data": [[["map", [
    ["hostname", "node01.example.org"], ["ovn-bridge-mappings", "red:vdsmbr_a1"],
    ["ovn-encap-ip", "192.0.2.10"], ["ovn-encap-type", "geneve"],
    ["ovn-remote", "ssl:192.0.2.1:6642"], ["rundir", "/var/run/openvswitch"],
    ["system-id", "node01.example.org"]]], "2.15.8"]], "headings": ["external_ids", "ovs_version"]})
IDS = {"ovn-bridge-mappings": "red:vdsmbr_a1", "ovn-encap-ip": "192.0.2.10",
       "ovn-encap-type": "geneve", "ovn-remote": "ssl:192.0.2.1:6642",
       "system-id": "node01.example.org"}
BOTH = ("openvswitch2.15", "ovn-2021-host")


def seen(fake: FakeHost, said: str = SAID) -> Dict[str, Any]:
    fake.write(DATABASE)
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
    assert mine == {"ids": IDS, "version": "2.15.8", "volatile": {"bridges": ["br-int",
                                                                             "vdsmbr_a1"]}}
    plan = plan_of(mine, *BOTH)
    assert asked(plan) == [{"ids": sorted(f"{key}={value}" for key, value in IDS.items()),
                            "bridges": ["br-int", "vdsmbr_a1"]}]
    assert {"N2C_OVN_TARGET", "N2C_OVN_OLDER"}.isdisjoint(ids(plan))


def test_without_a_database_nothing_is_asked(fake_host: FakeHost) -> None:
    assert Ovn().facts(fake_host) == {} and asked(plan_of({}, *BOTH)) == []


@pytest.mark.parametrize("how", [
    {"missing": True}, {"rc": 1, "stderr": "database connection failed"},
    {"raises": CommandFailed("no end in time", hint="")}, {"stdout": ""}, {"stdout": "{}"},
    {"stdout": "null"}, {"stdout": "[" * 100000}, {"stdout": '{"data": [], "headings": []}'},
    {"stdout": '{"data": [[7]], "headings": ["external_ids"]}'},
    {"stdout": '{"data": [[["map", [[1]]]]], "headings": ["external_ids"]}'}])
def test_a_client_without_a_sensible_answer_stops_nobody(fake_host: FakeHost,
                                                         how: Dict[str, Any]) -> None:
    fake_host.write(DATABASE)
    fake_host.on(*ITSELF, **how)
    assert Ovn().facts(fake_host) == {}


def test_a_database_that_nobody_told_anything_is_no_matter(fake_host: FakeHost) -> None:
    fake_host.write("/var/lib/openvswitch/conf.db")
    fake_host.on(*ITSELF, stdout='{"data": [[["map", []], ["set", []]]], '
                                 '"headings": ["external_ids", "ovs_version"]}')
    fake_host.on(*BRIDGES, rc=1)
    plan = plan_of(Ovn().facts(fake_host))
    assert (asked(plan), {"N2C_OVN_TARGET", "N2C_OVN_OLDER"} & set(ids(plan))) == ([], set())


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
