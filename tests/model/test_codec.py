"""JSON for records: inverse, and one clear error for whatever does not fit."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput
from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Change, Plan, Policy
from ng2coreos.model.state import Attempt, BootState, Failure, Phase

JSON = st.recursive(st.none() | st.booleans() | st.integers()
                    | st.floats(allow_nan=False) | st.text(),
                    lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.text(), inner, max_size=4), max_leaves=10)
STATE = BootState("r", "0", Phase.ARMED, "b", "title", "uuid", "/grub2/grubenv",
                  "/grub2/custom.cfg", "onn", ("a", "b"), 2, "auto", "c", "s",
                  (Attempt(1, "x", "t", failures=(Failure("c", "t", "d"),)),))


@given(st.builds(Policy), st.builds(Item, outcome=st.sampled_from(Outcome)))
def test_load_is_the_inverse_of_dump(policy: Policy, item: Item) -> None:
    assert codec.loads(Policy, codec.dumps(policy)) == policy
    assert codec.loads(Item, codec.dumps(item)) == item
    assert codec.loads(BootState, codec.dumps(STATE)) == STATE


@given(JSON)
@pytest.mark.parametrize("cls", [Policy, BootState, Plan, HostFacts])
def test_any_json_is_a_record_or_bad_input(cls: type, data: object) -> None:
    try:
        codec.load(cls, data)
    except BadInput as error:
        assert error.hint


@pytest.mark.parametrize(("change", "message"), [
    ({"phase": "armd"}, "BootState.phase: expected one of prepared"),
    ({"trial_boots": "2"}, "BootState.trial_boots: expected int"),
    ({"trial_boots": True}, "BootState.trial_boots: expected int"),
    ({"volumes": ["a", 1]}, r"BootState.volumes\[1\]: expected str"),
    ({"surprise": 1}, "expected none of surprise"),
    ({"attempts": {}}, "BootState.attempts: expected a list"),
])
def test_errors_name_the_place(change: "dict[str, object]", message: str) -> None:
    with pytest.raises(BadInput, match=message):
        codec.load(BootState, {**codec.dump(STATE), **change})


def test_a_missing_key_is_named() -> None:
    data = codec.dump(STATE)
    del data["run_id"]
    with pytest.raises(BadInput, match="the key run_id"):
        codec.load(BootState, data)


@pytest.mark.parametrize("text", ["", "{", "nope", "[" * 100000])
def test_what_is_not_json_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="not JSON"):
        codec.loads(Policy, text)


def test_text_is_the_same_for_the_same_value() -> None:
    assert codec.dumps(STATE) == codec.dumps(STATE)
    assert list(json.loads(codec.dumps(STATE)))[0] == "run_id"


@pytest.mark.parametrize("number", ["1" + "0" * 400, "-1" + "0" * 400, "Infinity", "NaN", "1e999"])
def test_a_number_that_nobody_can_count_with_is_bad_input(number: str) -> None:
    with pytest.raises(BadInput, match="Change.seconds: expected a number of some size"):
        codec.loads(Change, f'{{"id": "a", "step": "b", "summary": "c", "seconds": {number}}}')


def test_however_deep_it_is_the_error_is_one_of_ours() -> None:
    """There is a depth that can just be read, and not be shown any more."""
    for depth in range(sys.getrecursionlimit() - 150, sys.getrecursionlimit() + 10):
        with pytest.raises(BadInput):
            codec.loads(BootState, '{"run_id":' + "[" * depth + "]" * depth + "}")
