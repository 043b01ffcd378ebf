"""The fleet as text, JSON, CSV and one HTML page."""

import csv
import io
import json
from typing import Any, Dict, List

from ng2coreos.report import html
from ng2coreos.report.fleet.gather import READY, Fleet
from ng2coreos.report.fleet.inventory import OTHERS, Inventory
from ng2coreos.report.fleet.waves import Waves
from ng2coreos.report.html.markup import Html, definition, filters, section, table, tag
from ng2coreos.report.table import duration, harmless, human
from ng2coreos.report.table import table as text_table

ID, VERSION = "ng2coreos-fleet", "1.0"
_NAMES = 12  # hosts that a line names
_COLUMNS = ("host", "cluster", "verdict", "wave", "inhibitors", "overridables", "errors",
            "warnings", "infos", "predicted_s", "downtime_s", "bytes", "blocked_by", "made", "file")


def as_json(fleet: Fleet, waves: Waves, inventory: Inventory) -> str:
    """All of it; its shape is data/schema/fleet-1.0.json."""
    data = {
        "schema": {"id": ID, "version": VERSION}, "counts": counts(fleet),
        "hosts": _rows(fleet, waves, inventory),
        "findings": [{"id": g.id, "kind": g.kind, "severity": g.severity, "title": g.title,
                      "count": len(g.hosts), "hosts": g.hosts} for g in fleet.groups],
        "waves": [{"number": w.number, "seconds": w.seconds,
                   "hosts": [{"cluster": c, "host": h} for c, h in w.hosts]}
                  for w in waves.waves],
        "seconds": waves.seconds, "left": [{"host": h, "why": w} for h, w in waves.left],
        "without_report": list(waves.unknown), "older_reports": fleet.older,
        "unreadable": [{"file": f, "why": w} for f, w in fleet.unreadable]}
    return json.dumps(data, indent=1) + "\n"


def as_csv(fleet: Fleet, waves: Waves, inventory: Inventory) -> str:
    """A line for each host; no cell is taken for a formula by a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in _rows(fleet, waves, inventory):
        cells = [" ".join(v) if isinstance(v, list) else v for v in row.values()]
        writer.writerow(["" if v is None else _cell(v) for v in cells])
    return stream.getvalue()


def as_text(fleet: Fleet, waves: Waves, inventory: Inventory) -> str:
    """Who is ready, what blocks, and the waves."""
    del inventory
    lines = [f"{_headline(fleet)} {_total(waves)}"]
    blocking = [(str(len(g.hosts)), g.kind, g.id, g.title) for g in fleet.groups
                if g.kind in ("inhibitor", "overridable", "error")]
    if blocking:
        lines += ["", "What stands against how many:",
                  *text_table(("hosts", "kind", "finding", ""), blocking)]
    if waves.waves:
        lines += ["", "Waves:", *text_table(("wave", "hosts", "time", ""), [
            (str(w.number), str(len(w.hosts)), duration(w.seconds), _some([h for _, h in w.hosts]))
            for w in waves.waves])]
    if waves.left:
        lines += ["", "In no wave:", *text_table(("host", "why"), waves.left)]
    if waves.unknown:
        lines += ["", f"In the inventory, without a report: {_some(waves.unknown)}"]
    if fleet.unreadable:
        lines += ["", "Unreadable:", *text_table(("file", "why"), fleet.unreadable)]
    return "\n".join(harmless(line) for line in lines) + "\n"


def as_html(fleet: Fleet, waves: Waves, inventory: Inventory) -> str:
    """One page, as self-contained as a host's."""
    rows = _rows(fleet, waves, inventory)
    header = tag("header", tag("h1", f"{len(fleet.hosts)} hosts"),
                 tag("p", f"{_headline(fleet)} {_total(waves)}"),
                 definition([(name, str(n)) for name, n in counts(fleet).items()]))
    sections = [_findings(fleet), _waves(waves), _hosts(rows), section(
        "rest", "Left out",
        table("Reports that cannot be read", ("File", "Why"), fleet.unreadable),
        table("In the inventory, without a report", ("Host",), [(h,) for h in waves.unknown]),
        tag("p", f"{fleet.older} older reports of hosts that have a newer one.")
        if fleet.older else "")]
    return html.frame(f"{len(fleet.hosts)} hosts", header, [s for s in sections if s])


def counts(fleet: Fleet) -> Dict[str, int]:
    """How many hosts have which verdict."""
    found: Dict[str, int] = {}
    for host in fleet.hosts:
        found[host.verdict] = found.get(host.verdict, 0) + 1
    return dict(sorted(found.items()))


def _rows(fleet: Fleet, waves: Waves, inventory: Inventory) -> List[Dict[str, Any]]:
    numbers, clusters = waves.numbers(), inventory.cluster_of()
    return [dict(zip(_COLUMNS, (
        h.name, clusters[h.name].name if h.name in clusters else OTHERS, h.verdict,
        numbers.get(h.name), *h.kinds, h.predicted_s, h.downtime_s, h.bytes, list(h.blocking),
        h.made, h.file))) for h in fleet.hosts]


def _headline(fleet: Fleet) -> str:
    ready = sum(host.verdict in READY for host in fleet.hosts)
    bad = f", {len(fleet.unreadable)} reports cannot be read" if fleet.unreadable else ""
    return f"{ready} of {len(fleet.hosts)} hosts are ready{bad}."


def _total(waves: Waves) -> str:
    if not waves.waves:
        return "No wave can be proposed."
    return f"{len(waves.waves)} waves take about {duration(waves.seconds)}."


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        clean = harmless(value)
        return f"'{clean}" if clean[:1] in ("=", "+", "-", "@") else clean
    return value


def _some(names: Any) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(list(names)[:_NAMES]) + more


def _findings(fleet: Fleet) -> Html:
    rows = [(Html(tag("code", g.id).replace("_", "_<wbr>")), g.kind, g.severity,
             str(len(g.hosts)), g.title, _folded(g.hosts)) for g in fleet.groups]
    return section("findings", "Findings", table(
        "What how many hosts have", ("Finding", "Kind", "Severity", "Hosts", "Title", "Which"),
        rows, numbers=(3,)))


def _folded(names: List[str]) -> Html:
    if len(names) <= _NAMES:
        return tag("span", ", ".join(names))
    return tag("details", tag("summary", f"{len(names)} hosts"), tag("p", ", ".join(names)))


def _waves(waves: Waves) -> Html:
    rows = [(str(w.number), str(len(w.hosts)), duration(w.seconds),
             _folded([f"{host} ({cluster})" for cluster, host in w.hosts])) for w in waves.waves]
    return section(
        "waves", "Waves",
        tag("p", f"{_total(waves)} Within a wave hosts move at the same time; the next begins when "
                 "all are back and healthy. Stop at the first host that falls back."),
        table("Proposed waves", ("Wave", "Hosts", "Time", "Which"), rows, numbers=(1, 2)),
        table("In no wave", ("Host", "Why"), waves.left))


def _hosts(rows: List[Dict[str, Any]]) -> Html:
    kinds = sorted({row["verdict"] for row in rows})
    cells = [(r["host"], r["cluster"], r["verdict"], str(r["wave"] or ""), str(r["inhibitors"]),
              str(r["overridables"]), str(r["warnings"]), duration(r["predicted_s"]),
              duration(r["downtime_s"]), human(r["bytes"]), ", ".join(r["blocked_by"]))
             for r in rows]
    return section(
        "hosts", "Hosts", filters(((kind, kind) for kind in kinds), len(rows), "row"),
        table("All hosts", ("Host", "Cluster", "Verdict", "Wave", "Inhibitors", "Overridable",
                            "Warnings", "On NG", "Down", "Writes", "Blocked by"), cells,
              numbers=(3, 4, 5, 6, 7, 8, 9), keys=[r["verdict"] for r in rows]))
