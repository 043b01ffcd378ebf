"""All together: the same facts give the same decisions, which survive JSON."""

from dataclasses import replace
from typing import Any, Dict

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.plan import Decisions, Policy, UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan import decide
from tests.plan.build import added, changed, decided, host, ids, rules, target


class Own:
    """A plug-in of another package."""

    id = "own"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        return {}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        return Contribution(
            findings=(Finding("OWN_FACT", Kind.OVERRIDABLE, "Own", "Own."),),
            items=(Item("/etc/new.conf", "file", Outcome.CONVERTED, "own", "own",
                        source="/etc/old.conf", content="eA=="),),
            checks=(Check("own", "unit-active", "Own", {"unit": "own"}),
                    Check("deployment", "other", "Not ours")),
            units=(UnitState("vdsmd.service", "mask", ("vdsmd.service",), "own"),))


def test_the_same_facts_give_the_same_decisions_and_json_keeps_them() -> None:
    facts = host(etc=(added("/etc/a"), changed("/etc/b")))
    first, second = decided(facts), decided(facts)
    assert first == second
    assert codec.loads(Decisions, codec.dumps(first)) == first


def test_a_plug_in_wins_over_whitelists_for_its_path_and_its_source() -> None:
    facts = host(etc=(added("/etc/new.conf"), added("/etc/old.conf")))
    plan = decide(facts, target(), Policy(), rules(), [Own()], lambda: "uuid")
    assert [(i.path, i.rule) for i in plan.items if not i.rule.startswith("plan:")] == [
        ("/etc/new.conf", "own")]
    assert plan.units[0].action == "mask"
    assert [c.kind for c in plan.checks if c.id == "deployment"] == ["deployment"]


def test_findings_are_ordered_by_weight_and_then_by_id() -> None:
    facts = host(etc=(added("/etc/a"),), variant_id="server")
    plan = decide(facts, target(ostree_composefs=True), Policy(), rules(), [Own()], lambda: "uuid")
    assert ids(plan) == ["N2C_HOST_NOT_NG", "OWN_FACT", "N2C_ETC_UNKNOWN_CARRIED",
                         "N2C_TARGET_COMPOSEFS"]


def test_every_path_has_one_item_and_every_check_one_id() -> None:
    facts = host(etc=(added("/etc/systemd/network/10-ng2coreos-ens3.link"), changed("/etc/fstab")))
    plan = decided(facts)
    assert len({i.path for i in plan.items}) == len(plan.items)
    assert len({c.id for c in plan.checks}) == len(plan.checks)
    assert [i.path for i in plan.items] == sorted(i.path for i in plan.items)


def test_accounts_mounts_and_disks_are_proved_on_the_new_system() -> None:
    facts = replace(host(), etc=())
    checks = {c.id: c for c in decided(facts).checks}
    assert checks["user:admin"].params == {"name": "admin", "uid": 1001, "gid": 1001,
                                           "groups": ["wheel"]}
    assert checks["mount:/var"].params["uuid"] == "uuid-2" and checks["mount:/var"].health
    assert checks["pvs"].params == {"uuids": ["pv-uuid"]}
    assert "user:vdsm" not in checks
