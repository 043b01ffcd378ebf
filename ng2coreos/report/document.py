"""The report: one JSON document for every command, which all other views are made from.

Its shape is data/schema/report-1.0.json. The same input gives the same bytes, every list has an
order of its own, and nothing in it is secret. A part that the command knows nothing of is left out.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ng2coreos import __version__
from ng2coreos.core.errors import Exit
from ng2coreos.model import codec
from ng2coreos.model.plan import Plan
from ng2coreos.model.proof import Verification
from ng2coreos.model.state import Attempt
from ng2coreos.report import sections
from ng2coreos.report.redact import redact_data, redact_plan
from ng2coreos.report.verdict import judge

Report = Dict[str, Any]
ID, VERSION = "ng2coreos-report", "1.0"
_VERDICTS = {"untouched": "untouched", "prepared": "interrupted", "staged": "staged",
             "switched": "trial", "migrated": "migrated", "rolled-back": "rolled-back",
             "inconsistent": "failed"}


@dataclass(frozen=True)
class Trouble:
    """Why the command did not do what it was asked for."""

    type: str
    message: str
    hint: str


@dataclass(frozen=True)
class Occasion:
    """Which command the report is about, and how it ended."""

    command: str
    host_state: str
    exit_code: int = 0
    argv: Tuple[str, ...] = ()
    started: str = ""
    finished: str = ""
    boot_id: str = ""
    fqdn: str = ""
    phase: str = ""
    text: str = ""
    next: str = ""
    run_id: str = ""
    reboot_required: bool = False
    trouble: Optional[Trouble] = None
    attempts: Tuple[Attempt, ...] = ()
    proof: Optional[Verification] = None
    records: Sequence[Mapping[str, Any]] = field(default_factory=tuple)  # the run's journal


def document(occasion: Occasion, plan: Optional[Plan] = None) -> Report:
    """The report of one command; with `plan` its whole content."""
    shown = redact_plan(plan) if plan is not None else None
    made: Report = {
        "schema": {"id": ID, "version": VERSION}, "run": _run(occasion, shown),
        "host": sections.host(shown) if shown else {"fqdn": occasion.fqdn},
        "verdict": _verdict(occasion, shown), "text": _text(occasion, shown),
        "next": occasion.next, "host_state": occasion.host_state, "phase": occasion.phase,
        "exit_code": int(occasion.exit_code), "reboot_required": occasion.reboot_required}
    findings: List[Dict[str, Any]] = []
    if shown is not None:
        made.update(sections.plan_parts(shown, occasion.records, occasion.attempts))
        findings = sections.findings(shown)
    if occasion.trouble is not None:
        trouble = occasion.trouble
        made["error"] = {"type": trouble.type, "message": trouble.message, "hint": trouble.hint}
        if not _told_by_findings(occasion):
            findings.insert(0, sections.failure("N2C_RUN_FAILED", f"{trouble.type}: it failed",
                                                trouble.message, trouble.hint))
    findings[:0] = _on_the_new_system(occasion)
    made["findings"] = findings
    made["summary"] = sections.summary(findings, shown, occasion.records)
    if occasion.attempts:
        made["attempts"] = [codec.dump(attempt) for attempt in occasion.attempts]
    if occasion.proof is not None:
        made["proof"] = _proof(occasion.proof)
    clean: Report = _clean(redact_data(made))
    return clean


def dumps(report: Report) -> str:
    """The report as JSON text, the same for the same report."""
    return json.dumps(report, indent=1, ensure_ascii=True) + "\n"


def _on_the_new_system(occasion: Occasion) -> List[Dict[str, Any]]:
    """What the new system did not prove, as findings of kind error."""
    found: List[Dict[str, Any]] = []
    if occasion.proof is not None and occasion.proof.failed:
        failed = occasion.proof.failed
        found.append(sections.failure(
            "N2C_RUN_UNPROVED", "The new system is not as it must be",
            f"{len(failed)} of {len(occasion.proof.proofs)} checks and items are wrong.",
            "Mend what is listed, or go back with `ng2coreos rollback`.",
            [f"{p.title}: {p.detail}" for p in failed]))
    if occasion.exit_code == Exit.FELL_BACK and occasion.command == "status":
        why = occasion.attempts[-1].failures if occasion.attempts else ()
        found.append(sections.failure(
            "N2C_RUN_FELL_BACK", "The new system was tried, and NG is back", occasion.text,
            occasion.next, ["\n".join((f"{f.title}: {f.detail}", *f.log)) for f in why]))
    return found


def _told_by_findings(occasion: Occasion) -> bool:
    """Do the plan's own findings say why it may not be run?"""
    return occasion.command == "plan" and occasion.exit_code in (Exit.BLOCKED, Exit.NEEDS_ANSWER,
                                                                Exit.WARNINGS)


def _run(occasion: Occasion, plan: Optional[Plan]) -> Dict[str, Any]:
    return {
        "id": occasion.run_id or (plan.run_id if plan else ""), "command": occasion.command,
        "argv": list(occasion.argv), "tool_version": plan.tool_version if plan else __version__,
        "planned": plan.created if plan else "", "started": occasion.started,
        "finished": occasion.finished, "boot_id": occasion.boot_id}


def _verdict(occasion: Occasion, plan: Optional[Plan]) -> str:
    if occasion.command == "plan" and plan is not None:
        return judge(plan).verdict.value
    if occasion.command == "status" and occasion.exit_code == Exit.LOCKED:
        return "running"
    if occasion.exit_code in (Exit.OK, Exit.WARNINGS, Exit.INTERRUPTED, Exit.FELL_BACK):
        return _VERDICTS[occasion.host_state]
    if occasion.exit_code in (Exit.ROLLED_BACK, Exit.NO_SPACE):
        return "rolled-back"
    return {Exit.BLOCKED: "blocked", Exit.NEEDS_ANSWER: "needs-answer"}.get(
        Exit(occasion.exit_code), "failed")


def _text(occasion: Occasion, plan: Optional[Plan]) -> str:
    if occasion.text:
        return occasion.text
    if occasion.trouble is not None and not (plan and _told_by_findings(occasion)):
        return occasion.trouble.message
    return judge(plan).text if plan is not None else ""


def _proof(proof: Verification) -> Dict[str, Any]:
    return {"made": proof.made, "boot_id": proof.boot_id, "commit": proof.commit,
            "version": proof.version, "failed": len(proof.failed),
            "proofs": [codec.dump(p) for p in sorted(proof.proofs, key=lambda p: (p.ok, p.id))]}


def _clean(data: Any) -> Any:
    """JSON data in which every text is UTF-8; what is not has a twin, KEY_b64, with its bytes."""
    if isinstance(data, dict):
        made: Dict[str, Any] = {}
        for key, value in data.items():
            made[_utf8(key)] = _clean(value)
            if isinstance(value, str) and _raw(value):
                raw = value.encode("utf-8", "surrogateescape")
                made[f"{_utf8(key)}_b64"] = base64.b64encode(raw).decode()
        return made
    if isinstance(data, (list, tuple)):
        return [_clean(value) for value in data]
    return _utf8(data) if isinstance(data, str) else data


_SURROGATE = re.compile("[\ud800-\udfff]")


def _raw(text: str) -> bool:
    return _SURROGATE.search(text) is not None and not re.search("[\ud800-\udc7f\udd00-\udfff]",
                                                                 text)


def _utf8(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)
