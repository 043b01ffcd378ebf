"""The report as the tasks of Red Hat Insights show it (their "oamg-format")."""

from typing import Any, Dict

from ng2coreos.report.export.leapp import leapp, overridden

Report = Dict[str, Any]
FORMAT_ID, FORMAT_VERSION = "oamg-format", "1.0"
_LEVELS = {"SUCCESS": 0, "INFO": 1, "WARNING": 5, "ERROR": 10}  # findings_level: 0 to 10
_BLOCKS = ("inhibitor", "overridable")


def insights(report: Report, text: str = "") -> Report:
    """One task's result; `text` is the report for people."""
    entries = leapp(report)["entries"]
    for entry, found in zip(entries, report["findings"]):
        if overridden(found):
            continue
        if found["kind"] in _BLOCKS:
            entry["severity"] = "inhibitor"
        elif found["kind"] == "error":
            entry["severity"] = "error"
    status = _status({entry["severity"] for entry in entries})
    return {
        "status": status, "alert": status == "ERROR", "error": "error" in report,
        "message": f"{report['verdict']}: {report['text']}", "report": text,
        "report_json": {"entries": entries, "tasks_format_version": FORMAT_VERSION,
                        "tasks_format_id": FORMAT_ID},
        "findings_level": _LEVELS[status]}


def _status(severities: "set[str]") -> str:
    if severities & {"inhibitor", "error", "high"}:
        return "ERROR"
    if severities & {"medium", "low"}:
        return "WARNING"
    return "INFO" if severities else "SUCCESS"
