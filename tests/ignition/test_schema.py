"""The shapes of the spec versions: the real ignition-validate knows the same fields."""

import json
import re
import subprocess
from typing import Any, List, Set

import pytest

from ng2coreos.ignition.schema import FLAG, NUMBER, TEXT, mismatches, shape
from ng2coreos.model.ignition import WRITTEN, Spec, spec_text
from tests.ignition.test_apply import READS

SAMPLES = {TEXT: "/x", NUMBER: 1, FLAG: False}
PLANTED = {"a key of nobody", "another"}


def everything(wanted: Any) -> Any:
    """Data with every field of a shape, each of its type."""
    if isinstance(wanted, dict):
        return {name.rstrip("!"): everything(inner) for name, inner in wanted.items()}
    return [everything(wanted[0])] if isinstance(wanted, list) else SAMPLES[wanted]


def whole(spec: Spec) -> Any:
    data = everything(shape(spec))
    data["ignition"]["version"] = spec_text(spec)
    return data


def fields(wanted: Any, where: str = "") -> Set[str]:
    """Every field of a shape, with its place."""
    if isinstance(wanted, list):
        return fields(wanted[0], where)
    if not isinstance(wanted, dict):
        return {where}
    return {path for name, inner in wanted.items()
            for path in fields(inner, f"{where}.{name.rstrip('!')}")}


def unknown(data: Any) -> Set[str]:
    """The keys that the real one does not know; it names them beside all that is wrong."""
    done = subprocess.run(["ignition-validate", "-"], input=json.dumps(data), text=True,
                          capture_output=True, check=False)
    assert "unsupported config version" not in done.stderr
    return set(re.findall(r"Unused key (.*)", done.stdout))


@pytest.mark.parametrize("spec", READS, ids=spec_text)
def test_the_real_validator_knows_all_our_fields_and_no_others(spec: Spec) -> None:
    data = whole(spec)
    first, second = PLANTED
    data[first] = data["storage"]["files"][0]["user"][second] = 1
    assert unknown(data) == PLANTED
    # what only later versions have is unknown to it, and so to us
    for later in (s for s in READS if s > spec):
        ahead = whole(later)
        ahead["ignition"]["version"] = spec_text(spec)
        new = {path.rpartition(".")[2] for path in fields(shape(later)) - fields(shape(spec))}
        ours = {re.split(r"[.\[\]]+", problem.partition(" must not")[0])[-1]
                for problem in mismatches(ahead, shape(spec)) if "must not be" in problem}
        assert ours == unknown(ahead) and ours and ours <= new | {"luks", "proxy", "httpHeaders",
                                                                  "kernelArguments"}


@pytest.mark.parametrize("spec", WRITTEN, ids=spec_text)
def test_every_field_is_checked_for_its_type(spec: Spec) -> None:
    assert list(mismatches(whole(spec), shape(spec))) == []
    data = json.loads(json.dumps(whole(spec)).replace("false", "0"))
    assert len(list(mismatches(data, shape(spec)))) == json.dumps(whole(spec)).count("false")
    data = json.loads(json.dumps(whole(spec)).replace(": 1", ": true"))
    assert len(list(mismatches(data, shape(spec)))) == json.dumps(whole(spec)).count(": 1")
    assert list(mismatches([], shape(spec))) == ["the config is not an object"]
    assert "storage.files is not a list" in list(
        mismatches({**whole(spec), "storage": {"files": {}}}, shape(spec)))


@pytest.mark.parametrize("spec, later, new", [
    ((2, 2, 0), (2, 3, 0), {"sizeMiB", "startMiB", "wipePartitionEntry", "shouldExist"}),
    ((2, 3, 0), (2, 4, 0), {"httpProxy", "httpsProxy", "noProxy", "name", "value"}),
    ((3, 0, 0), (3, 1, 0), {"mountOptions", "compression", "httpProxy", "httpsProxy", "noProxy",
                            "name", "value"}),
    ((3, 2, 0), (3, 3, 0), {"shouldExist", "shouldNotExist"}),
    ((3, 3, 0), (3, 4, 0), {"advertisement", "discard", "openOptions"}),
    ((3, 4, 0), (3, 5, 0), {"enabled"})],
    ids=lambda value: "-".join(map(str, sorted(value))))  # the order of a set is another each time
def test_what_each_version_adds(spec: Spec, later: Spec, new: Set[str]) -> None:
    added = fields(shape(later)) - fields(shape(spec))
    assert {path.rpartition(".")[2] for path in added} == new
    assert fields(shape(spec)) <= fields(shape(later))


def test_spec_2_and_3_are_not_one() -> None:
    only: List[Set[str]] = [fields(shape(a)) - fields(shape(b))
                            for a, b in (((2, 4, 0), (3, 1, 0)), ((3, 1, 0), (2, 4, 0)))]
    assert {".storage.files.filesystem", ".storage.filesystems.mount.device",
            ".networkd.units.name", ".systemd.units.enable"} <= only[0]
    assert {".storage.filesystems.device", ".ignition.config.merge.source"} <= only[1]
