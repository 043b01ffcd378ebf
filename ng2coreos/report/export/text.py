"""A report's findings as text, for whoever has the report only."""

import shlex
from typing import Any, Dict, List

from ng2coreos.report.downtime import restart_rows
from ng2coreos.report.table import duration, harmless, human, off, paragraph, table


def report_text(report: Dict[str, Any]) -> str:
    """The verdict in the first lines, then what to do; `plan` and `status` tell more on a host."""
    summary, run = report["summary"], report["run"]
    lines = [f"{report['verdict'].upper()}: {report['text']}",
             f"  host      {report['host']['fqdn']}"]
    if "predicted_s" in summary:
        lines += [f"  time      {duration(summary['predicted_s'])} on NG, then about "
                  f"{duration(summary['downtime_s'])} down with {summary['reboots']} reboots",
                  f"  writes    {human(summary['bytes'])}"]
    counts = ", ".join(f"{n} {kind}" for kind, n in summary["kinds"].items())
    lines += [f"  findings  {counts}",
              f"  run       {run['id']}, {run['command']}, {run['finished'] or run['planned']}"]
    for finding in report["findings"]:
        lines += ["", *_finding(finding)]
    lines += _predicted(report)
    return "\n".join(harmless(line) for line in lines) + "\n"


def _finding(finding: Dict[str, Any]) -> List[str]:
    lines = [f"[{finding['kind']}] {finding['title']} ({finding['id']})",
             *paragraph(finding["summary"], indent=4)]
    for step in finding["remediations"]:
        lines += paragraph(shlex.join(step["argv"]) if step["type"] == "command" else step["text"],
                           indent=8, first="    do: ")
    return lines


def _predicted(report: Dict[str, Any]) -> List[str]:
    """What was expected of a run that has ended beside what it took."""
    space = [(p["what"], human(p["need_bytes"]), human(p["measured_bytes"]),
              off(p["need_bytes"], p["measured_bytes"]))
             for p in report.get("storage", {}).get("predictions", ())
             if p.get("measured_bytes") is not None]
    space += [(f"inodes, {p['what']}", str(p["need"]), str(p["measured"]),
               off(p["need"], p["measured"]))
              for p in report.get("storage", {}).get("inodes", ()) if p["measured"] is not None]
    times = [(f"time of {s['id']}", duration(s["predicted_s"]), duration(s["measured_s"]),
              off(s["predicted_s"], s["measured_s"]))
             for s in report.get("steps", ()) if s["measured_s"] is not None]
    times += restart_rows(report.get("downtime", {}))
    if not space and not times:
        return []
    return ["", "Predicted and measured (times are estimates):",
            *table(("", "predicted", "measured", "off by"), [*space, *times])]
