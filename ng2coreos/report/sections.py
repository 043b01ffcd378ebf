"""The parts of a report that come from the plan and the run's journal."""

import hashlib
import re
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ng2coreos.model import codec
from ng2coreos.model.finding import Finding, Kind, RemedyStep, Severity, StepKind
from ng2coreos.model.item import Item
from ng2coreos.model.plan import Change, Plan
from ng2coreos.model.state import Attempt
from ng2coreos.report.downtime import downtime
from ng2coreos.report.predicted import inodes, predictions
from ng2coreos.report.verdict import ordered

Part = Dict[str, Any]
Records = Sequence[Mapping[str, Any]]
_EVIDENCE = re.compile(r"(/[^\s:]*)(?::(\d+))?:\s(.*)", re.DOTALL)
_KINDS = ("inhibitor", "overridable", "error", "warning", "info")
_STATES = {"intent": "running", "done": "done", "undo": "undoing", "undone": "undone"}
# all volumes of NG but these are snapshotted or left alone: what was written to them stays written
_NOT_REVERTED = "what the new system writes to file systems that both mount (see findings)"


def host(plan: Plan) -> Part:
    """Which host, as far as a reader of the report needs it; the machine's id only as a digest."""
    source, picture = plan.source, plan.picture
    found: Part = {"fqdn": source.fqdn, "machine_id_hash": hashlib.sha256(
        b"ng2coreos:" + source.machine_id.encode("utf-8", "replace")).hexdigest()}
    if picture is not None:
        found.update(arch=picture.arch, firmware=picture.firmware, kernel=picture.kernel,
                     secure_boot=picture.secure_boot)
    return found


def plan_parts(plan: Plan, records: Records, attempts: Sequence[Attempt] = ()) -> Part:
    """Everything of the plan but its findings."""
    decisions, source, target = plan.decisions, plan.source, plan.target
    changes = _changes(plan.changes, records)
    made: Part = {
        "source": {"product": source.product, "layer": source.layer, "base": source.base,
                   "vg": source.vg, "pool": source.pool, "packages_total": source.packages_total,
                   "packages_added": list(source.packages_added)},
        "target": {"ref": target.ref, "commit": target.commit, "version": target.version,
                   "origin": target.source.location, "kernel_version": target.kernel_version,
                   "ignition_version": target.ignition_version,
                   "signature": {"verified": target.signed, "key": target.signature_key}},
        "policy": codec.dump(plan.policy), "steps": _steps(changes), "changes": changes,
        "items": [_item(i) for i in sorted(decisions.items, key=lambda i: (
            i.path or i.source, i.source))],
        "identities": {
            "users": [codec.dump(c) for c in sorted(decisions.identities.users,
                                                    key=lambda c: c.name)],
            "groups": [codec.dump(c) for c in sorted(decisions.identities.groups,
                                                     key=lambda c: c.name)],
            "passwords": sorted(decisions.identities.passwords)},
        "kernel_args": [codec.dump(a) for a in decisions.kernel_args],
        "units": [codec.dump(u) for u in sorted(decisions.units, key=lambda u: u.unit)],
        "checks": [{"id": c.id, "kind": c.kind, "title": c.title, "health": c.health}
                   for c in sorted(decisions.checks, key=lambda c: (not c.health, c.id))],
        "storage": {
            "volumes": [codec.dump(v) for v in sorted(decisions.volumes, key=lambda v: v.mount)],
            "trees": [codec.dump(t) for t in sorted(decisions.trees, key=lambda t: t.source)],
            "removed_by_finalize": list(source.ng_volumes),
            "predictions": predictions(plan, changes), "inodes": inodes(plan, changes)},
        "downtime": downtime_of(plan, records, attempts),
        "rollback": {"available": True, "until": "finalize",
                     "boot_entry": decisions.boot.saved_entry, "command": ["ng2coreos", "rollback"],
                     "not_reverted": [_NOT_REVERTED]}}
    if plan.picture is not None:
        picture = codec.dump(plan.picture)
        made["packages"] = {"added": picture["packages"], "removed": picture["packages_removed"],
                            "target_total": picture["target_packages"]}
        made["storage"]["before"] = picture["disk"]
        made["network"] = {"links": picture["links"]}
    return made


def downtime_of(plan: Plan, records: Records, attempts: Sequence[Attempt]) -> Part:
    """The downtime as the plan predicts it, and as the journal and the trials measured it."""
    need = plan.decisions.prediction
    return downtime(need.restart, need.reboots, attempts,
                    next((str(r.get("at", "")) for r in reversed(records)
                          if r.get("event") == "finished"), ""))


def findings(plan: Plan) -> List[Part]:
    """The findings, the gravest first."""
    return [_finding(found, plan.policy.overrides.get(found.id, ""))
            for found in ordered(plan.decisions.findings)]


def failure(id: str, title: str, summary: str, hint: str, evidence: Sequence[str] = ()) -> Part:
    """What went wrong as a finding of kind ``error``: one list tells all."""
    return {"id": id, "instance": _digest(id, summary), "kind": "error",
            "severity": Severity.HIGH.value, "groups": [_group(id)], "title": title,
            "summary": summary, "evidence": [_evidence(text) for text in evidence],
            "resources": [], "doc": f"docs/findings.md#{id.lower()}", "remediations": [
                {"type": "hint", "text": hint, "safe": True, "reboot": False}] if hint else []}


def summary(found: Sequence[Part], plan: Optional[Plan], records: Records) -> Part:
    """The numbers that a list of many hosts shows."""
    kinds: Dict[str, int] = dict.fromkeys(_KINDS, 0)
    groups: Dict[str, int] = {}
    for finding in found:
        kinds[finding["kind"]] += 1
        for group in finding["groups"]:
            groups[group] = groups.get(group, 0) + 1
    made: Part = {"kinds": kinds, "groups": dict(sorted(groups.items()))}
    if plan is not None:
        need = plan.decisions.prediction
        measured = sum(float(r.get("seconds", 0.0)) for r in records if r.get("event") == "done")
        made.update(predicted_s=need.seconds, downtime_s=need.downtime_s, reboots=need.reboots,
                    bytes=need.pool_bytes + need.boot_bytes,
                    measured_s=round(measured, 3) if records else None)
    return made


def _finding(found: Finding, reason: str) -> Part:
    part: Part = {
        "id": found.id, "instance": _digest(found.id, *found.resources), "kind": found.kind.value,
        "severity": found.weight.value, "groups": [_group(found.id)], "title": found.title,
        "summary": found.summary, "evidence": [_evidence(text) for text in found.evidence],
        "resources": [_resource(name) for name in found.resources],
        "remediations": [_remedy(step) for step in found.steps] or (
            [_remedy(RemedyStep(StepKind.HINT, found.remedy))] if found.remedy else []),
        "doc": f"docs/findings.md#{found.id.lower()}"}
    if found.kind is Kind.OVERRIDABLE:
        part["override"] = {"key": found.id, "used": bool(reason), "reason": reason}
    return part


def _group(id: str) -> str:
    words = id.split("_")
    return words[1].lower() if words[0] == "N2C" and len(words) > 1 else "plugin"


def _evidence(text: str) -> Part:
    match = _EVIDENCE.fullmatch(text)
    if match is None:
        return {"excerpt": text}
    line = {"line": int(match.group(2))} if match.group(2) else {}
    return {"source": match.group(1), **line, "excerpt": match.group(3)}


def _resource(name: str) -> Part:
    scheme, colon, rest = name.partition(":")
    return {"scheme": scheme, "id": rest} if colon else {"scheme": "other", "id": name}


def _remedy(step: RemedyStep) -> Part:
    part: Part = {"type": step.kind.value, "text": step.text, "safe": step.safe,
                  "reboot": step.reboot}
    if step.argv:
        part["argv"] = list(step.argv)
    if step.answer:
        part["answer"] = dict(step.answer)
    return part


def _changes(changes: Sequence[Change], records: Records) -> List[Part]:
    """The plan's list, ticked off as the journal says."""
    told: Dict[str, Part] = {}
    for record in records:
        event, id = record.get("event", ""), record.get("change", "")
        if event in _STATES and id:
            state = told.setdefault(id, {"attempts": 0})
            state["status"] = _STATES[event]
            if event == "intent":
                state.update(attempts=state["attempts"] + 1, started=record.get("at", ""))
            elif event == "done":
                state.update(measured_s=record.get("seconds", 0.0), result=record.get("result", {}),
                             taken=record.get("taken", {}))
    return [{"id": c.id, "step": c.step, "summary": c.summary, "bytes": c.bytes,
             "predicted_s": c.seconds, "measured_s": None, "status": "pending", "started": "",
             "result": {}, "taken": {}, "attempts": 0, **told.get(c.id, {})} for c in changes]


def _steps(changes: Sequence[Part]) -> List[Part]:
    """The changes by step, in order."""
    grouped: Dict[str, List[Part]] = {}
    for change in changes:
        grouped.setdefault(change["step"], []).append(change)
    return [{"id": id, "status": _status([c["status"] for c in mine]),
             "predicted_s": sum(c["predicted_s"] for c in mine),
             "measured_s": round(sum(c["measured_s"] for c in mine), 3)
             if all(c["measured_s"] is not None for c in mine) else None,
             "changes": [c["id"] for c in mine]} for id, mine in grouped.items()]


def _status(states: Sequence[str]) -> str:
    if len(set(states)) == 1:
        return states[0]
    return next((s for s in ("undoing", "undone", "running") if s in states), "running")


def _item(item: Item) -> Part:
    return {"path": item.path, "source": item.source, "kind": item.kind,
            "outcome": item.outcome.value, "reason": item.reason, "rule": item.rule,
            "owner": item.owner, "group": item.group, "mode": f"{item.mode:04o}",
            "sha256": item.sha256, "bytes": item.size_bytes, "link": item.link,
            "secret": item.secret}


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()
