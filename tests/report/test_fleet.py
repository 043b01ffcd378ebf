"""Many hosts as one: who is ready, what blocks, and waves that no cluster suffers from."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.report import fleet
from ng2coreos.report.fleet import Host, Inventory, propose, read_inventory
from ng2coreos.report.fleet.inventory import Cluster
from tests.report.many import texts, written

MANY, FEW = 1000, 100
HEADROOM_KIB = 24 * 1024  # what 900 hosts more may take
REPO = Path(__file__).parents[2]


def host(name: str, verdict: str = "ready", seconds: float = 60.0, warnings: int = 0) -> Host:
    """A line of the fleet."""
    return Host(name, verdict, "", f"{name}.json", (), (0, 0, 0, warnings, 0), seconds, 240.0, 1)


def test_a_thousand_hosts_in_flat_memory(tmp_path: Path) -> None:
    used: Dict[int, int] = {}
    for count in (FEW, MANY):
        place = written(tmp_path / str(count), count)
        child = (f"from ng2coreos.cli.main import cli;"
                 f"cli.main(['fleet', {str(place)!r}, '--format', 'csv', '--output', "
                 f"{str(tmp_path / 'out.csv')!r}], standalone_mode=False);"
                 f"print(next(l.split()[1] for l in open('/proc/self/status')"
                 f" if l.startswith('VmHWM:')))")
        done = subprocess.run([sys.executable, "-c", child], cwd=REPO, check=True, timeout=300,
                              stdout=subprocess.PIPE, text=True)
        used[count] = int(done.stdout)
        rows = list(csv.DictReader((tmp_path / "out.csv").open(newline="")))
        assert len(rows) == count and {row["verdict"] for row in rows} >= {"ready", "blocked"}
    assert used[MANY] - used[FEW] < HEADROOM_KIB, used


def test_findings_are_grouped_and_the_newest_report_of_a_host_counts(tmp_path: Path) -> None:
    place = written(tmp_path / "reports", 12)
    old = json.loads((place / "0000.json").read_text())
    old["run"]["finished"], old["verdict"] = "2025-01-01T00:00:00Z", "failed"
    (place / "zz-old.json").write_text(json.dumps(old))
    found = fleet.gather([place])
    assert (len(found.hosts), found.older) == (12, 1)
    assert all(h.verdict != "failed" for h in found.hosts)
    groups = {g.id: g for g in found.groups}
    assert len(groups["N2C_POOL_FULL"].hosts) == 2
    kinds = [g.kind for g in found.groups]
    assert kinds == sorted(kinds, key=("inhibitor", "overridable", "warning", "info").index)
    full = next(h for h in found.hosts if h.name in groups["N2C_POOL_FULL"].hosts)
    assert full.blocking == ("N2C_POOL_FULL",) and not full.ready


def test_a_name_is_no_formula_and_no_markup(tmp_path: Path) -> None:
    evil = '=HYPERLINK("x")<script>'
    report = json.loads(texts()[2].replace('"HOST"', json.dumps(evil)))
    file = tmp_path / "r.json"
    file.write_text(json.dumps(report))
    found = fleet.gather([file])
    waves = propose(found.hosts, Inventory())
    row, = csv.DictReader(io.StringIO(fleet.as_csv(found, waves, Inventory())))
    assert row["host"] == "'" + evil
    assert "<script>" not in fleet.as_html(found, waves, Inventory()).replace(
        "<script>\"use strict\"", "")


def members(waves: Any) -> List[List[str]]:
    """The hosts of each wave."""
    return [[name for _, name in wave.hosts] for wave in waves.waves]


def test_a_cluster_lends_only_what_it_can_do_without() -> None:
    hosts = [host(f"a{n}") for n in range(6)] + [host(f"b{n}") for n in range(2)] + [host("c")]
    inventory = Inventory((Cluster("A", tuple(f"a{n}" for n in range(6)), 3),
                           Cluster("B", ("b0", "b1", "b9"), 1)), pilot=False)
    waves = propose(hosts, inventory)
    assert members(waves) == [["a0", "a1", "a2", "b0", "c"], ["a3", "a4", "a5", "b1"]]
    assert waves.unknown == ("b9",) and waves.seconds == 600.0


def test_the_pilot_is_one_host_with_the_least_to_say() -> None:
    hosts = [host("loud", warnings=3), host("quiet"), host("slow", seconds=900)]
    inventory = Inventory((Cluster("A", ("loud", "quiet", "slow"), 3),))
    assert members(propose(hosts, inventory)) == [["quiet"], ["loud", "slow"]]


def test_engine_and_replicas_stay_up() -> None:
    names = tuple(f"h{n}" for n in range(6))
    cluster = Cluster("A", names, 6, names[:3], 2, (names[:3], names[3:]), 30)
    waves = propose([host(name) for name in names], Inventory((cluster,), pilot=False))
    for wave in members(waves):
        assert len(set(wave) & set(names[:3])) <= 1 and len(set(wave) & set(names[3:])) <= 1
    assert len(waves.waves) == 3 and waves.waves[0].seconds == 300 + 1800
    assert sorted(name for wave in members(waves) for name in wave) == list(names)


def test_who_is_not_ready_is_left_with_the_reason() -> None:
    blocked = replace(host("b", "blocked"), blocking=("N2C_POOL_FULL",))
    waves = propose([host("a"), blocked], Inventory())
    assert waves.left == (("b", "blocked: N2C_POOL_FULL"),) and members(waves) == [["a"]]


@pytest.mark.parametrize("text, place", [
    ("[", "cannot be read"), ("[]", "a mapping"), ("clusters: {}", "clusters"),
    ("colour: red", "colour"), ("clusters: [{name: a}]", "clusters[0].hosts"),
    ("clusters: [{name: a, hosts: [x], away_at_once: 0}]", "away_at_once"),
    ("clusters: [{name: a, hosts: [x], away_at_once: true}]", "away_at_once"),
    ("clusters: [{name: a, hosts: [x], gluster: [[y]]}]", "gluster"),
    ("clusters: [{name: a, hosts: [x], hosted_engine: [x]}]", "hosted_engine_up"),
    ("clusters: [{name: a, hosts: [x, x]}]", "twice"), ("pilot: 3", "pilot"),
    ("clusters: [{name: a, hosts: [x]}, {name: b, hosts: [x]}]", "x is named twice")])
def test_an_inventory_with_a_slip_is_refused(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_text(text)
    with pytest.raises(BadInput) as refused:
        read_inventory(file)
    assert place in refused.value.message


def test_an_inventory_is_read(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_text("pilot: false\nclusters:\n- name: A\n  hosts: [x, y, z]\n  away_at_once: 2\n"
                    "  hosted_engine: [x, y]\n  gluster: [[x, y, z]]\n  heal_minutes: 10\n")
    assert read_inventory(file) == Inventory((Cluster(
        "A", ("x", "y", "z"), 2, ("x", "y"), 1, (("x", "y", "z"),), 10.0),), False)
