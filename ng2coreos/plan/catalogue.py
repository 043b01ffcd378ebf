"""The texts of the findings: data/findings.yaml, one place for id, kind, title and remedy."""

import difflib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

import yaml

from ng2coreos.model.finding import Finding, Kind, RemedyStep, Severity, StepKind
from ng2coreos.plan.packaged import data_directories

FILE = "findings.yaml"
DOCUMENT = "docs/findings.md"
_KEYS = {"id", "kind", "title", "summary", "remedy", "about", "severity", "steps", "doc"}
_STEP_KEYS = {"hint", "command", "answer", "playbook", "text", "safe", "reboot"}
# libyaml is ten times as fast, and there wherever PyYAML was built with it
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Entry:
    """One row of the catalogue; texts and steps may hold {placeholders}."""

    id: str
    kind: Kind
    title: str
    summary: str
    remedy: str = ""
    about: str = ""  # the paragraph of `explain`: what was looked at, and why it matters
    severity: Optional[Severity] = None
    steps: Tuple[RemedyStep, ...] = ()
    doc: str = ""  # page and anchor; its own part of docs/findings.md unless said otherwise

    @property
    def page(self) -> str:
        """Where the documentation tells about it."""
        return self.doc or f"{DOCUMENT}#{self.id.lower()}"

    def filled(self, values: Mapping[str, Any]) -> "Tuple[RemedyStep, ...]":
        """The steps with their placeholders filled in; the remedy's words where there are none."""
        if not self.steps:
            return (RemedyStep(StepKind.HINT, self.remedy.format(**values)),) if self.remedy else ()
        return tuple(RemedyStep(
            step.kind, step.text.format(**values), tuple(a.format(**values) for a in step.argv),
            step.answer, step.safe, step.reboot) for step in self.steps)


def finding(id: str, resources: Sequence[str] = (), evidence: Sequence[str] = (), *,
            kind: Optional[Kind] = None, **values: Any) -> Finding:
    """The finding `id` as the catalogue words it, its texts and steps filled with `values`.

    `kind` lowers or raises it where the same fact weighs differently. KeyError for an id that the
    catalogue lacks or a value that its text wants: both are bugs, and a test looks for them.
    """
    entry = entries()[id]
    return Finding(
        id=id, kind=kind or entry.kind, title=entry.title.format(**values),
        summary=entry.summary.format(**values), remedy=entry.remedy.format(**values),
        resources=tuple(resources), evidence=tuple(evidence),
        severity=None if kind else entry.severity, steps=entry.filled(values))


@lru_cache(maxsize=1)
def entries() -> Mapping[str, Entry]:
    """Every row by id; they come with the package and never change while it runs."""
    for place in data_directories():
        path = place / FILE
        if path.is_file():
            rows = yaml.load(path.read_text("utf-8"), Loader=_LOADER)
            return {row["id"]: _entry(row) for row in rows}
    raise FileNotFoundError(FILE)


def catalogue() -> Mapping[str, Dict[str, str]]:
    """Kind, title, summary and remedy of every finding by id, as plain texts."""
    return {id: {key: value for key, value in (
        ("kind", e.kind.value), ("title", e.title), ("summary", e.summary), ("remedy", e.remedy))
        if value} for id, e in entries().items()}


def nearest(id: str) -> Tuple[str, ...]:
    """The ids that somebody who wrote `id` may have meant, the likeliest first."""
    names = {name.replace("N2C_", ""): name for name in entries()}
    wanted = id.strip().upper().replace("-", "_").replace("N2C_", "")
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    inside = [name for name in names if wanted and wanted in name and name not in close]
    return tuple(names[name] for name in (*close, *inside[:3 - len(close)]))


def _entry(row: Mapping[str, Any]) -> Entry:
    unknown = set(row) - _KEYS
    if unknown:
        raise ValueError(f"{FILE}: {row.get('id')}: unknown {', '.join(sorted(unknown))}")
    severity = row.get("severity")
    return Entry(
        id=row["id"], kind=Kind(row["kind"]), title=_text(row["title"]),
        summary=_text(row["summary"]), remedy=_text(row.get("remedy", "")),
        about=_text(row.get("about", "")), severity=Severity(severity) if severity else None,
        steps=tuple(_step(row["id"], step) for step in row.get("steps", ())),
        doc=row.get("doc", ""))


def _step(id: str, row: Mapping[str, Any]) -> RemedyStep:
    kinds = [kind for kind in StepKind if kind.value in row]
    if len(kinds) != 1 or set(row) - _STEP_KEYS:
        raise ValueError(f"{FILE}: {id}: a step has one of hint, command, answer, playbook")
    kind, = kinds
    value = row[kind.value]
    text = _text(row.get("text", "") if kind in (StepKind.COMMAND, StepKind.ANSWER) else value)
    return RemedyStep(
        kind, text, argv=tuple(str(word) for word in value) if kind is StepKind.COMMAND else (),
        answer={str(k): str(v) for k, v in value.items()} if kind is StepKind.ANSWER else {},
        safe=bool(row.get("safe")), reboot=bool(row.get("reboot")))


def _text(text: str) -> str:
    return " ".join(str(text).split())
