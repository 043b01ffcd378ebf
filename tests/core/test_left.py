"""What stays behind below a directory: patterns, what is spared of them, and nothing outside."""

from pathlib import Path
from typing import List

import pytest

from ng2coreos.core.left import Left

LEFT = Left(("cache/dnf", "imgbased", "tmp/x-*", "a/<n>/log"), ("imgbased/rpms", "tmp/x-*/keep"))


@pytest.mark.parametrize("path, gone", [
    ("cache", False), ("cache/dnf", True), ("cache/dnf/a/b", True), ("cache/dnf2", False),
    ("imgbased", True), ("imgbased/conf", True), ("imgbased/rpms", False),
    ("imgbased/rpms/a.rpm", False), ("tmp/x-1", True), ("tmp/x-1/keep", False),
    ("tmp/x-1/keeper", True), ("a/1/log/b", True), ("a/1/2/log", False)])
def test_a_directory_takes_what_is_below_along_on_either_side(path: str, gone: bool) -> None:
    assert LEFT.has(path) is gone


@pytest.mark.parametrize("path, may", [
    ("imgbased", True), ("imgbased/conf", False), ("imgbased/rpms/a", True), ("cache/dnf", False),
    ("tmp/x-1", True), ("tm", False)])
def test_where_something_may_be_kept(path: str, may: bool) -> None:
    assert LEFT.spares_below(path) is may


def found(top: Path, left: Left) -> List[str]:
    return [str(path.relative_to(top)) for path in left.found(top)]


def test_it_is_found_outermost_and_without_what_is_spared(tmp_path: Path) -> None:
    for name in ("cache/dnf/a", "imgbased/conf/a", "imgbased/rpms/a.rpm", "tmp/x-1/keep/a",
                 "tmp/x-1/b", "tmp/x-2/b", "tmp/y/keep", "a/1/log/x", "a/1/dog"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert found(tmp_path, LEFT) == [
        "cache/dnf", "imgbased/conf", "tmp/x-1/b", "tmp/x-2/b", "a/1/log"]
    assert found(tmp_path, Left(("a/1/log/x", "a/1", "a/1/dog"))) == ["a/1"]
    assert found(tmp_path, Left(("cache",), ("cache",))) == []
    assert found(tmp_path, Left(("nix", "cache/dnf/a/b", "nix/<x>/b"))) == []


def test_links_are_found_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "out/keep").mkdir(parents=True)
    top = tmp_path / "top"
    top.mkdir()
    (top / "imgbased").symlink_to(tmp_path / "out")
    left = Left(("imgbased", "imgbased/keep", "imgbased/k*"), ("imgbased/keep",))
    assert found(top, left) == ["imgbased"]
