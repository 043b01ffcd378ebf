"""What is asked: everything that a plan leaves open, and nothing that was answered."""

from typing import Any, Dict, List

import pytest

from ng2coreos.model.finding import Kind
from ng2coreos.plan.catalogue import entries, finding
from ng2coreos.plan.questions import _OF_PATHS, _OF_POLICY, answered, questions

A, B = "/etc/a", "/etc/d/b"
PATHS = [f"file:{A}", f"file:{B}"]


def keys(id: str, given: Dict[str, Any]) -> List[str]:
    return [q.key for q in questions([finding(id, PATHS, count=2)], given)]


@pytest.mark.parametrize("id", sorted(_OF_PATHS))
def test_each_path_is_asked_until_it_is_answered(id: str) -> None:
    assert keys(id, {}) == [A, B]
    for answer, _ in _OF_PATHS[id]:
        assert keys(id, {"answers": {A: answer}}) == [B]
    assert keys(id, {"answers": {A: "nonsense"}}) == [A, B]


def test_a_merge_that_clashes_is_asked_again() -> None:
    assert keys("N2C_ETC_MERGE_UNCLEAN", {"answers": {A: "merge", B: "keep-ng"}}) == [A]
    assert keys("N2C_ETC_MERGE_UNCLEAN", {"overrides": {"N2C_ETC_MERGE_UNCLEAN": "so"}}) == []


def test_the_answer_for_a_directory_holds_for_what_was_deleted_in_it() -> None:
    assert keys("N2C_ETC_DELETED", {"answers": {"/etc/d": "keep-ng"}}) == [A]
    assert keys("N2C_ETC_CONFLICT", {"answers": {"/etc/d": "keep-ng"}}) == [A, B]


def test_a_policy_is_asked_once_also_where_the_default_is_wanted() -> None:
    found = questions([finding("N2C_ETC_UNKNOWN_CARRIED", PATHS, count=2)], {})
    assert [q.key for q in found] == ["unknown_etc"] and found[0].choices[0][0] == "carry"
    given = answered({}, found[0], "carry")
    assert given == {"unknown_etc": "carry"}
    assert questions([finding("N2C_ETC_UNKNOWN_CARRIED", PATHS, count=2)], given) == ()


def test_what_may_be_overridden_wants_a_reason_and_what_stops_is_no_question() -> None:
    secure, unsigned = finding("N2C_BOOT_SECURE_BOOT"), finding("N2C_TARGET_UNSIGNED")
    assert unsigned.kind is Kind.INHIBITOR
    found = questions([unsigned, secure], {})
    assert [(q.name, q.choices) for q in found] == [("overrides.N2C_BOOT_SECURE_BOOT", ())]
    given = answered({"answers": {A: "merge"}}, found[0], "our key")
    assert given == {"answers": {A: "merge"}, "overrides": {"N2C_BOOT_SECURE_BOOT": "our key"}}
    assert questions([unsigned, secure], given) == ()


def test_an_answer_changes_nothing_that_was_given() -> None:
    given: Dict[str, Any] = {"answers": {A: "merge"}}
    question, = questions([finding("N2C_ETC_CONFLICT", PATHS, count=2)], given)
    assert answered(given, question, "keep-ng")["answers"] == {A: "merge", B: "keep-ng"}
    assert given == {"answers": {A: "merge"}}


def test_each_path_has_its_own_evidence() -> None:
    found = questions([finding("N2C_ETC_CONFLICT", PATHS, [f"{A}: why\n+x", f"{B}: also"],
                               count=2)], {})
    assert [q.evidence for q in found] == [(f"{A}: why\n+x",), (f"{B}: also",)]


def test_what_is_asked_about_is_in_the_catalogue() -> None:
    assert set(_OF_PATHS) | set(_OF_POLICY) <= set(entries())
