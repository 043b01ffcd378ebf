"""NG's volumes go in an order in which LVM removes nothing that was not asked for."""

import json
from itertools import permutations
from typing import Tuple

import pytest

from ng2coreos.firstboot import ng_volumes
from tests.fakes import FakeHost

ORIGINS = {"root": "", "base": "root", "layer": "base", "var": ""}


@pytest.mark.parametrize("names", list(permutations(ORIGINS)))
def test_snapshots_go_before_their_origins(fake_host: FakeHost, names: Tuple[str, ...]) -> None:
    rows = [{"lv_name": name, "origin": origin, "lv_attr": "Vwi---tz-k", "lv_tags": ""}
            for name, origin in ORIGINS.items()]
    fake_host.on("lvs", ..., stdout=json.dumps({"report": [{"lv": rows}]}))
    order = ng_volumes.removable(fake_host, "onn", (*names, "gone"), ())
    assert sorted(order) == sorted(ORIGINS)
    assert order.index("layer") < order.index("base") < order.index("root")
