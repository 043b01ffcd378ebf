"""Hostile input for every parser and reader: a result or a clear error, in time, in little memory.

Never a traceback (any exception but our own), never a wait, never a file read without end.
"""

import gc
import os
import signal
import tracemalloc
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Iterator, Optional, Tuple, Type

import pytest

from ng2coreos.core.errors import Exit, Ng2CoreosError
from tests.fuzz.hostile import FILES, REPORTS, TEXTS, remove, replace_file
from tests.fuzz.parsers import PARSERS, READERS

DEADLINE_S = 20
MEMORY_BYTES = 120 << 20  # JSON of 16 MiB may become this; what never ends would become more
# What an OSError is: the command line tells it as one line with a hint (cli.main.guarded).
CLEAR = (Ng2CoreosError, OSError)
OURS = (Ng2CoreosError,)


@contextmanager
def bounded() -> Iterator[None]:
    """AssertionError where the block takes too long or too much memory."""
    def late(number: int, frame: Optional[FrameType]) -> None:
        raise AssertionError(f"it hangs: more than {DEADLINE_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(DEADLINE_S)
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def stands(call: Callable[[], Any], clear: Tuple[Type[Exception], ...] = OURS) -> None:
    """A result, or a clear error with a documented code."""
    with bounded():
        try:
            call()
        except clear as error:
            if isinstance(error, Ng2CoreosError):
                assert error.message and error.hint
                assert error.exit_code is not Exit.INTERNAL, error


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("parser", PARSERS)
def test_a_parser_stands(parser: str, kind: str) -> None:
    call, good = PARSERS[parser]
    stands(lambda: call(TEXTS[kind](good)))


@pytest.mark.parametrize("parser", PARSERS)
def test_a_parser_takes_what_is_good(parser: str) -> None:
    if parser != "facts":  # recorded hosts have their own test
        PARSERS[parser].call(PARSERS[parser].good)


@pytest.mark.skipif(os.geteuid() != 0, reason="devices")
@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_stands(tmp_path: Path, reader: str, kind: str) -> None:
    call, place, good = READERS[reader]
    path = tmp_path / "root" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(good)
    replace_file(path, kind)
    stands(lambda: call(tmp_path / "root"), CLEAR)
    remove(path)


def cases() -> Tuple[int, int]:
    """How many fixtures there are, for parsers and readers."""
    return len(PARSERS) * len(TEXTS), len(READERS) * len(FILES)


def test_there_are_enough_fixtures() -> None:
    print(f"\n{cases()[0]} texts for parsers, {cases()[1]} files for readers, "
          f"{len(REPORTS)} outputs for each program")
    assert sum(cases()) >= 300
    gc.collect()
