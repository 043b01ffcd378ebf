"""The catalogue of findings: each that the code raises stands in it, and a test raises each."""

import re
from pathlib import Path
from typing import Set

import pytest

from ng2coreos.model.finding import Kind
from ng2coreos.plan.catalogue import catalogue

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"\{\w+\}")  # a sentence of somebody else's
ID = re.compile(r'"(N2C_[A-Z_]+)"')


def quoted(*places: str) -> Set[str]:
    """Every finding id that stands in quotes in the Python files there."""
    return {id for place in places for path in (ROOT / place).rglob("*.py")
            for id in ID.findall(path.read_text("utf-8"))}


def test_the_code_and_the_catalogue_know_the_same_findings() -> None:
    assert quoted("ng2coreos", "plugins") == set(catalogue())


def test_a_test_raises_each_finding() -> None:
    assert set(catalogue()) - quoted("tests/plan", "tests/plugins", "tests/report") == set()


@pytest.mark.parametrize("id", sorted(catalogue()))
def test_each_is_worded(id: str) -> None:
    row = catalogue()[id]
    assert set(row) <= {"kind", "title", "summary", "remedy"}
    kind = Kind(row["kind"])
    assert row["summary"].endswith(".") or PLACEHOLDER.fullmatch(row["summary"])
    assert not row["title"].endswith(".")
    assert kind not in (Kind.INHIBITOR, Kind.OVERRIDABLE) or "remedy" in row or id == "N2C_NET_MAC"
