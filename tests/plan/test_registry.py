"""Plug-ins: found, ordered, and refused where they speak another version."""

from typing import Any, List

import pytest

from ng2coreos.core.errors import Unsupported
from ng2coreos.plan import load_plugins, registry


def test_the_built_in_ones_come_in_order_of_their_ids() -> None:
    assert [p.id for p in load_plugins()] == ["network", "ssh", "users", "vdsm"]


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
