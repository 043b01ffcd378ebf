"""`explain` knows every finding, and whoever mistypes one is told which was meant."""

import json

import pytest

from ng2coreos.core.errors import Exit
from ng2coreos.model.finding import Kind
from ng2coreos.plan.catalogue import entries
from tests.cli.conftest import Tool


@pytest.mark.parametrize("id", sorted(entries()))
def test_every_finding_is_explained(tool: Tool, id: str) -> None:
    said, entry = tool("explain", id), entries()[id]
    words = " ".join(said.out.split())
    assert said.code == 0 and said.out.startswith(f"{id}: {entry.kind.value}")
    assert entry.summary in words and entry.about in words and entry.page in words
    assert (f"--override {id}=REASON" in words) is (entry.kind is Kind.OVERRIDABLE)


def test_case_dashes_and_the_prefix_do_not_matter(tool: Tool) -> None:
    assert tool("explain", "pool-full").out == tool("explain", "N2C_POOL_FULL").out


@pytest.mark.parametrize("typed, meant", [
    ("N2C_POOL_FUL", "N2C_POOL_FULL"), ("secure_boot", "N2C_BOOT_SECURE_BOOT"),
    ("N2C_NET_IFCGF", "N2C_NET_IFCFG")])
def test_a_slip_is_answered_with_what_was_meant(tool: Tool, typed: str, meant: str) -> None:
    said = tool("explain", typed)
    assert said.code == Exit.USAGE and meant in said.err and said.out == ""


def test_what_resembles_nothing_is_sent_to_the_list(tool: Tool) -> None:
    said = tool("explain", "zzzz")
    assert said.code == Exit.USAGE and "lists all" in said.err


def test_without_an_id_all_are_listed(tool: Tool) -> None:
    lines = tool("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == list(entries())
    assert {row["id"] for row in json.loads(tool("explain", "--json").out)} == set(entries())


@pytest.mark.parametrize("words", ["N2C_BOOT_SECURE_BOOT", "N2C_BOOT_SECURE_BOOT=", "=why"])
def test_an_override_wants_an_id_and_a_reason(tool: Tool, words: str) -> None:
    said = tool.targeted("plan", "--override", words)
    assert said.code == Exit.USAGE and "reason" in said.err
