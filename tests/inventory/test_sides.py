"""Both sides of a file of /etc: contents, differences, and what the real diff3 makes of them."""

import tempfile
from pathlib import Path
from typing import Any, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.host import Host
from ng2coreos.inventory import sides
from ng2coreos.model.facts import Difference, EtcChange, FileFact
from ng2coreos.model.sides import LIMIT_BYTES, Sides
from tests.fakes import FakeHost

F = "/usr/share/factory/etc"


def compared(ours: str, factory: str, theirs: str) -> Sides:
    """By the real programs."""
    return sides.compared(Host(), Sides(ours, factory, theirs))


def change(path: str, size: int = 1, kind: str = "file") -> EtcChange:
    """A change whose facts say no more than is asked for."""
    fact = FileFact(kind, 0o644, 0, 0, size)
    return EtcChange(path, Difference.CHANGED, fact, fact)


def test_changes_in_different_places_are_put_together() -> None:
    one = compared("a\nB\nc\nd\ne\n", "a\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n")
    assert one.merged == "a\nB\nc\nd\nE\n"
    assert "+B" in one.our_diff and "+E" in one.their_diff and "+E" not in one.our_diff


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    assert compared("a\nB\nc\n", "a\nb\nc\n", "a\nB\nc\nd\n").merged == "a\nB\nc\nd\n"


def test_the_same_line_changed_in_two_ways_is_one() -> None:
    assert compared("a\nB\n", "a\nb\n", "a\nX\n").merged is None


def test_a_last_line_without_its_end_is_not_glued_to_another() -> None:
    assert compared("a\nb\nc\nd", "a\nb\nc", "X\nb\nc").merged == "X\nb\nc\nd\n"


def test_bytes_that_are_no_utf8_come_through() -> None:
    odd = b"caf\xe9\n".decode("utf-8", "surrogateescape")
    one = compared(odd + "b\nc\nd\n", "a\nb\nc\nd\n", "a\nb\nc\nD\n")
    assert one.merged == odd + "b\nc\nD\n"


def test_a_binary_file_is_not_given_to_programs() -> None:
    with FakeHost() as host:
        one = sides.compared(host, Sides("a\0", "b", "c"))
    assert one.binary and one.merged is None and one.our_diff == ()


@pytest.mark.parametrize("script", [{"missing": True}, {"rc": 2, "stderr": "trouble"}])
def test_without_a_working_diff3_nothing_is_merged(script: Any) -> None:
    with FakeHost() as host:
        host.on("diff3", ..., **script)
        assert sides.compared(host, Sides("a\n", "b\n", "c\n")) == Sides("a\n", "b\n", "c\n")


def test_files_are_read_from_the_host_and_its_factory(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.write_all({"/etc/x": "a\nB\n\n\nc\n", f"{F}/x": "a\nb\n\n\nc\n", "/etc/y": "own\n",
                    "/etc/large": "x" * (LIMIT_BYTES + 1), "/etc/other": "o"})
    real = Host(str(tmp_path))
    added = EtcChange("/etc/y", Difference.ADDED, FileFact("file", 0o644, 0, 0, 4))
    theirs = {"/etc/x": "a\nb\n\n\nC\n", "/etc/y": "theirs\n", "/etc/large": "", "/etc/gone": "",
              "/etc/link": ""}
    found = sides.read(real, [change("/etc/x"), added, change("/etc/large"), change("/etc/gone"),
                              change("/etc/link", kind="symlink"), change("/etc/other")], theirs)
    assert sorted(found) == ["/etc/x", "/etc/y"]
    assert found["/etc/x"].merged == "a\nB\n\n\nC\n"
    assert found["/etc/y"].factory is None and found["/etc/y"].merged is None
    assert {"-theirs", "+own"} <= set(found["/etc/y"].their_diff)


def test_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    compared("secret\n", "b\n", "c\n")
    assert list(tmp_path.iterdir()) == []


LINES = st.lists(st.sampled_from(["a", "b", "c", "#", ""]), max_size=8)


@settings(deadline=None, max_examples=60)
@given(LINES, LINES, LINES, st.booleans())
def test_whatever_is_merged_has_every_change_of_ng(ours: List[str], factory: List[str],
                                                   theirs: List[str], tagged: bool) -> None:
    """Lines that NG added are in the result; lines that NG removed are gone, where that can be
    seen (where lines are unique)."""
    def text(lines: List[str]) -> str:
        named = [f"{line}{n}" for n, line in enumerate(lines)] if tagged else lines
        return "".join(f"{line}\n" for line in named)

    one = compared(text(ours), text(factory), text(theirs))
    if one.merged is None:
        return
    mine, base, there, made = (t.splitlines() for t in (one.ours, one.factory or "", one.theirs,
                                                        one.merged))
    assert set(mine) - set(base) <= set(made)
    assert set(there) - set(base) <= set(made)
    assert set(made) <= {*mine, *base, *there}
    if tagged:
        assert not (set(base) - set(mine)) & set(made) - set(there)
