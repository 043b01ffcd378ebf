"""Every parser under mutated inputs: from the corpus of tests/fuzz/corpus/PARSER/ and from nothing.

NG2COREOS_FUZZ is how many inputs each parser gets (150 in every test run).  An input that broke one
goes into the corpus, and is tried in every run from then on.
"""

import os
import signal
from pathlib import Path
from typing import Iterator, List

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ng2coreos.core.errors import Exit, Ng2CoreosError
from tests.fuzz.parsers import PARSERS

CORPUS = Path(__file__).parent / "corpus"
EXAMPLES = int(os.environ.get("NG2COREOS_FUZZ", "150"))
HANG_S = 60.0  # of this process: what is slow for want of a processor is none
TOKENS = (b"{", b"}", b"[", b"]", b'"', b":", b",", b"\n", b"\0", b"\\", b"=", b"#", b"-", b" ",
          b"null", b"true", b"1e999", b"-1", b"NaN", b"\xff", b"\xed\xb0\x80", b"/../", b"%s",
          b"&a", b"*a", b"!!python/name:os.system ", b"070701", b"TRAILER!!!", b"FFFFFFFF",
          b"9" * 30)


def corpus(parser: str) -> List[bytes]:
    """The kept inputs of a parser, and the one that is meant for it."""
    kept = sorted((CORPUS / parser).glob("*")) if (CORPUS / parser).is_dir() else []
    return [PARSERS[parser].good[:20_000], *(path.read_bytes() for path in kept)]


@st.composite
def mutated(draw: st.DrawFn, seeds: List[bytes]) -> bytes:
    """A seed with a few changes: bytes or words put in, taken out, moved or doubled."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 200)))
        piece = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=12),
                               st.just(data[start:end] * 2), st.just(b"")))
        data = data[:start] + piece + data[end:]
    return data


def stands(parser: str, data: bytes) -> None:
    """A result or a clear error."""
    try:
        PARSERS[parser].call(data)
    except Ng2CoreosError as error:
        assert error.message and error.hint and error.exit_code is not Exit.INTERNAL


def stands_soon(parser: str, data: bytes) -> None:
    """The same, and not after a minute of the processor's time."""
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_S)
    try:
        stands(parser, data)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """What hangs is stopped, and told with the input that it hangs on."""
    def hangs(*_: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGVTALRM, hangs)
    yield
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("parser", PARSERS)
def test_mutated_inputs(parser: str) -> None:
    seeds = corpus(parser)

    @settings(max_examples=EXAMPLES, deadline=None, database=None,
              suppress_health_check=list(HealthCheck))
    @given(st.one_of(mutated(seeds), st.binary(max_size=400)))
    def run(data: bytes) -> None:
        stands_soon(parser, data)

    run()


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: str(
    path.relative_to(CORPUS)))
def test_kept_inputs(path: Path) -> None:
    stands_soon(path.parent.name, path.read_bytes())


def test_the_corpus_is_of_parsers_that_are_there() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= set(PARSERS)
