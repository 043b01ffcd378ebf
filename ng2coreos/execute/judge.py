"""Whether findings stand against a run: the plan's own, or those of this moment."""

from typing import Optional, Sequence

from ng2coreos.core.errors import Blocked, NeedsAnswer
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.plan import Plan


def judge(ready: Plan, findings: Optional[Sequence[Finding]] = None) -> None:
    """Raise Blocked or NeedsAnswer when `findings` (the plan's) stand against its run."""
    found = ready.decisions.findings if findings is None else findings
    against = [f for f in found if f.kind is Kind.INHIBITOR]
    if against:
        raise Blocked("; ".join(f"{f.id}: {f.title}" for f in against) + ".",
                      hint="; ".join(f.remedy for f in against if f.remedy) or "See the plan.")
    open_ones = [f for f in found
                 if f.kind is Kind.OVERRIDABLE and f.id not in ready.policy.overrides]
    if open_ones:
        raise NeedsAnswer("; ".join(f"{f.id}: {f.title}" for f in open_ones) + ".",
                          hint="Mend it, or accept it with --override ID=REASON.")
