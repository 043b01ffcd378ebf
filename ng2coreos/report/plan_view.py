"""A plan for a reader: the verdict first, then what to do, then what will become of everything.

Two plans of one host differ only where the host, the target or the choices differ: every list is
in a fixed order.  Nothing secret is shown.
"""

import shlex
from typing import Dict, List, Tuple

from ng2coreos.model import codec
from ng2coreos.model.finding import Finding, Kind, RemedyStep, StepKind
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Decisions, Plan
from ng2coreos.report.downtime import told
from ng2coreos.report.redact import redact_data, redact_plan
from ng2coreos.report.table import duration, harmless, human, paragraph, table
from ng2coreos.report.verdict import ORDER, Judgement, judge, ordered

_COMMIT_SHOWN = 16


def plan_text(plan: Plan) -> str:
    """The plan as text; the verdict stands in the first ten lines."""
    plan = _shown(plan)  # before the layout: a secret that a line break cuts is found by nobody
    parts = [_head(plan, judge(plan)), _findings(plan), _volumes(plan.decisions),
             _items(plan.decisions), _identities(plan.decisions), _arguments(plan.decisions),
             _units(plan.decisions), _boot(plan), _prediction(plan), _downtime(plan),
             _checks(plan.decisions), _changes(plan)]
    blocks = ("\n".join(harmless(line) for line in lines) for lines in parts if lines)
    return "\n\n".join(blocks) + "\n"


def _shown(plan: Plan) -> Plan:
    return codec.load(Plan, redact_data(codec.dump(redact_plan(plan))))


def _head(plan: Plan, judgement: Judgement) -> List[str]:
    target, source, prediction = plan.target, plan.source, plan.decisions.prediction
    signed = f"signed by {target.signature_key}" if target.signed else "NOT SIGNED"
    counts = [f"{sum(f.kind is kind for f in plan.decisions.findings)} {kind.value}"
              for kind in ORDER]
    ids = ", ".join(sorted({f.id for f in judgement.because}))
    return [
        f"{judgement.verdict.value.upper()}: {judgement.text}" + (f" ({ids})" if ids else ""),
        f"  host      {source.fqdn}: {source.product}, layer {source.layer or 'unknown'}",
        f"  target    {target.ref} {target.version}, commit {target.commit[:_COMMIT_SHOWN]}, "
        f"{signed}",
        f"  time      {duration(prediction.seconds)} on NG, then about "
        f"{duration(prediction.downtime_s)} down with {prediction.reboots} reboots",
        f"  space     pool {human(prediction.pool_bytes)} of {human(prediction.pool_free_bytes)} "
        f"free, /boot {human(prediction.boot_bytes)} of {human(prediction.boot_free_bytes)} free",
        f"  findings  {', '.join(counts)}",
        f"  run       {plan.run_id}, planned {plan.created} by ng2coreos {plan.tool_version}"]


def _findings(plan: Plan) -> List[str]:
    reasons = plan.policy.overrides
    lines = [line for finding in ordered(plan.decisions.findings)
             for line in _finding(finding, reasons.get(finding.id, ""))]
    return ["What you should know and do:", *lines] if lines else []


def _finding(finding: Finding, reason: str) -> List[str]:
    shout = finding.kind in (Kind.INHIBITOR, Kind.OVERRIDABLE)
    kind = finding.kind.value.upper() if shout else finding.kind.value
    lines = [f"  [{kind}] {finding.title} ({finding.id})", *paragraph(finding.summary, indent=6)]
    if finding.resources:
        lines += paragraph(", ".join(finding.resources), indent=10, first="      on: ")
    for evidence in finding.evidence:
        first, *more = evidence.split("\n")  # the lines of a difference stay lines
        lines += paragraph(first, indent=12, first="      seen: ")
        lines += [" " * 12 + line for line in more]
    if finding.remedy:
        lines += paragraph(finding.remedy, indent=10, first="      do: ")
    for step in finding.steps:
        lines += _step(step)
    if finding.kind is Kind.OVERRIDABLE:
        lines += paragraph(reason, indent=10, first="      overridden: ") if reason else [
            f"      or: --override {finding.id}=REASON"]
    return lines


def _step(step: RemedyStep) -> List[str]:
    note = (" (changes nothing)" if step.safe else "") + (" (reboots)" if step.reboot else "")
    if step.kind is StepKind.COMMAND:
        return [f"      run: {shlex.join(step.argv)}{note}"]
    if step.kind is StepKind.ANSWER:
        answers = ", ".join(f"{key}: {value}" for key, value in sorted(step.answer.items()))
        return [f"      answer: {answers}" + (f"  # {step.text}" if step.text else "")]
    if step.kind is StepKind.PLAYBOOK:
        return [f"      playbook: {step.text}"]
    return []  # a hint is the remedy in other words


def _volumes(decisions: Decisions) -> List[str]:
    rows = [(v.mount, v.name, human(v.size_bytes), v.fstype,
             f"snapshot of {v.origin}" if v.origin else ("new, thick" if v.thick else "new"))
            for v in sorted(decisions.volumes, key=lambda v: v.mount)]
    trees = [f"  {tree.source} is copied to {tree.path} in {tree.volume}"
             for tree in sorted(decisions.trees, key=lambda t: t.source)]
    return _section("Volumes of the new system (NG's own are never written):",
                    [*table(("mount", "volume", "size", "fs", "from"), rows), *trees])


def _items(decisions: Decisions) -> List[str]:
    grouped: Dict[Outcome, List[Item]] = {outcome: [] for outcome in Outcome}
    for item in sorted(decisions.items, key=lambda i: (i.path, i.source)):
        grouped[item.outcome].append(item)
    lines: List[str] = []
    for outcome, items in grouped.items():
        if items:
            total = sum(item.size_bytes for item in items)
            lines += [f"  {outcome.value} ({len(items)}, {human(total)}):",
                      *table(("path", "kind", "owner", "mode", "rule", "reason"),
                             [_item(item) for item in items], indent=4)]
    return _section("What becomes of NG's state:", lines)


def _item(item: Item) -> Tuple[str, ...]:
    moved = f" (from {item.source})" if item.source and item.source != item.path else ""
    secret = "secret; " if item.secret else ""
    if item.outcome is Outcome.DROPPED or item.kind == "absent":
        return item.source or item.path, item.kind, "", "", item.rule, f"{secret}{item.reason}"
    return (item.path, item.kind, f"{item.owner}:{item.group}", f"{item.mode:04o}", item.rule,
            f"{secret}{item.reason}{moved}")


def _identities(decisions: Decisions) -> List[str]:
    identities = decisions.identities
    rows = [(kind, change.name, str(change.source_id), str(change.target_id), change.action)
            for kind, changes in (("user", identities.users), ("group", identities.groups))
            for change in sorted(changes, key=lambda c: c.name) if change.action != "same"]
    same = sum(c.action == "same" for c in (*identities.users, *identities.groups))
    lines = table(("", "name", "on NG", "new", "how"), rows)
    if same:
        lines.append(f"  {same} more have the same number on both systems.")
    if identities.passwords:
        lines += paragraph("Passwords go along for: " + ", ".join(sorted(identities.passwords)),
                           indent=2)
    return _section("Users and groups (owners are carried by name):", lines)


def _arguments(decisions: Decisions) -> List[str]:
    rows = [(a.action.value, a.arg or "-", a.result or "-", a.reason)
            for a in decisions.kernel_args]
    return _section("Kernel arguments:", table(("", "on NG", "new", "why"), rows))


def _units(decisions: Decisions) -> List[str]:
    rows = [(u.action, u.unit, u.reason) for u in sorted(decisions.units, key=lambda u: u.unit)]
    return _section("Units:", table(("", "unit", "why"), rows))


def _boot(plan: Plan) -> List[str]:
    boot, policy = plan.decisions.boot, plan.policy
    trials = "one trial boot" if policy.trial_boots == 1 else f"{policy.trial_boots} trial boots"
    lines = [
        f"  {trials}, each of them once; any reset before the confirmation boots NG "
        f"({boot.saved_entry or 'its first entry'}).",
        f"  Health within {duration(policy.health_deadline_s)}, else NG; a hanging trial ends "
        f"after {duration(policy.deadman_s)}.",
        "  Confirmed by itself after the last healthy trial." if policy.confirm == "auto"
        else "  You confirm: ng2coreos confirm on the new system.",
        f"  Changed of NG: one block in {boot.custom_cfg}, variables in {boot.grubenv}."]
    if boot.drop_units:
        lines += paragraph("Left out of the first boot: " + ", ".join(sorted(boot.drop_units)),
                           indent=2)
    return _section("Boot:", lines)


def _prediction(plan: Plan) -> List[str]:
    p = plan.decisions.prediction
    rows = [("pool data", human(p.pool_bytes), human(p.pool_margin_bytes),
             human(p.pool_free_bytes), f"{human(p.pool_reserve_bytes)} stay in reserve"),
            ("pool metadata", human(p.metadata_bytes), human(p.metadata_margin_bytes), "", ""),
            ("/boot", human(p.boot_bytes), human(p.boot_margin_bytes), human(p.boot_free_bytes),
             f"{p.boot_inodes} inodes")]
    lines = table(("", "expected", "margin", "free", ""), rows)
    if p.root_inodes:
        lines.append(f"  {p.root_inodes} inodes on the new root")
    return _section("Space:", lines)


def _downtime(plan: Plan) -> List[str]:
    need = plan.decisions.prediction
    rows = [(part.what, duration(part.seconds), told(codec.dump(part))) for part in need.restart]
    return _section(f"Downtime, of each of {need.reboots} restarts:",
                    table(("part", "takes", ""), rows))


def _checks(decisions: Decisions) -> List[str]:
    ordered_checks = sorted(decisions.checks, key=lambda c: (not c.health, c.id))
    rows = [("waited for" if c.health else "looked at", c.title, c.kind) for c in ordered_checks]
    return _section("What the new system must prove:", table(("", "check", "kind"), rows))


def _changes(plan: Plan) -> List[str]:
    rows = [(str(number), change.id, change.summary, duration(change.seconds),
             human(change.bytes) if change.bytes else "")
            for number, change in enumerate(plan.changes, 1)]
    return _section("What the run does, in this order:",
                    table(("", "change", "what", "takes", ""), rows))


def _section(title: str, lines: List[str]) -> List[str]:
    return [title, *lines] if lines else []
