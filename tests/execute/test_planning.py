"""From facts to a plan: pure, the same every time, and the same after a trip through JSON."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import List, Tuple

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.execute import planning
from ng2coreos.execute.steps import STEPS
from ng2coreos.execute.store import new_run_id, read_plan
from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.plan import Plan, Policy
from tests import recorded
from tests.execute.world import CLOCK
from tests.fakes import FakeHost
from tests.plan import build

HOSTS: List[Tuple[str, HostFacts]] = [
    ("built", build.host()), *((name, recorded.facts(name)) for name in recorded.names())]
every_host = pytest.mark.parametrize("facts", [f for _, f in HOSTS], ids=[n for n, _ in HOSTS])


def planned(facts: HostFacts) -> Plan:
    return planning.make_plan(FakeHost(), facts, build.target(), Policy(), CLOCK)


@every_host
def test_a_plan_survives_json(facts: HostFacts) -> None:
    plan = planned(facts)
    assert codec.loads(Plan, codec.dumps(plan)) == plan


@every_host
def test_the_same_host_gives_the_same_plan_to_the_byte(facts: HostFacts) -> None:
    assert codec.dumps(planned(facts)) == codec.dumps(planned(facts))


@every_host
def test_changes_depend_on_the_decisions_alone(facts: HostFacts) -> None:
    plan = planned(facts)
    again = codec.loads(Plan, codec.dumps(plan))
    assert planning.changes_of(again.decisions, again.target) == plan.changes
    assert planning.changes_of(plan.decisions, plan.target) == plan.changes


@every_host
def test_changes_have_unique_ids_and_the_order_of_the_steps(facts: HostFacts) -> None:
    changes = planned(facts).changes
    assert len({c.id for c in changes}) == len(changes)
    order = [step.id for step in STEPS]
    assert [order.index(c.step) for c in changes] == sorted(order.index(c.step) for c in changes)
    assert {c.step for c in changes} <= set(order)
    assert all(json.loads(json.dumps(c.params)) == c.params for c in changes)


@every_host
def test_the_new_root_is_first_and_arming_is_last(facts: HostFacts) -> None:
    changes = planned(facts).changes
    assert changes[0].step == "make-root" and changes[-1].step == "arm"
    assert [c.step for c in changes].count("arm") == 1


@every_host
def test_every_snapshot_is_a_change_of_its_own_parents_first(facts: HostFacts) -> None:
    plan = planned(facts)
    names = [c.params["volume"] for c in plan.changes if c.step == "snapshot-volumes"]
    mounts = {v.name: v.mount for v in plan.decisions.volumes}
    assert sorted(names) == sorted(v.name for v in plan.decisions.volumes if v.origin)
    seen: List[str] = []
    for name in names:
        assert not any(old.startswith(mounts[name] + "/") for old in seen)
        seen.append(mounts[name])


def test_a_plan_needs_no_program_and_no_file_of_the_host() -> None:
    host = FakeHost()
    planning.make_plan(host, build.host(), build.target(), Policy(), CLOCK)
    assert host.commands == []


def test_what_finalize_removes_is_ngs_own_images_before_their_origins() -> None:
    source = planned(build.host()).source
    assert source.ng_volumes.index(build.LAYER) < source.ng_volumes.index(build.NVR)
    assert source.ng_volumes.index(build.NVR) < source.ng_volumes.index("root")
    assert {"var", "home", "tmp"} <= set(source.ng_volumes)
    assert "swap" not in source.ng_volumes and build.POOL not in source.ng_volumes
    assert not any(name.startswith("ng2coreos") for name in source.ng_volumes)


def test_the_admins_whitelists_are_read(fake_host: FakeHost) -> None:
    fake_host.write(f"{planning.WHITELISTS_D}/own.yaml", "schema: nonsense\n")
    with pytest.raises(BadInput, match=r"own\.yaml"):
        planning.make_plan(fake_host, build.host(), build.target(), Policy(), CLOCK)


def test_run_ids_sort_by_time_and_differ() -> None:
    early = new_run_id(lambda: "2026-01-01T00:00:00Z")
    late = new_run_id(lambda: "2026-01-02T00:00:00Z")
    assert early < late and early.startswith("20260101T000000Z-")
    assert new_run_id(lambda: "2026-01-01T00:00:00Z") != early


def test_a_plan_file_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan = planned(build.host())
    path.write_text(codec.dumps(plan))
    assert read_plan(path) == plan


@pytest.mark.parametrize("text, told", [
    ("", "not JSON"), ("{", "not JSON"), ("[]", "an object"), ("{}", "the key schema"),
    ("\udcff", "cannot be read|not JSON")])
def test_what_is_no_plan_is_bad_input_that_names_the_file(tmp_path: Path, text: str,
                                                         told: str) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadInput, match=told) as caught:
        read_plan(path)
    assert str(path) in caught.value.message


def test_a_missing_plan_and_one_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with pytest.raises(BadInput, match="cannot be read"):
        read_plan(path)
    path.write_text(codec.dumps(replace(planned(build.host()), schema="ng2coreos-plan/9")))
    with pytest.raises(BadInput, match="ng2coreos-plan/9"):
        read_plan(path)


def test_an_unknown_field_in_a_plan_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    data = codec.dump(planned(build.host()))
    data["decisions"]["boot"]["surprise"] = hashlib.sha256(b"").hexdigest()
    path.write_text(json.dumps(data))
    with pytest.raises(BadInput, match=r"decisions\.boot.*surprise"):
        read_plan(path)
