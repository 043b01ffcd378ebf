"""The transcripts of README.md and docs/guide.md, brought up to a new run of the demo.

`make demo > demo.log`, then ``python -m man.transcripts demo.log``: each line that a transcript
shows is replaced by the next one of the log that has the same shape; what is left out stays so.
"""

import re
import sys
from pathlib import Path
from typing import Iterator, List, Sequence, Tuple

from man.sources import ROOT

FILES = ("README.md", "docs/guide.md")
LEFT_OUT, PROMPT = "…", "[root@"
_BLOCKS = re.compile(r"(<!-- transcript -->\n.*?<!-- /transcript -->)", re.DOTALL)
_FENCED = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_UNITS = frozenset("s min h B KiB MiB GiB TiB".split())


def shape(line: str) -> str:
    """What is the same in each run: words without numbers; a unit and a file system stand for any.
    """
    return " ".join(_word(word) for word in line.split())


def blocks(text: str) -> Iterator[List[str]]:
    """The lines of each transcript."""
    for block in _BLOCKS.findall(text):
        for fenced in _FENCED.findall(block):
            yield fenced.splitlines()


def refreshed(text: str, log: Sequence[str]) -> Tuple[str, List[str]]:
    """`text` with its transcripts as `log` has them, and the lines that it has nothing for."""
    missing: List[str] = []
    at = 0

    def line(shown: str) -> str:
        nonlocal at
        if not shown.strip() or shown.strip() == LEFT_OUT or shown.startswith(PROMPT):
            return shown
        for n in range(at, len(log)):
            if shape(log[n]) == shape(shown):
                at = n + 1
                return log[n].rstrip()
        missing.append(shown)
        return shown

    def fenced(match: "re.Match[str]") -> str:
        return "```\n" + "".join(f"{line(shown)}\n" for shown in match[1].splitlines()) + "```"

    made = _BLOCKS.sub(lambda block: _FENCED.sub(fenced, block[1]), text)
    return made, missing


def main(name: str) -> int:
    """Write both files; 1 where a line of theirs is in the log no more."""
    log = Path(name).read_text("utf-8").splitlines()
    lost: List[str] = []
    for file in FILES:
        text, missing = refreshed((ROOT / file).read_text("utf-8"), log)
        (ROOT / file).write_text(text, "utf-8")
        lost += [f"{file}: not in the log: {line}" for line in missing]
    print("\n".join(lost), file=sys.stderr)
    return 1 if lost else 0


def _word(word: str) -> str:
    bare = word.strip(",;:.()")
    if bare in _UNITS:
        return "U"
    return "N" if bare == "xfs" or any(c.isdigit() for c in bare) else word


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
