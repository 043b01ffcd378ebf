"""Plug-ins: found, ordered, and refused where they speak another version."""

from pathlib import Path
from typing import Any, List

import pytest

from ng2coreos.core.errors import Unsupported
from ng2coreos.plan import load_plugins, registry

PLUGINS = Path(__file__).parents[2] / "plugins"


def test_the_built_in_ones_come_in_order_of_their_ids() -> None:
    ids = [p.id for p in load_plugins()]
    assert ids == sorted(ids) and {"network", "ssh", "users", "vdsm"} <= set(ids)
    places = {path.stem: path for path in PLUGINS.glob("*.py")}
    places.update((path.parent.name, path) for path in PLUGINS.glob("*/__init__.py"))
    made = {name for name, path in places.items() if "\nPLUGIN = " in path.read_text("utf-8")}
    assert {i.replace("-", "_") for i in ids} == made


def make(name: str, version: int) -> Any:
    return type("Made", (), {"id": name, "api": version})


@pytest.mark.parametrize("more,words", [
    ([make("new", 99)], "speaks version 99, not 1"),
    ([make("vdsm", 1)], "two plug-ins called vdsm")])
def test_another_version_and_a_second_of_the_same_name_are_refused(
        more: List[Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [type("Point", (), {"load": staticmethod(lambda cls=cls: cls)})() for cls in more]
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
    with pytest.raises(Unsupported, match=words):
        load_plugins()
