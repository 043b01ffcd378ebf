"""A set of numbers that is small where they lie close together."""

import tracemalloc
from typing import List

from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.core.inode_set import InodeSet


@given(st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2 ** 64 - 1))))
def test_it_is_a_set(numbers: List[int]) -> None:
    found, wanted = InodeSet(), set()
    for number in numbers:
        assert found.add(number) == (number not in wanted)
        wanted.add(number)


def test_a_million_inodes_of_a_disk_take_little_memory() -> None:
    tracemalloc.start()
    try:
        found = InodeSet()
        for number in range(1_000_000):
            found.add((number // 64) * 128 + number % 64)  # every second cluster of xfs
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 1_000_000
