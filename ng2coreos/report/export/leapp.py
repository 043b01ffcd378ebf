"""The report as leapp's report schema 1.2.0 has it, which Satellite, Cockpit and analyzers read."""

import shlex
from typing import Any, Dict, List

Report = Dict[str, Any]
# leapp's own group names, which its readers look for
_GROUPS = {"inhibitor": "inhibitor", "overridable": "inhibitor", "error": "error"}


def leapp(report: Report) -> Report:
    """The findings as entries; `key` is the finding's id, which never changes."""
    at = report["run"]["finished"] or report["run"]["planned"] or "1970-01-01T00:00:00Z"
    return {"leapp_run_id": report["run"]["id"],
            "entries": [_entry(report, found, at) for found in report["findings"]]}


def overridden(finding: Report) -> bool:
    """Was the finding accepted by the admin?"""
    return bool(finding.get("override", {}).get("used"))


def _entry(report: Report, found: Report, at: str) -> Report:
    groups = list(found["groups"])
    if found["kind"] in _GROUPS and not overridden(found):
        groups.append(_GROUPS[found["kind"]])
    entry: Report = {
        "hostname": report["host"]["fqdn"], "severity": found["severity"], "timeStamp": at,
        "title": found["title"], "actor": f"ng2coreos.{found['groups'][0]}",
        "summary": _summary(found), "audience": "sysadmin", "groups": groups, "key": found["id"],
        "id": found["instance"]}
    detail: Report = {}
    if found["resources"]:
        detail["related_resources"] = [{"scheme": r["scheme"], "title": r["id"]}
                                       for r in found["resources"]]
    remedies = [_remedy(step) for step in found["remediations"]]
    if remedies:
        detail["remediations"] = remedies
    if detail:
        entry["detail"] = detail
    return entry


def _summary(found: Report) -> str:
    lines: List[str] = [found["summary"]]
    for evidence in found["evidence"]:
        place = evidence.get("source", "")
        line = f":{evidence['line']}" if "line" in evidence else ""
        lines.append(f"- {place}{line}: {evidence['excerpt']}" if place
                     else f"- {evidence['excerpt']}")
    if overridden(found):
        lines.append(f"Overridden: {found['override']['reason']}")
    return "\n".join(lines)


def _remedy(step: Report) -> Report:
    """A command keeps its words; leapp knows no answers, so these become hints."""
    if step["type"] == "command":
        return {"type": "command", "context": list(step["argv"])}
    if step["type"] == "answer":
        answers = ", ".join(f"{key}: {value}" for key, value in step["answer"].items())
        words = f"In the answers file: {answers}. {step['text']}"
        return {"type": "hint", "context": words.strip()}
    return {"type": step["type"], "context": step["text"] or shlex.join(step.get("argv", ()))}
