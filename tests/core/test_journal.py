"""The journal: whatever a power cut leaves of it, complete records are believed and only those."""

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput
from ng2coreos.core.journal import Journal

VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                      lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                      max_leaves=5)


@given(st.lists(st.dictionaries(st.text(), VALUES), min_size=1, max_size=5), st.data())
def test_any_cut_leaves_a_prefix_that_can_be_appended_to(
        tmp_path_factory: pytest.TempPathFactory, records: List[Dict[str, Any]],
        data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal"
    journal = Journal(path)
    ends = [0]
    for record in records:
        journal.append(record)
        ends.append(path.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    complete = sum(1 for end in ends[1:] if end <= cut)
    assert journal.records() == records[:complete]
    journal.append({"event": "after"})
    assert journal.records() == [*records[:complete], {"event": "after"}]


def test_damage_before_the_end_is_an_error_and_not_a_shorter_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for number in range(3):
        journal.append({"number": number})
    data = bytearray(journal.path.read_bytes())
    data[5] ^= 1
    journal.path.write_bytes(bytes(data))
    with pytest.raises(BadInput, match="damaged in line 1"):
        journal.records()


def test_garbage_after_the_last_line_is_ignored(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append({"a": 1})
    with open(journal.path, "ab") as stream:
        stream.write(b"\0" * 4096)
    assert journal.records() == [{"a": 1}]


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append({"a": 1})
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_a_record_is_one_json_line_with_its_crc(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append({"text": "line\nfeed"})
    line, empty = journal.path.read_bytes().split(b"\n")
    assert empty == b""
    assert json.loads(line.split(b"\t")[0]) == {"text": "line\nfeed"}


def test_of_a_torn_line_nothing_is_left_behind_the_next_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append({"event": "begin"})
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + b"x" * 500)
    journal.append({"event": "done"})
    first, second = journal.path.read_bytes().splitlines(keepends=True)
    assert first == whole and second.endswith(b"\n")
