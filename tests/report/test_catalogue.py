"""The catalogue's rows are whole: each has what a reader and a program need."""

import re
import string
from typing import Set

import pytest

from ng2coreos.model.finding import Kind, Severity, StepKind
from ng2coreos.plan import catalogue
from ng2coreos.plan.catalogue import Entry, entries, finding

ROWS = sorted(entries().values(), key=lambda e: e.id)


def fields(text: str) -> Set[str]:
    """The placeholders of a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("row", ROWS, ids=lambda e: str(e.id))
def test_a_row_is_whole(row: Entry) -> None:
    assert re.fullmatch(r"N2C(_[A-Z0-9]+)+", row.id)
    assert row.title and row.summary.endswith((".", "}")), row.id
    assert not row.title.endswith(".") and not fields(row.about)
    for step in row.steps:
        assert (step.kind is StepKind.COMMAND) is bool(step.argv)
        assert (step.kind is StepKind.ANSWER) is bool(step.answer)
        assert step.text and not (step.safe and step.reboot)
        assert fields(" ".join(step.argv) + step.text) <= fields(row.title + row.summary)


@pytest.mark.parametrize("row", ROWS, ids=lambda e: str(e.id))
def test_a_row_is_explained_in_a_paragraph_of_its_own(row: Entry) -> None:
    assert len(re.findall(r"[.:;](?: |$)", row.about)) >= 2, "say what it means, and why it matters"
    assert row.about.endswith(".") and "\n" not in row.about
    assert row.summary not in row.about and sum(row.about == r.about for r in ROWS) == 1


def test_what_stops_a_run_weighs_most() -> None:
    for row in ROWS:
        if row.kind in (Kind.INHIBITOR, Kind.OVERRIDABLE):
            assert row.severity in (None, Severity.HIGH), row.id


def test_a_finding_has_the_steps_of_its_row_filled_in() -> None:
    found = finding("N2C_POOL_FULL", need="3 GiB", reserve="1 GiB", free="2 GiB")
    assert found.weight is Severity.HIGH and found.steps[0].argv[0] == "imgbase"
    assert found.steps[0].safe and not any("{" in word for s in found.steps for word in s.argv)
    hint, = finding("N2C_TARGET_ARCH", image="a", host="b").steps
    assert hint.kind is StepKind.HINT and hint.text == "Use an image for this host."


@pytest.mark.parametrize("row", [
    {"colour": "red"}, {"severity": "dire"}, {"steps": [{"hint": "a", "command": ["b"]}]},
    {"steps": [{"text": "a"}]}, {"steps": [{"hint": "a", "reboots": True}]}])
def test_a_row_with_a_slip_is_refused(row: object) -> None:
    base = {"id": "N2C_A_B", "kind": "info", "title": "T", "summary": "S."}
    with pytest.raises(ValueError):
        catalogue._entry({**base, **row})  # type: ignore[dict-item]
