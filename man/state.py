"""The catalogue of state, data/state/: what becomes of each kind of state of an NG host, and by
what, and which test proves it; docs/state.md is made from it."""

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Dict, List, Tuple

import yaml

from man.markdown import table

DIRECTORY = Path(__file__).resolve().parents[1] / "data" / "state"
_KEYS = ("id", "title", "outcome", "by", "why", "test")


class StateOutcome(Enum):
    """How an entry of the catalogue ends."""

    CARRIED = "carried"
    CONVERTED = "converted"
    REGENERATED = "regenerated"
    PINNED = "pinned"
    INHIBITS = "inhibits"
    REPORTED = "reported"
    DROPPED = "dropped"


_MEANINGS = {
    StateOutcome.CARRIED: "the new system has it as NG had it",
    StateOutcome.CONVERTED: "it says the same in the new system's form",
    StateOutcome.REGENERATED: "the new system makes its own",
    StateOutcome.PINNED: "a number or name is held where it was",
    StateOutcome.INHIBITS: "a host that has it is refused, with the remedy",
    StateOutcome.REPORTED: "a host that has it is told what to do about it",
    StateOutcome.DROPPED: "left behind, for the reason given"}


@dataclass(frozen=True)
class State:
    """A row: `by` names what does it (KIND:NAME), `test` what proves it (FILE::FUNCTION)."""

    id: str
    title: str
    outcome: StateOutcome
    by: Tuple[str, ...]
    why: str
    test: Tuple[str, ...]


def rows() -> Dict[str, Tuple[State, ...]]:
    """Subsystem -> its rows, in the order of its file. ValueError names what is wrong where."""
    return {path.stem: tuple(_row(path.name, number, row) for number, row in
                             enumerate(yaml.safe_load(path.read_text("utf-8")) or ()))
            for path in sorted(DIRECTORY.glob("*.yaml"))}


def page(found: Dict[str, Tuple[State, ...]]) -> List[str]:
    """docs/state.md."""
    counts = Counter(row.outcome for group in found.values() for row in group)
    lines = [
        "# What becomes of the state of an oVirt Node NG host", "",
        "<!-- Made by `make man` from data/state/. -->", "",
        "Every kind of state that an NG host is known to have, what happens to it, which part of "
        "the tool does it, and the test that proves it. Whitelist entries are told in "
        "[whitelists.md](whitelists.md), findings in [findings.md](findings.md).", "",
        *table(("Outcome", "Meaning", "Entries"), [
            *((o.value, _MEANINGS[o], str(counts[o])) for o in StateOutcome),
            ("all", "", str(sum(counts.values())))])]
    for name, group in found.items():
        lines += ["", f"## {name}", "", *table(
            ("Entry", "What it is", "Outcome", "Why and how", "By", "Proof"),
            [(row.id, row.title, row.outcome.value, row.why, _code(row.by), _code(row.test))
             for row in group])]
    return lines


def _row(origin: str, number: int, row: Any) -> State:
    place = f"{origin}, row {number + 1}"
    if not isinstance(row, dict) or tuple(row) != _KEYS:
        raise ValueError(f"{place}: its keys must be {', '.join(_KEYS)}, in this order")
    texts = {key: " ".join(str(row[key]).split()) for key in ("id", "title", "outcome", "why")}
    if not all(texts.values()):
        raise ValueError(f"{place}: a text is empty")
    for key in ("by", "test"):
        if not isinstance(row[key], list) or not all(isinstance(v, str) for v in row[key]):
            raise ValueError(f"{place}: {key} must be a list of texts")
    return State(texts["id"], texts["title"], StateOutcome(texts["outcome"]), tuple(row["by"]),
                 texts["why"], tuple(row["test"]))


def _code(words: Tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)
