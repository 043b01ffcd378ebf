"""Hosted engine: a host that has not stepped back is refused, now and right before arming."""

import json
from dataclasses import replace
from typing import Any, Dict, List, Optional

import pytest

from ng2coreos.core.errors import CommandFailed
from ng2coreos.core.plugin import Leaving, Momentary
from ng2coreos.model.facts import HostFacts, Package
from ng2coreos.model.finding import Kind
from plugins.hosted_engine import AGENT, BROKER, CONF, STATE, HostedEngine
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids, target

AWAY: Dict[str, Any] = {"active": True, "starts": True, "maintenance": True, "lockspace": False,
                        "engine_here": False, "others": 1}


def status(vm: str = "down", *, text: bool = False, score: int = 3400) -> str:
    health: Any = {"vm": vm, "health": "bad"}
    return json.dumps({
        "1": {"host-id": 1, "score": 0, "engine-status": json.dumps(health) if text else health},
        "2": {"host-id": 2, "score": score, "engine-status": {"vm": "up"}},
        "global_maintenance": False})


def scripted(fake: FakeHost, *, active: str = "active", status: Optional[str] = None,
             lockspace: str = "", unasked: str = "", enabled: str = "enabled") -> FakeHost:
    """All programs but `unasked`, which the test itself scripts."""
    fake.write(CONF, "fqdn=engine.example.org\nhost_id=1\n")
    if unasked != "systemctl":
        fake.on("systemctl", "is-active", "ovirt-ha-agent.service", stdout=f"{active}\n",
                rc=0 if active == "active" else 3)
        if active != "active":
            fake.on("systemctl", "is-enabled", "ovirt-ha-agent.service", stdout=f"{enabled}\n",
                    rc=0 if enabled == "enabled" else 1)
    if active == "active" and unasked not in ("systemctl", "hosted-engine"):
        fake.on("hosted-engine", "--vm-status", "--json", stdout=status or "")
    if unasked != "sanlock":
        fake.on("sanlock", "client", "status", stdout=lockspace)
    return fake


def with_he(**more: Any) -> HostFacts:
    facts = host()
    mine = {"deployed": True, "volatile": {**AWAY, **more}}
    return replace(facts, plugins={**facts.plugins, "hosted-engine": mine})


HERE = target(packages=(Package("ovirt-hosted-engine-ha", 0, "2.5", "1", "noarch"),))


def test_a_host_that_is_none_of_them_is_asked_nothing(fake_host: FakeHost) -> None:
    fake_host.write(CONF, "# empty\n")
    mine = HostedEngine().facts(fake_host)
    assert mine == {"deployed": False, "volatile": {}}
    assert HostedEngine().judge_now(mine) == () and HostedEngine().judge_now({}) == ()


@pytest.mark.parametrize("text", [False, True])
def test_reads_the_state_of_this_moment(fake_host: FakeHost, text: bool) -> None:
    scripted(fake_host, status=status("up", text=text), lockspace="s hosted-engine:1:/run/x:0\n")
    fake_host.write(STATE, "local_maintenance=True\n")
    assert HostedEngine().now(fake_host)["volatile"] == {
        "active": True, "starts": True, "maintenance": True, "lockspace": True,
        "engine_here": True, "others": 1}


@pytest.mark.parametrize("enabled,wanted", [
    ("enabled", ["N2C_HE_MAINTENANCE"]), ("disabled", []), ("masked", []), ("", [])])
def test_an_agent_that_does_not_run_is_asked_nothing_but_the_new_system_may_start_it(
        fake_host: FakeHost, enabled: str, wanted: List[str]) -> None:
    scripted(fake_host, active="inactive", enabled=enabled)
    mine = HostedEngine().now(fake_host)
    assert mine["volatile"] == {"active": False, "starts": bool(wanted), "maintenance": False,
                                "lockspace": False, "engine_here": None, "others": None}
    assert [one.id for one in HostedEngine().judge_now(mine)] == wanted
    assert HostedEngine().judge_now({**mine, "volatile": {
        **mine["volatile"], "maintenance": True}}) == ()


@pytest.mark.parametrize("answer", [
    "not json", pytest.param("[" * 100_000, id="deep"), "3", ""])
def test_an_answer_that_is_none_is_told(fake_host: FakeHost, answer: str) -> None:
    scripted(fake_host, status=answer)
    fake_host.write(STATE, "local_maintenance=True\n")
    one, = HostedEngine().judge_now(HostedEngine().now(fake_host))
    assert (one.id, one.evidence) == ("N2C_HE_STATE_UNKNOWN", ("hosted-engine --vm-status",))


def test_nobody_says_whether_the_new_system_would_start_it(fake_host: FakeHost) -> None:
    scripted(fake_host, status=status())
    fake_host.write(STATE, "local_maintenance=True\n")
    mine = HostedEngine().now(fake_host)
    one, = HostedEngine().judge_now({**mine, "volatile": {
        **mine["volatile"], "active": False, "starts": None}})
    assert (one.id, one.evidence) == ("N2C_HE_STATE_UNKNOWN", (AGENT,))


@pytest.mark.parametrize("silent,wanted", [
    ("systemctl", "ovirt-ha-agent.service"), ("hosted-engine", "hosted-engine --vm-status"),
    ("sanlock", "sanlock.service")])
def test_a_program_that_hangs_has_not_said_that_there_is_nothing(
        fake_host: FakeHost, silent: str, wanted: str) -> None:
    late = CommandFailed(f"{silent} did not end within 60 s.", hint="Wait.")
    fake_host.on(silent, ..., raises=late)
    scripted(fake_host, status=status(), unasked=silent)
    fake_host.write(STATE, "local_maintenance=True\n")
    one, = HostedEngine().judge_now(HostedEngine().now(fake_host))
    assert (one.id, one.kind, one.evidence) == (
        "N2C_HE_STATE_UNKNOWN", Kind.OVERRIDABLE, (wanted,))
    assert one.id in HostedEngine.momentary


@pytest.mark.parametrize("more,id,kind", [
    ({"engine_here": True}, "N2C_HE_VM", Kind.INHIBITOR),
    ({"maintenance": False}, "N2C_HE_MAINTENANCE", Kind.INHIBITOR),
    ({"lockspace": True}, "N2C_HE_LOCKSPACE", Kind.WARNING),
    ({"lockspace": True, "active": False}, "N2C_HE_LOCKSPACE", Kind.OVERRIDABLE),
    ({"others": 0}, "N2C_HE_LAST", Kind.OVERRIDABLE)])
def test_what_stands_against_leaving(more: Dict[str, Any], id: str, kind: Kind) -> None:
    plan = decided(with_he(**more), HERE)
    assert found(plan, id).kind is kind
    assert [i for i in ids(plan) if i.startswith("N2C_HE")] == [id]
    assert isinstance(HostedEngine(), Momentary) and id in HostedEngine.momentary


@pytest.mark.parametrize("answer,held", [
    ("daemon 8f2b8a52-1.node01\np -1 helper\np 2113 \ns 5b7a9f6e-2a90:1:/dev/5b7a/ids:0\n"
     "s hosted-engine:1:/run/vdsm/storage/5b7a/1c/9d:0\nr 5b7a9f6e-2a90:SDM:/dev/x:1:4 p 2113\n",
     True),
    ("daemon 8f2b8a52-1.node01\ns hosted-engine:1:/run/vdsm/storage/5b7a/1c/9d:0 REM\n", True),
    ("daemon 8f2b8a52-1.node01\np -1 helper\np -1 status\n", False),
    ("daemon 8f2b8a52-1.node01\ns hosted-engine2:1:/dev/x/ids:0\n", False),
    ("sanlock: Verbindung verweigert\n", None), ("\ufffd\ufffd s hosted-engine:1\n", None)])
def test_what_sanlock_answers(fake_host: FakeHost, answer: str, held: Optional[bool]) -> None:
    scripted(fake_host, status=status(), lockspace=answer)
    mine = HostedEngine().now(fake_host)
    assert mine["volatile"]["lockspace"] is held
    assert ("sanlock.service" in [line for f in HostedEngine().judge_now(mine)
                                  for line in f.evidence]) == (held is None)


def test_only_what_runs_is_stopped_for_the_restart() -> None:
    asked = [HostedEngine().units_to_stop({"deployed": True, "volatile": {**AWAY, "active": says}})
             for says in (True, False, None)]
    assert asked == [(AGENT, BROKER), (), ()]
    assert HostedEngine().units_to_stop({"deployed": False, "volatile": {}}) == ()
    assert isinstance(HostedEngine(), Leaving)


def test_a_host_that_stepped_back_may_leave() -> None:
    assert not [i for i in ids(decided(with_he(), HERE)) if i.startswith("N2C_HE")]


def test_a_target_that_cannot_run_the_engine_is_refused() -> None:
    assert found(decided(with_he()), "N2C_HE_TARGET").kind is Kind.INHIBITOR
