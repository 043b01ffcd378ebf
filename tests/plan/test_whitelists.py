"""Each pattern of the whitelists does what tests/data/whitelists/ says of a path that it names.

Those tables are written by hand from the owners and modes of a real host, not from the whitelists:

    PATH  OWNER:GROUP MODE on NG  carried OWNER:GROUP MODE [secret] | dropped | regenerated |
                                  removed (from the snapshot or the copy) | kept (in it)
    unit NAME  enabled | required | masked | renamed:NAME
    karg ARGUMENT  keep | drop | RESULT   [with ANOTHER]

A path that ends with a slash is a directory. An entry that is taken away, or changed in what it
does, fails here; so does a new one that no line of the tables is about.
"""

import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Dict, List, Sequence, Set, Tuple

import pytest

from ng2coreos.core import globs
from ng2coreos.core.host import Host
from ng2coreos.inventory import etc
from ng2coreos.model.facts import Group, HostFacts, Service, User
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import ArgAction, Decisions, KernelArg
from ng2coreos.plan.kernel_args import find
from tests.plan.build import decided, host, rules, target

TABLES = Path(__file__).parents[1] / "data" / "whitelists"
NAMES = sorted(path.stem for path in TABLES.glob("*.txt"))
NOT_ROOT = 300  # the first number of the accounts that the tables name


@dataclass(frozen=True)
class Example:
    """A path, what NG has there, and what shall become of it."""

    path: str
    directory: bool
    user: str
    group: str
    mode: int
    outcome: str
    wanted: str  # "owner:group mode" and perhaps "secret", of what is carried


@cache
def lines(name: str) -> Tuple[Tuple[str, ...], ...]:
    """The words of each line of a table."""
    text = (TABLES / f"{name}.txt").read_text("utf-8")
    return tuple(tuple(line.split()) for line in text.splitlines()
                 if line.strip() and not line.startswith("#"))


def examples(name: str) -> List[Example]:
    found = []
    for path, owner, mode, outcome, *wanted in (w for w in lines(name) if w[0].startswith("/")):
        user, _, group = owner.partition(":")
        found.append(Example(path.rstrip("/"), path.endswith("/"), user, group, int(mode, 8),
                             outcome, " ".join(wanted)))
    return found


def accounts(rows: Sequence[Example]) -> Dict[str, int]:
    names = {row.user for row in rows} | {row.group for row in rows}
    return {"root": 0, **{n: NOT_ROOT + i for i, n in enumerate(sorted(names - {"root"}))}}


def read(root: Path, rows: Sequence[Example]) -> HostFacts:
    """The facts about a host on whose disk the examples lie."""
    numbers = accounts(rows)
    (root / "usr/share/factory/etc").mkdir(parents=True)
    (root / "usr/share/factory/etc/image").write_text("what the image had", "utf-8")
    for row in sorted(rows, key=lambda r: r.path):
        place = root / row.path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if row.directory:
            place.mkdir(exist_ok=True)
        else:
            place.write_text(row.path, "utf-8")
        place.chmod(row.mode)
        os.chown(place, numbers[row.user], numbers[row.group])
    facts = host()
    users = tuple(User(name, number, number, "", "/", "/sbin/nologin")
                  for name, number in numbers.items() if number)
    groups = tuple(Group(name, number) for name, number in numbers.items() if number)
    return replace(facts, etc=etc.read(Host(str(root))), users=(*facts.users[:1], *users),
                   groups=(*facts.groups[:1], *groups))


def shown(plan: Decisions, row: Example) -> str:
    """What the plan does with an example, in the words of the table."""
    if row.outcome in ("removed", "kept"):
        gone = [f"{v.source_mount}/{p}" for v in plan.volumes for p in v.remove]
        gone += [f"{t.source}/{p}" for t in plan.trees for p in t.exclude]
        own = any(v.source_mount == "/var" for v in plan.volumes)
        return "removed" if any(globs.matches(f"{p}/**", row.path) or globs.matches(p, row.path)
                                for p in gone) else "kept" if own else "nothing"
    item = next((i for i in plan.items if i.path == row.path), None)
    if item is None:
        return "nothing"
    return item.outcome.value + (" " + described(item) if item.outcome is Outcome.CARRIED else "")


def described(item: Item) -> str:
    return f"{item.owner}:{item.group} {item.mode:04o}" + (" secret" if item.secret else "")


def test_every_whitelist_has_its_table() -> None:
    assert NAMES == sorted(Path(layer.origin).stem for layer in rules().built_in)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_comes_out_as_written(name: str, tmp_path: Path) -> None:
    rows = examples(name)
    plan = decided(read(tmp_path, rows))
    wrong = [f"{row.path}: {shown(plan, row)}" for row in rows
             if shown(plan, row) != f"{row.outcome} {row.wanted}".strip()]
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_every_pattern_has_an_example(name: str) -> None:
    """Of each pattern a path is tried that this very entry decides about."""
    layer = next(layer for layer in rules().built_in if Path(layer.origin).stem == name)
    paths = [row.path for row in examples(name)]
    bare: Set[str] = set()
    for entry in layer.entries:
        for pattern in entry.paths:
            if not any(globs.matches(pattern, path) and rules().find(path) is entry
                       for path in paths):
                bare.add(pattern)
    assert bare == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_unit_comes_out_as_written(name: str) -> None:
    layer = next(layer for layer in rules().built_in if Path(layer.origin).stem == name)
    rows = {words[1]: words[2] for words in lines(name) if words[0] == "unit"}
    assert {rule.unit for rule in layer.units} == set(rows)
    for unit, wanted in rows.items():
        assert unit_comes_out(unit, wanted), unit


def unit_comes_out(unit: str, wanted: str) -> bool:
    """On a host that enabled the unit, and on one that masked it."""
    there = wanted[len("renamed:"):] if wanted.startswith("renamed:") else unit
    image = target(units={there: ("x.wants",)}, enabled_units=())
    on = Service(unit, "enabled", ("x.wants",))
    states = {s.unit: s.action for s in decided(host(services=(on,)), image).units}
    if wanted == "masked":
        return states == {unit: "mask"}
    required = next(rule.required for rule in rules().units if rule.unit == unit)
    return states == {there: "enable"} and (wanted != "required" or required) and (
        wanted != "enabled" or not required)


@pytest.mark.parametrize("name", NAMES)
def test_every_kernel_argument_comes_out_as_written(name: str) -> None:
    layer = next(layer for layer in rules().built_in if Path(layer.origin).stem == name)
    rows = [words[1:] for words in lines(name) if words[0] == "karg"]
    wrong, used = [], set()
    for word, wanted, *others in rows:
        given = " ".join([word, *others[1:]])
        used.add(find(word, given.split(), rules().kernel_args))
        facts = host()
        plan = decided(replace(facts, boot=replace(facts.boot, kernel_args=given)))
        arg = next(a for a in plan.kernel_args if a.arg == word)
        if as_written(arg) != wanted:
            wrong.append(f"{given}: {as_written(arg)}")
    assert wrong == []
    assert set(layer.kernel_args) - used == set()


def as_written(arg: KernelArg) -> str:
    return arg.result if arg.action is ArgAction.TRANSLATE else arg.action.value
