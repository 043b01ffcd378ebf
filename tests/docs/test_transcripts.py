"""The transcripts of README and guide have the shape of what the commands print today.

A transcript is of a run of the demo, which takes a quarter of an hour: what it says is compared
with the same views of made-up runs, line by line but for numbers and rows of tables.
"""

from dataclasses import replace
from pathlib import Path
from typing import Dict, List

import pytest

from man.transcripts import FILES, LEFT_OUT, PROMPT, blocks, refreshed, shape
from ng2coreos.execute.status import Status
from ng2coreos.firstboot import status as new_system
from ng2coreos.model.proof import SCHEMA, Proof, Verification
from ng2coreos.model.restart import RestartPart
from ng2coreos.model.state import Attempt, BootState, Failure, Phase
from ng2coreos.report import downtime, plan_text, status_text
from tests.plan import build
from tests.report import pages

REPO = Path(__file__).parents[2]
AT = "2026-01-01T00:00:00Z"
COMMIT = "c0ffee" * 10
PARTS = (RestartPart("kernel", 90.0, True),)
FIRST, SECOND = Attempt(1, "a", AT, AT, True), Attempt(2, "b", AT, "2026-01-01T00:02:00Z", True)
FAILED = replace(FIRST, healthy=False, failures=(Failure("vdsm", "vdsmd is running", "no"),))
HEAD = ("time", "space", "findings")  # of the indented lines, those that are no host's data


def frame(lines: List[str]) -> List[str]:
    """Shapes of the lines that no host's data decides: sentences, headings, heads of tables."""
    kept: List[str] = []
    heading = False
    for line in lines:
        own = line.strip() and not line.startswith((" ", PROMPT))
        if own or heading or line.split()[:1] and line.split()[0] in HEAD:
            kept.append(LEFT_OUT if line.strip() == LEFT_OUT else shape(line))
        heading = bool(own) and line.endswith(":")
    return kept


def fits(shown: List[str], real: List[str]) -> bool:
    """Are the lines shown those that there are, one after the other but where some are left out?"""
    if not shown:
        return True
    if shown[0] == LEFT_OUT:
        return any(fits(shown[1:], real[n:]) for n in range(len(real) + 1))
    return bool(real) and shown[0] == real[0] and fits(shown[1:], real[1:])


def printed() -> Dict[str, List[str]]:
    """What the commands print that the transcripts show."""
    plan = pages.plan_of(build.host())
    state = BootState("r1", "0.1.0", Phase.CONFIRMED, "b", "e", "u", "g", "c", "v", (), 2, "auto",
                      COMMIT, "o", attempts=(FIRST, SECOND))
    proof = Verification(SCHEMA, "r1", COMMIT, "1", "b", AT, (
        Proof("a", "unit-active", "vdsmd is running", True),
        Proof("item:/etc/x", "file", "/etc/x", True)))
    confirmed = new_system.Status("confirmed", *new_system._WORDS[Phase.CONFIRMED],
                                  "ng2coreos", "", state, proof, None, PARTS)
    fell_back = Status("rolled-back", "fell-back", "Trial 1 was not healthy.",
                       "ng2coreos rollback, then mend and plan again", 12, "r1", FAILED.failures,
                       (FAILED,))
    return {"plan": plan_text(plan).splitlines(),
            "apply": [*(change.summary for change in plan.changes),
                      "Run r1 is staged and armed: the next boot is the first trial."],
            "status": new_system.status_text(confirmed).splitlines(),
            "status of NG": status_text(fell_back, downtime.downtime(PARTS, 2, (FAILED,))
                                        ).splitlines(),
            "rollback": ["Run r1 is rolled back; nothing of it is left."]}


def told(lines: List[str]) -> Dict[str, List[str]]:
    """The lines of a transcript by command; those without a prompt are part of a plan."""
    found: Dict[str, List[str]] = {}
    name = ""
    for line in lines:
        if line.startswith(PROMPT):
            name = line.split()[3]
        elif not found:
            name = name or "part"
        if line.startswith("Host:"):
            found["status of NG"] = found.pop(name, [])
            name = "status of NG"
        found.setdefault(name, [] if name != "part" else [LEFT_OUT])
        if not line.startswith(PROMPT):
            found[name].append(line)
    return found


@pytest.mark.parametrize("file", FILES)
def test_a_transcript_shows_what_the_commands_print(file: str) -> None:
    real = {name: frame(lines) for name, lines in printed().items()}
    real["part"] = real["plan"]
    seen = set()
    for block in blocks((REPO / file).read_text("utf-8")):
        for name, lines in told(block).items():
            shown = frame(lines)
            assert fits(shown, real[name]), f"{name}: {shown} is not of {real[name]}"
            seen.add(name)
    assert {"plan", "apply", "status", "status of NG", "rollback"} <= seen


def test_a_line_more_or_less_is_seen() -> None:
    assert fits(["a", "b"], ["a", "b", "c"]) and fits(["a", LEFT_OUT, "c"], ["a", "b", "c"])
    assert not fits(["a", "c"], ["a", "b", "c"]) and not fits(["a", "b"], ["a"])


def test_both_files_tell_of_one_run() -> None:
    readme, guide = ({line for block in blocks((REPO / file).read_text("utf-8"))
                      for line in block if line.startswith(("Run ", "VERIFIED", "Checks (",
                                                            "  time", "  space"))}
                     for file in FILES)
    assert guide and guide <= readme


def test_a_log_of_the_demo_fills_them() -> None:
    text = ("<!-- transcript -->\n```\n[root@n ~]# ng2coreos plan\n  time  92 s on NG\n…\n"
            "Checks (4 of 4 ok):\nGone: 1\n```\n<!-- /transcript -->\n")
    log = ["noise", "  time  2 min on NG", "  more", "Checks (48 of 48 ok):", "  time  1 s on NG"]
    made, missing = refreshed(text, log)
    assert made == text.replace("92 s", "2 min").replace("4 of 4", "48 of 48")
    assert missing == ["Gone: 1"]
