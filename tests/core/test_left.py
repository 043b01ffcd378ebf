"""What stays behind below a directory: patterns, what is spared of them, and nothing outside."""

import os
import subprocess
from pathlib import Path
from typing import List

import pytest

from ng2coreos.core.left import Left
from ng2coreos.stage.transfer import remove_content
from tests.deep import deep_tree
from tests.stage.namespace import in_namespace

LEFT = Left(("cache/dnf", "imgbased", "tmp/x-*", "a/<n>/log"), ("imgbased/rpms", "tmp/x-*/keep"))


@pytest.mark.parametrize("path, gone", [
    ("cache", False), ("cache/dnf", True), ("cache/dnf/a/b", True), ("cache/dnf2", False),
    ("imgbased", True), ("imgbased/conf", True), ("imgbased/rpms", False),
    ("imgbased/rpms/a.rpm", False), ("tmp/x-1", True), ("tmp/x-1/keep", False),
    ("tmp/x-1/keeper", True), ("a/1/log/b", True), ("a/1/2/log", False)])
def test_a_directory_takes_what_is_below_along_on_either_side(path: str, gone: bool) -> None:
    assert LEFT.has(path) is gone


@pytest.mark.parametrize("path, may", [
    ("imgbased", True), ("imgbased/conf", False), ("imgbased/rpms/a", False), ("cache/dnf", False),
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
        "a/1/log", "cache/dnf", "imgbased/conf", "tmp/x-1/b", "tmp/x-2/b"]
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


def test_the_nearest_that_is_named_decides_and_never_is_never() -> None:
    left = Left(("a", "a/b/c", "t"), ("a/b", "a/b/c/d", "t/*"), ("t/x-*",))
    assert [path for path in ("a/x", "a/b/x", "a/b/c/x", "a/b/c/d/x", "t/x-1", "t/x-1/y", "t/y")
            if left.has(path)] == ["a/x", "a/b/c/x", "t/x-1", "t/x-1/y"]


@pytest.mark.parametrize("keep", ["*/keep", "<name>/keep", "**/keep"])
def test_a_pattern_may_begin_with_a_wildcard(tmp_path: Path, keep: str) -> None:
    for name in ("a/keep/x", "a/b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    left = Left(("a",), (keep,))
    assert left.spares_below("a") and not left.has("a/keep/x")
    assert found(tmp_path, left) == ["a/b"]


@pytest.mark.parametrize("pattern", ["x-*", "other/**/log"])
def test_a_tree_that_no_path_reaches_the_end_of_is_no_obstacle(
        tmp_path: Path, pattern: str) -> None:
    """Any user can make one below /var/tmp."""
    for name in ("x-1", "other"):
        deep_tree(tmp_path, name, 2500)
    assert found(tmp_path, Left((pattern,))) == ["x-1"][:"x-*" == pattern]
    remove_content(tmp_path, Left(("x-1", "other")))  # pytest could not


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_what_is_mounted_there_is_not_of_this_volume(tmp_path: Path) -> None:
    def plays() -> None:
        (tmp_path / "log").mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", str(tmp_path / "log")], check=True)
        (tmp_path / "log/a").write_text("")
        (tmp_path / "b").write_text("")
        assert found(tmp_path, Left(("log", "log/a", "b"))) == ["b"]

    in_namespace(plays)
