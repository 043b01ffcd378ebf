"""The verdict on a plan: may it run, and if not, what stands against it."""

from dataclasses import dataclass
from enum import Enum
from typing import Tuple

from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.plan import Plan

ORDER = (Kind.INHIBITOR, Kind.OVERRIDABLE, Kind.WARNING, Kind.INFO)


class Verdict(Enum):
    """What the plan comes to."""

    READY = "ready"
    READY_WITH_OVERRIDES = "ready-with-overrides"
    NEEDS_ANSWER = "needs-answer"
    BLOCKED = "blocked"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Judgement:
    """The verdict, in one sentence for the admin, with the findings that it rests on."""

    verdict: Verdict
    text: str
    because: Tuple[Finding, ...] = ()


def judge(plan: Plan) -> Judgement:
    """The verdict on `plan`; the worst reason wins."""
    decisions = plan.decisions
    overrides = set(plan.policy.overrides)
    opened = tuple(f for f in decisions.overridables if f.id not in overrides)
    used = tuple(f for f in decisions.overridables if f.id in overrides)
    if plan.incomplete is not None:
        return Judgement(Verdict.INCOMPLETE, f"This plan cannot be run: {plan.incomplete}")
    if decisions.inhibitors:
        return Judgement(Verdict.BLOCKED, f"{_count(len(decisions.inhibitors))} against the move. "
                         "Nothing can be run before that is mended.", decisions.inhibitors)
    if opened:
        return Judgement(Verdict.NEEDS_ANSWER, f"{_count(len(opened))} against the move unless you "
                         "override it by its id.", opened)
    if used:
        return Judgement(Verdict.READY_WITH_OVERRIDES, "Nothing else stands against the move, with "
                         "your overrides.", used)
    return Judgement(Verdict.READY, "Nothing stands against the move.")


def ordered(findings: Tuple[Finding, ...]) -> Tuple[Finding, ...]:
    """The findings, the worst kind first, then by id and resource: the same order every time."""
    return tuple(sorted(findings, key=lambda f: (ORDER.index(f.kind), f.id, f.resources, f.title)))


def _count(number: int) -> str:
    return "One finding stands" if number == 1 else f"{number} findings stand"
