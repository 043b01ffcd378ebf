"""vdsm: what it reads, when it refuses, and how its health is proved."""

import json
from dataclasses import replace
from typing import Any, Dict, List, Optional

import pytest

from ng2coreos.core.errors import BadInput, CommandFailed
from ng2coreos.model.finding import Kind
from plugins.vdsm import Vdsm
from tests.fakes import FakeHost
from tests.plan.build import PROFILES, VDSM, decided, found, host, ids, item, profile, target

NETCONF = "/var/lib/vdsm/persistence/netconf"
ID = "8f2b8a52-6b1f-11ee-9d0c-00163e7a1b2c"


def fake_vdsm(fake_host: FakeHost) -> FakeHost:
    fake_host.write("/etc/vdsm/vdsm.id", ID)
    fake_host.write("/etc/vdsm/vdsm.conf", "[irs]\nrepository = /rhev/data-center\n")
    fake_host.write(f"{NETCONF}.ab12/nets/ovirtmgmt", json.dumps({"nic": "ens3"}))
    fake_host.link(NETCONF, f"{NETCONF}.ab12")
    return fake_host


def test_reads_id_settings_and_networks_through_the_absolute_link(fake_host: FakeHost) -> None:
    fake_vdsm(fake_host).on("vdsm-client", "Host", "getVMList", stdout="[]")
    facts = Vdsm().facts(fake_host)
    assert facts == {
        "id": ID, "id_stored": True, "repository": "/rhev/data-center", "port": 54321,
        "persisted": {"nets": {"ovirtmgmt": {"nic": "ens3"}}, "bonds": {}, "devices": {}},
        "running": None, "volatile": {"vms": []}}


@pytest.mark.parametrize("answer,vms", [
    ('["a", "b"]', ["a", "b"]), ('[{"vmId": "c", "status": "Up"}]', ["c"]), ("{}", None),
    ("no json", None)])
def test_asks_for_the_vms(fake_host: FakeHost, answer: str, vms: Any) -> None:
    fake_vdsm(fake_host).on("vdsm-client", "Host", "getVMList", stdout=answer)
    assert Vdsm().facts(fake_host)["volatile"]["vms"] == vms


def test_a_client_that_fails_or_is_missing_gives_no_answer(fake_host: FakeHost) -> None:
    fake_vdsm(fake_host).on("vdsm-client", ..., rc=1)
    fake_host.on("vdsm-client", ..., missing=True)
    assert Vdsm().facts(fake_host)["volatile"]["vms"] is None
    assert Vdsm().facts(fake_host)["volatile"]["vms"] is None


def test_an_id_that_was_never_stored_is_asked_for(fake_host: FakeHost) -> None:
    fake_host.on("vdsm-tool", "vdsm-id", stdout=f"{ID}\n")
    fake_host.on("vdsm-client", ..., missing=True)
    facts = Vdsm().facts(fake_host)
    assert (facts["id"], facts["id_stored"]) == (ID, False)


def test_a_vdsm_that_hangs_has_not_said_that_no_engine_knows_the_host(fake_host: FakeHost) -> None:
    late = CommandFailed("vdsm-tool vdsm-id did not end within 30 s.", hint="Wait.")
    fake_host.on("vdsm-tool", "vdsm-id", raises=late, times=2)
    fake_host.on("vdsm-client", ..., missing=True)
    mine = Vdsm().facts(fake_host)
    assert [f.id for f in Vdsm().judge_now(Vdsm().now(fake_host))] == ["N2C_VDSM_STATE_UNKNOWN"]
    known = host()
    plan = decided(replace(known, plugins={**known.plugins, "vdsm": mine}))
    assert found(plan, "N2C_VDSM_STATE_UNKNOWN").kind is Kind.OVERRIDABLE
    assert "N2C_VDSM_NO_ID" not in ids(plan)


def test_drop_ins_count_as_they_do_for_vdsm(fake_host: FakeHost) -> None:
    """By their names, wherever they lie; what is below /run is gone on the new system."""
    fake_vdsm(fake_host).on("vdsm-client", ..., stdout="[]")
    port = "[addresses]\nmanagement_port = {}\n"
    fake_host.write_all({
        "/etc/vdsm/vdsm.conf": port.format(1), "/etc/vdsm/vdsm.conf.d/50-a.conf": port.format(50),
        "/usr/lib/vdsm/vdsm.conf.d/60-b.conf": port.format(60) + "[irs]\nrepository = /r\n",
        "/etc/vdsm/vdsm.conf.d/70.off": port.format(70), "/run/vdsm/vdsm.conf.d/80.conf": "no\n"})
    facts = Vdsm().facts(fake_host)
    assert (facts["port"], facts["repository"]) == (60, "/r")


@pytest.mark.parametrize("path,text", [
    ("/etc/vdsm/vdsm.conf", "no section\n"), ("/etc/vdsm/vdsm.conf.d/9.conf", "no section\n"),
    ("/etc/vdsm/vdsm.conf", "[addresses]\nmanagement_port = https\n"),
    ("/etc/vdsm/vdsm.conf", "[addresses]\nmanagement_port =\n"), (f"{NETCONF}/nets/x", "{"),
    (f"{NETCONF}/nets/x", "[]")])
def test_damaged_files_are_refused(fake_host: FakeHost, path: str, text: str) -> None:
    fake_host.write("/etc/vdsm/vdsm.id", ID)
    fake_host.write(path, text)
    with pytest.raises(BadInput, match=path):
        Vdsm().facts(fake_host)


def with_vdsm(profiles: Optional[List[Dict[str, Any]]] = None, **more: Any) -> Any:
    facts = host()
    network = {"profiles": list(PROFILES) if profiles is None else profiles, "ifcfg": [],
               "volatile": {"addresses": {"ovirtmgmt": ["198.51.100.7/24", "192.0.2.10/24"]}}}
    return replace(facts, plugins={**facts.plugins, "vdsm": {**VDSM, **more}, "network": network})


def test_a_host_on_which_vms_run_is_refused() -> None:
    one = found(decided(with_vdsm(volatile={"vms": ["a", "b"]})), "N2C_VDSM_VMS_RUNNING")
    assert one.id in Vdsm.momentary  # a plan that was made while they ran may be executed later
    assert one.kind is Kind.INHIBITOR and one.resources == ("vm:a", "vm:b")
    assert "2" in one.summary


def test_no_answer_must_be_overridden() -> None:
    one = found(decided(with_vdsm(volatile={"vms": None})), "N2C_VDSM_STATE_UNKNOWN")
    assert one.kind is Kind.OVERRIDABLE


def test_a_target_without_vdsm_is_refused() -> None:
    plan = decided(image=target(units={}))
    assert "N2C_VDSM_TARGET" in [f.id for f in plan.inhibitors]


def test_a_host_that_no_engine_knows_is_moved_without_vdsm() -> None:
    plan = decided(with_vdsm(id="", id_stored=False, volatile={"vms": None}), target(units={}))
    assert [i for i in ids(plan) if "VDSM" in i] == ["N2C_VDSM_NO_ID"]
    assert not [c for c in plan.checks if c.id.startswith("vdsm")]


def test_an_id_from_the_hardware_is_written_down_without_a_line_feed() -> None:
    import base64

    one = item(decided(with_vdsm(id_stored=False)), "/etc/vdsm/vdsm.id")
    assert base64.b64decode(one.content).decode() == ID


def test_health_is_the_unit_and_tls_on_the_carried_address() -> None:
    checks = {c.id: c for c in decided().checks}
    assert checks["vdsm"].params == {"unit": "vdsmd.service"} and checks["vdsm"].health
    assert checks["vdsm:tls"].params == {
        "address": "192.0.2.10", "port": 54321, "ca": "/etc/pki/vdsm/certs/cacert.pem"}
    assert checks["vdsm:tls"].health


def persisted(**net: Any) -> Dict[str, Any]:
    return {"nets": {"ovirtmgmt": net}, "bonds": {}, "devices": {}}


@pytest.mark.parametrize("net,live,address", [
    ({"nic": "ens3", "ipaddr": "192.0.2.9", "defaultRoute": True}, {}, "192.0.2.9"),
    ({"nic": "ens3", "defaultRoute": True}, {"ens3": ["192.0.2.8/24"]}, "192.0.2.8"),
    ({"bonding": "bond0", "vlan": 7, "defaultRoute": True}, {"bond0.7": ["192.0.2.7/24"]},
     "192.0.2.7"), ({"nic": "ens3", "ipaddr": "192.0.2.9"}, {}, None)])
def test_the_management_network_may_have_another_name(
        net: Dict[str, Any], live: Dict[str, Any], address: Optional[str]) -> None:
    facts = with_vdsm(persisted={"nets": {"storage": {"nic": "ens9", "ipaddr": "203.0.113.1"},
                                          "site": net}, "bonds": {}, "devices": {}})
    network = {**facts.plugins["network"], "volatile": {"addresses": live}}
    plan = decided(replace(facts, plugins={**facts.plugins, "network": network}))
    said = [c.params["address"] for c in plan.checks if c.id == "vdsm:tls"]
    assert said == ([address] if address else [])
    assert ("N2C_VDSM_NO_MANAGEMENT" in ids(plan)) is (address is None)


def test_with_dhcp_the_live_address_is_asked_or_its_lack_reported() -> None:
    net = persisted(nic="ens3", bootproto="dhcp")
    checks = {c.id: c for c in decided(with_vdsm(persisted=net)).checks}
    assert checks["vdsm:tls"].params["address"] == "198.51.100.7"
    none = decided(with_vdsm(persisted={"nets": {}, "bonds": {}, "devices": {}}))
    assert "N2C_VDSM_NO_MANAGEMENT" in ids(none)
    assert "vdsm:tls" not in [c.id for c in none.checks]


def test_networks_that_were_not_saved_stop_the_run() -> None:
    running = persisted(nic="ens4")
    one = found(decided(with_vdsm(running=running)), "N2C_VDSM_STAGING")
    assert one.kind is Kind.INHIBITOR
    assert one.resources == ("network:bond0", "network:ovirtmgmt")
    assert ids(decided(with_vdsm(running=VDSM["persisted"]))) == []


def test_another_repository_is_named() -> None:
    one = found(decided(with_vdsm(repository="/data/center")), "N2C_VDSM_REPOSITORY")
    assert "/data/center" in one.title


@pytest.mark.parametrize("profiles,words", [
    (PROFILES[:4], "network ovirtmgmt: no connection for ovirtmgmt"),
    ((*PROFILES[:3], PROFILES[4]), "network ovirtmgmt: no connection for bond0.100"),
    (PROFILES[1:], "bond bond0: ens3 is no port of it"),
    ((*PROFILES[:4], profile("ovirtmgmt", "bridge", addresses=["192.0.2.99/24"])),
     "network ovirtmgmt: 192.0.2.10/24 is not an address of its connection")])
def test_connections_that_say_something_else_are_named(profiles: Any, words: str) -> None:
    plan = decided(with_vdsm(list(profiles)))
    assert found(plan, "N2C_VDSM_NETWORK_DIFFERS").evidence == (words,)


def test_a_port_may_be_named_by_its_address_only() -> None:
    ports = [profile("", mac=f"52:54:00:00:00:1{n}", controller="bond0") for n in (1, 2)]
    assert ids(decided(with_vdsm([*ports, *PROFILES[2:]]))) == []


def test_a_port_may_name_its_controller_by_uuid() -> None:
    ports = [profile(n, controller="uuid-bond0") for n in ("ens3", "ens4")]
    assert ids(decided(with_vdsm([*ports, *PROFILES[2:]]))) == []
