"""Room is looked for again when an older plan is applied: a full pool takes NG down with it."""

from dataclasses import replace

import pytest

from ng2coreos.core.errors import Blocked
from tests.execute.world import World
from tests.plan import build


def test_a_pool_that_has_filled_since_the_plan(place: World,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    pool = build.layout().pool
    full = replace(build.layout(), pool=replace(pool, used_bytes=pool.size_bytes - build.GIB))
    monkeypatch.setattr("ng2coreos.inventory.read", lambda *_: build.host(layout=full))
    with pytest.raises(Blocked, match="N2C_POOL_FULL"):
        place.apply()
    assert place.store.current() is None and place.state() == ()


def test_a_boot_partition_that_has_filled_since_the_plan(place: World,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    boot = replace(build.boot(), boot_free_bytes=build.MIB)
    monkeypatch.setattr("ng2coreos.inventory.read", lambda *_: build.host(boot=boot))
    with pytest.raises(Blocked, match="N2C_BOOT_FULL"):
        place.apply()
    assert place.store.current() is None
