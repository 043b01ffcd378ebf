"""The short cut of redaction, past texts without a mark, hides as much as the patterns do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.core import redact


@pytest.mark.parametrize("number", range(len(redact._PATTERNS)))
@given(data=st.data())
def test_what_a_pattern_hides_has_a_mark(number: int, data: st.DataObject) -> None:
    pattern, instead = redact._PATTERNS[number]
    text = data.draw(st.from_regex(pattern))
    assert pattern.sub(instead, text) != text or redact.HIDDEN in text
    assert redact._MARKS & set(text)
    assert redact.HIDDEN in redact.redact_text(text)


@given(st.text(alphabet="ab=:$@/.\n password", max_size=40))
def test_the_short_cut_changes_no_answer(text: str) -> None:
    wanted = text
    for pattern, instead in redact._PATTERNS:
        wanted = pattern.sub(instead, wanted)
    assert redact.redact_text(text) == wanted
