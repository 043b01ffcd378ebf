"""Whether a run may go on: its plan still fits the host, and no finding stands against it."""

from typing import Optional, Sequence

from ng2coreos import inventory
from ng2coreos import plan as deciding
from ng2coreos.core.errors import Blocked, NeedsAnswer, StalePlan
from ng2coreos.core.host import Host
from ng2coreos.model.facts import HostFacts
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
        remedies = [f.remedy for f in open_ones if f.remedy] or ["Mend it."]
        raise NeedsAnswer("; ".join(f"{f.id}: {f.title}" for f in open_ones) + ".",
                          hint=" ".join((*remedies, "Or accept it with --override ID=REASON.")))


def refuse_stale(host: Host, ready: Plan, *, hint: str = "Make a new plan.") -> HostFacts:
    """The host's facts; StalePlan when it is no longer what the plan was made for."""
    facts = inventory.read(host, deciding.load_plugins())
    if facts.machine_id != ready.source.machine_id:
        raise StalePlan(f"The plan was made for another host ({ready.source.fqdn}).",
                        hint="Make a plan on this host.")
    changed = deciding.changed_parts(ready.source.digests, deciding.digests(facts))
    if changed:
        raise StalePlan(f"The host has changed since the plan was made: {', '.join(changed)}.",
                        hint=hint)
    return facts
