"""Strangers' text becomes values or BadInput, never another exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.inventory import bls, parse

JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(st.text())
def test_any_text_as_json(text: str) -> None:
    try:
        assert isinstance(parse.json_object(text, "x"), dict)
    except BadInput as error:
        assert error.hint


@given(JSON)
def test_any_json_as_rows(data: object) -> None:
    try:
        for row in parse.rows(data, "x"):
            assert all(isinstance(value, str) for value in row.values())
    except BadInput as error:
        assert error.hint


@given(st.text())
def test_any_text_as_number(text: str) -> None:
    for function in (parse.integer, parse.percentage):
        try:
            assert function(text, "x") >= 0
        except BadInput as error:
            assert error.hint


@given(st.integers(0, 2**63))
def test_numbers_are_read(number: int) -> None:
    assert parse.integer(str(number), "x") == number


@given(st.text())
def test_any_text_as_assignments_and_boot_entries(text: str) -> None:
    assert isinstance(parse.assignments(text), dict)
    bls.running((bls.parse("x", text),), text)


def test_quotes_of_assignments() -> None:
    assert parse.assignments("A=\"x y\"\nB='z'\n#C=1\n D=4\nE=\"open\nF=$x\nno line\n9=1\n") == {
        "A": "x y", "B": "z", "D": "4", "E": "open", "F": "$x"}


def test_what_the_file_system_refuses() -> None:
    with pytest.raises(Unsupported) as caught, parse.readable("/x"):
        raise PermissionError(13, "no")
    assert "root" in caught.value.hint
    with pytest.raises(BadInput, match="/x"), parse.readable("/x"):
        raise IsADirectoryError(21, "is a directory")
