"""Reads many reports one after the other and keeps a line of each."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Sequence, Set, Tuple

from ng2coreos.core.reading import PLAN_BYTES, read_regular
from ng2coreos.report.document import ID, VERSION

_BLOCKING = ("inhibitor", "overridable", "error")
READY = ("ready", "ready-with-overrides")


@dataclass(frozen=True)
class Host:
    """What the fleet needs to know of one host."""

    name: str
    verdict: str
    made: str
    file: str
    blocking: Tuple[str, ...]  # ids of findings that stand against its move
    kinds: Tuple[int, int, int, int, int]  # inhibitor, overridable, error, warning, info
    predicted_s: float
    downtime_s: float
    bytes: int

    @property
    def ready(self) -> bool:
        """May it be moved as it is?"""
        return self.verdict in READY


@dataclass
class Group:
    """One finding and the hosts that have it."""

    id: str
    kind: str
    severity: str
    title: str
    hosts: List[str]


@dataclass(frozen=True)
class Fleet:
    """All hosts by name, the findings from the one that most have, and files that were none."""

    hosts: Tuple[Host, ...]
    groups: Tuple[Group, ...]
    unreadable: Tuple[Tuple[str, str], ...]  # file, why
    older: int  # reports left out because a newer one of the host is there


def files_of(paths: Iterable[Path]) -> List[Path]:
    """Every JSON file below directories, and files as they are; each once, in order."""
    found: Dict[Path, None] = {}
    for path in paths:
        for file in sorted(path.rglob("*.json")) if path.is_dir() else [path]:
            found[file] = None
    return list(found)


def gather(paths: Sequence[Path]) -> Fleet:
    """The fleet of the reports in `paths`; what cannot be read is told, not raised."""
    hosts: Dict[str, Host] = {}
    seen: Dict[str, Tuple[Tuple[str, str, str, str], ...]] = {}
    unreadable: List[Tuple[str, str]] = []
    older = 0
    for file in files_of(paths):
        try:
            host, findings = _line(file)
        except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError,
                OverflowError) as error:  # whatever another shape of report leads to
            unreadable.append((str(file), _why(error)))
            continue
        held = hosts.get(host.name)
        older += held is not None
        if held is None or (host.made, host.file) > (held.made, held.file):
            hosts[host.name], seen[host.name] = host, findings
    return Fleet(tuple(hosts[name] for name in sorted(hosts)), _groups(seen), tuple(unreadable),
                 older)


def _line(file: Path) -> "Tuple[Host, Tuple[Tuple[str, str, str, str], ...]]":
    report = json.loads(read_regular(file, PLAN_BYTES))
    schema = report.get("schema") if isinstance(report, dict) else None
    if not isinstance(schema, dict) or schema.get("id") != ID:
        raise ValueError("it is no report of ng2coreos")
    if schema.get("version") != VERSION:
        raise ValueError(f"it is a report of version {schema.get('version')!r}")
    summary, run = report["summary"], report["run"]
    findings: Set[Tuple[str, str, str, str]] = set()
    against: Set[str] = set()
    for one in report["findings"]:
        id, kind = sys.intern(str(one["id"])), sys.intern(str(one["kind"]))
        findings.add((id, kind, sys.intern(str(one["severity"])), sys.intern(str(one["title"]))))
        if kind in _BLOCKING and not one.get("override", {}).get("used"):
            against.add(id)
    kinds = summary["kinds"]
    return Host(
        name=_named(report, file), verdict=sys.intern(str(report["verdict"])),
        made=str(run["finished"] or run["planned"]), file=str(file),
        blocking=tuple(sorted(against)),
        kinds=(int(kinds["inhibitor"]), int(kinds["overridable"]), int(kinds["error"]),
               int(kinds["warning"]), int(kinds["info"])),
        predicted_s=float(summary.get("predicted_s", 0)),
        downtime_s=float(summary.get("downtime_s", 0)),
        bytes=int(summary.get("bytes", 0))), tuple(sorted(findings))


def _named(report: Dict[str, Any], file: Path) -> str:
    return str(report["host"]["fqdn"]) or file.stem


def _groups(seen: "Dict[str, Tuple[Tuple[str, str, str, str], ...]]") -> Tuple[Group, ...]:
    groups: Dict[str, Group] = {}
    for name in sorted(seen):
        for id, kind, severity, title in seen[name]:
            group = groups.setdefault(id, Group(id, kind, severity, title, []))
            if not group.hosts or group.hosts[-1] != name:
                group.hosts.append(name)
    order = {kind: n for n, kind in enumerate((*_BLOCKING, "warning", "info"))}
    return tuple(sorted(groups.values(), key=lambda g: (
        order.get(g.kind, len(order)), -len(g.hosts), g.id)))


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    if isinstance(error, KeyError):
        return f"it lacks {error.args[0]!r}"
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError, RecursionError)):
        return f"it is not JSON: {error}"
    if isinstance(error, (AttributeError, OverflowError)):
        return "it has values of other kinds than a report"
    return str(error)
