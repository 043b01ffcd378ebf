"""The judge of LVM's metadata: what of a volume group may change, and who may leave it.

Needs no VM.
"""

import copy
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from tests.rig import lvmdisk
from tests.rig.ng import NgImage
from tests.vm.lvmcuts import OURS, LvmOracle

Group = Dict[str, Any]
Judge = Callable[[Group], List[str]]


def _volume(uuid: str, tags: List[str], **segment: object) -> Dict[str, Any]:
    return {"id": uuid, "tags": tags, "segment1": {"type": "thin", **segment}}


@pytest.fixture
def group() -> Group:
    pool = {"id": "p", "tags": [], "segment1": {"type": "thin-pool", "transaction_id": 7}}
    return {"id": "vg", "logical_volumes": {
        "pool": pool, "var": _volume("v", []), "root+1": _volume("r", ["imgbased:layer"]),
        "ng2coreos_var": _volume("o", [OURS], origin="var")}}


@pytest.fixture
def judge(group: Group, monkeypatch: "pytest.MonkeyPatch") -> Judge:
    """Judges a group in which ``var`` and ``root+1`` may be given up."""
    image = NgImage(Path("disk"), Path("data"), "ext4", "5.14", pool="pool")
    oracle = LvmOracle(image, copy.deepcopy(group), {"var", "root+1"})

    def found(now: Group) -> List[str]:
        monkeypatch.setattr(lvmdisk, "metadata", lambda disk: now)
        return oracle.group(BytesIO())

    return found


def test_who_leaves_is_whole_or_gone(group: Group, judge: Judge) -> None:
    volumes = group["logical_volumes"]
    assert judge(group) == []
    volumes["pool"]["segment1"].update(transaction_id=8, message1={"delete": 3})
    del volumes["var"]
    assert judge(group) == []
    del volumes["ng2coreos_var"]["segment1"]["origin"]  # LVM forgets it with the volume
    assert judge(group) == []
    del volumes["root+1"]
    assert judge(group) == []


@pytest.mark.parametrize("spoil", [
    lambda volumes: volumes.pop("pool"),
    lambda volumes: volumes.pop("ng2coreos_var"),
    lambda volumes: volumes["var"].update(id="x"),
    lambda volumes: volumes["root+1"]["segment1"].update(device_id=9),
    lambda volumes: volumes["ng2coreos_var"]["tags"].clear(),
    lambda volumes: volumes.update(stranger=_volume("s", []))])
def test_everything_else_stays(group: Group, judge: Judge,
                               spoil: Callable[[Group], object]) -> None:
    spoil(group["logical_volumes"])
    assert judge(group) != []
