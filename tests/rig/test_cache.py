"""cache: a product is built once for its inputs, and is there whole or not at all."""

import os
import subprocess
import time
from pathlib import Path
from typing import List

import pytest

from . import cache


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NG2COREOS_RIG_CACHE", str(tmp_path / "cache"))
    return cache.cache_dir()


def write(out: Path) -> None:
    (out / "file").write_text("done")


def test_a_product_is_built_once_for_its_inputs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("1")
    built: List[Path] = []

    def build(out: Path) -> None:
        built.append(out)
        write(out)

    first = cache.cached("x", [source, "text"], build)
    assert cache.cached("x", [source, "text"], build) == first
    assert (first / "file").read_text() == "done"
    source.write_text("2")
    assert cache.cached("x", [source, "text"], build) != first
    assert len(built) == 2


def test_a_failed_build_leaves_no_product(place: Path) -> None:
    def fail(out: Path) -> None:
        write(out)
        raise RuntimeError("no space")

    with pytest.raises(RuntimeError):
        cache.cached("x", ["1"], fail)
    assert cache.cached("x", ["1"], write).is_dir()
    assert not list(place.glob("*.building"))


@pytest.mark.parametrize("change", ["content", "mode", "name", "link"])
def test_every_property_of_a_source_counts(tmp_path: Path, change: str) -> None:
    source = tmp_path / "tree"
    source.mkdir()
    (source / "a").write_text("1")
    (source / "l").symlink_to("a")
    before = cache.digest([source])
    assert cache.digest([source]) == before
    if change == "content":
        (source / "a").write_text("2")
    elif change == "mode":
        (source / "a").chmod(0o755)
    elif change == "name":
        (source / "a").rename(source / "b")
    else:
        (source / "l").unlink()
        (source / "l").symlink_to("b")
    assert cache.digest([source]) != before


def test_a_product_as_an_input_counts_by_its_name(place: Path) -> None:
    product = cache.cached("x", ["1"], write)
    before = cache.digest([product])
    (product / "file").write_text("changed by somebody")
    assert cache.digest([product]) == before


def test_only_products_that_nobody_used_for_long_are_removed() -> None:
    stale = cache.cached("x", ["1"], write)
    recent = cache.cached("x", ["2"], write)
    long_ago = time.time() - 7 * 24 * 3600
    os.utime(stale, (long_ago, long_ago))
    cache.cached("x", ["3"], write)
    assert not stale.exists()
    assert recent.exists()


def test_without_room_nothing_is_built(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "ROOM_GIB", 1 << 30)
    with pytest.raises(OSError, match="GiB are free"):
        cache.cached("thing", ["a"], write)
    assert not list(place.glob("thing-*"))


def test_what_is_mounted_below_a_tree_stays_when_the_tree_goes(tmp_path: Path) -> None:
    tree, other = tmp_path / "tree", tmp_path / "other"
    for directory in (tree / "dev", other):
        directory.mkdir(parents=True)
    (other / "null").write_text("not the build's")
    (tmp_path / "link").symlink_to(tmp_path)
    subprocess.run(["mount", "--bind", str(other), str(tree / "dev")], check=True)
    try:
        cache.remove_tree(tmp_path / "link/tree")
        assert not tree.exists()
        assert (other / "null").exists()
    finally:
        subprocess.run(["umount", str(tree / "dev")], stderr=subprocess.DEVNULL, check=False)
