"""Coverage-guided fuzzing: ``python -m tests.fuzz.guided [--seconds N] [PARSER...]``.

A tool, no test (`make fuzz`); needs atheris.  Small inputs that reach new code are kept in
tests/fuzz/corpus/PARSER, and so is what breaks a parser: test_fuzz.py replays all of them.
libFuzzer ends the process that it runs in, so each parser gets one, forked once everything has been
instrumented.
"""

import argparse
import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple, Optional, Sequence

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["ng2coreos", "plugins"]):
    from tests.fuzz.parsers import PARSERS
    from tests.fuzz.test_fuzz import CORPUS, corpus, stands

KEPT_BYTES = 400  # of an input that is kept
KEPT_FILES = 6  # of a parser; the corpus is replayed in every test run
LIMITS = ("-max_len=4096", "-timeout=20", "-rss_limit_mb=2048", "-verbosity=1")
_RUNS = re.compile(r"^#(\d+)\s", re.MULTILINE)
_EDGES = re.compile(r"cov: (\d+)")


class Outcome(NamedTuple):
    """Of one parser: inputs tried, edges of its code reached, with the corpus alone; what broke."""

    runs: int
    edges: int
    edges_before: int
    broke: Sequence[bytes]
    said: str


def main(words: Optional[Sequence[str]] = None) -> int:
    """Fuzz each parser that is named (else all) and tell a line of each; 1 where one broke."""
    asked = argparse.ArgumentParser(description="Coverage-guided fuzzing of the parsers.")
    asked.add_argument("--seconds", type=int, default=60, help="for each parser")
    asked.add_argument("parsers", nargs="*", choices=[[], *PARSERS])
    given = asked.parse_args(words)
    total = broken = 0
    for parser in given.parsers or PARSERS:
        found = fuzz(parser, given.seconds)
        total += found.runs
        broken += bool(found.broke)
        print(f"{parser:16} {found.runs:9} runs, {found.edges} edges ({found.edges_before} by the "
              f"corpus){', BROKEN' if found.broke else ''}", flush=True)
        if found.broke:
            print(found.said[-3000:])
    print(f"{total} runs, {broken} parsers broken")
    return int(broken > 0)


def fuzz(parser: str, seconds: int) -> Outcome:
    """Fuzz one parser; what is worth it is kept in its corpus."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "corpus"
        place.mkdir()
        known = corpus(parser)
        for data in known:
            (place / _name(data)).write_bytes(data)
        said = _run(parser, Path(scratch), f"-max_total_time={seconds}")
        broke = [path.read_bytes() for path in Path(scratch).glob("broke-*")]
        reached = {path.read_bytes() for path in place.iterdir()} - set(known)
    small = sorted((d for d in reached if len(d) <= KEPT_BYTES), key=lambda d: (-len(d), d))
    room = KEPT_FILES - len(list((CORPUS / parser).glob("g-*")))
    for kind, inputs in (("g", small[:max(0, room)]), ("broke", broke)):
        for data in inputs:
            (CORPUS / parser).mkdir(exist_ok=True)
            (CORPUS / parser / f"{kind}-{_name(data)}").write_bytes(data)
    edges = [int(number) for number in _EDGES.findall(said)]
    return Outcome(max(map(int, _RUNS.findall(said)), default=0), max(edges, default=0),
                   edges[0] if edges else 0, broke, said)


def _run(parser: str, scratch: Path, *options: str) -> str:
    """libFuzzer in a process of its own; what it has said."""
    log = scratch / "log"
    child = os.fork()
    if not child:
        with open(log, "wb") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        atheris.Setup([sys.argv[0], str(scratch / "corpus"), f"-artifact_prefix={scratch}/broke-",
                       *LIMITS, *options], lambda data: stands(parser, data))
        atheris.Fuzz()
        os._exit(0)
    os.waitpid(child, 0)
    return log.read_text("utf-8", "replace")


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main())
