"""Each kind of state of an NG host has one row, which names things that exist and that agree."""

import ast
from functools import cache
from pathlib import Path
from typing import Dict, FrozenSet, List, Set, Tuple

import pytest

from man.state import State, StateOutcome, rows
from ng2coreos.execute.steps import STEPS
from ng2coreos.firstboot.checks import KINDS
from ng2coreos.model.finding import Kind
from ng2coreos.plan.catalogue import catalogue
from ng2coreos.plan.registry import load_plugins
from ng2coreos.plan.rules import Action
from plugins.remarks import table
from tests.plan.build import rules

ROOT = Path(__file__).parents[2]
ROOMS = ("plan", "stage", "firstboot", "ignition", "inventory", "target")
STOPS = (Kind.INHIBITOR.value, Kind.OVERRIDABLE.value)
ROWS = [row for group in rows().values() for row in group]


def wanted() -> Dict[str, List[str]]:
    """Subsystem -> the ids that its file must have."""
    found: Dict[str, List[str]] = {}
    for line in (ROOT / "tests" / "data" / "state-ids.txt").read_text("utf-8").split("\n"):
        if line:
            subsystem, id = line.split(" ")
            found.setdefault(subsystem, []).append(id)
    return found


def test_every_subsystem_has_its_file() -> None:
    assert set(rows()) == set(wanted())


@pytest.mark.parametrize("subsystem", sorted(wanted()))
def test_each_kind_of_state_has_one_row(subsystem: str) -> None:
    assert sorted(row.id for row in rows().get(subsystem, ())) == sorted(wanted()[subsystem])


@cache
def known() -> Dict[str, FrozenSet[str]]:
    """What a row's `by` may name, by its kind."""
    rooms = {room: frozenset(path.stem for path in (ROOT / "ng2coreos" / room).glob("*.py")
                             if path.stem != "__init__") for room in ROOMS}
    return {
        "whitelist": frozenset(entry.id for entry in rules().entries),
        "unit": frozenset(rule.unit for rule in rules().units),
        "karg": frozenset(rule.arg for rule in rules().kernel_args),
        "static-id": frozenset(rule.name for rule in rules().static_ids),
        "remark": frozenset(row.id for row in table()),
        "plugin": frozenset(plugin.id for plugin in load_plugins()),
        "finding": frozenset(catalogue()), "check": frozenset(KINDS),
        "step": frozenset(step.id for step in STEPS), **rooms}


@cache
def functions(path: str) -> FrozenSet[str]:
    """The test functions of a file, read without running it."""
    place = ROOT / path
    if not path.startswith("tests/") or not place.is_file():
        return frozenset()
    return frozenset(node.name for node in ast.walk(ast.parse(place.read_text("utf-8")))
                     if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_a_row_names_exists(row: State) -> None:
    unknown = [word for word in row.by
               if word.partition(":")[2] not in known().get(word.partition(":")[0], ())]
    missing = [node for node in row.test
               if node.partition("::")[2] not in functions(node.partition("::")[0])]
    assert (unknown, missing) == ([], [])
    assert row.by and row.test, "something does it, and something proves it"
    assert row.why.endswith(".") and "todo" not in f"{row.title} {row.why}".lower().split()


def named(row: State, kind: str) -> Set[str]:
    return {name for by, _, name in (word.partition(":") for word in row.by) if by == kind}


def actions(row: State) -> Set[Action]:
    lists = named(row, "whitelist")
    return {entry.action for entry in rules().entries if entry.id in lists}


def agrees(row: State) -> Tuple[bool, str]:
    """Does the outcome follow from what the row names? And what it would need."""
    others = any(not word.startswith(("whitelist:", "finding:", "remark:")) for word in row.by)
    said, findings = actions(row), named(row, "finding")
    if row.outcome is StateOutcome.CARRIED:
        return Action.CARRY in said or others, "a whitelist that carries, or what carries it"
    if row.outcome is StateOutcome.REGENERATED:
        return Action.REGENERATE in said or Action.DROP in said or others, "a whitelist or maker"
    if row.outcome is StateOutcome.DROPPED:
        return bool(said - {Action.CARRY}) or bool(findings) or others, "a whitelist that drops"
    if row.outcome is StateOutcome.INHIBITS:
        return any(catalogue()[id]["kind"] in STOPS for id in findings), "a finding that stops"
    if row.outcome is StateOutcome.REPORTED:
        return bool(findings or named(row, "remark")), "a finding"
    return others, "a plug-in or room that converts or pins"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_outcome_is_what_the_product_does(row: State) -> None:
    good, needs = agrees(row)
    assert good, f"{row.outcome.value} needs {needs}"
    if not any(word.partition(":")[0] != "whitelist" for word in row.by):
        expected = {StateOutcome.CARRIED: {Action.CARRY}, StateOutcome.DROPPED: {Action.DROP},
                    StateOutcome.REGENERATED: {Action.REGENERATE, Action.DROP}}[row.outcome]
        assert expected & actions(row)
