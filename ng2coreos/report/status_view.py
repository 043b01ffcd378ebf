"""Where a host stands, as text: one line first, then why, then what to do next."""

from typing import Any, Dict, List, Optional, Protocol, Tuple

from ng2coreos.model.state import Attempt, Failure
from ng2coreos.report.downtime import lines as downtime_lines
from ng2coreos.report.table import harmless, paragraph, table


class Standing(Protocol):
    """What the view needs of a status (execute/status.py)."""

    @property
    def host_state(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def next(self) -> str: ...
    @property
    def run_id(self) -> str: ...
    @property
    def failures(self) -> Tuple[Failure, ...]: ...
    @property
    def attempts(self) -> Tuple[Attempt, ...]: ...
    @property
    def changes_done(self) -> int: ...
    @property
    def changes_total(self) -> int: ...


def status_text(status: Standing, down: Optional[Dict[str, Any]] = None) -> str:
    """The status as text; `down` is the report's downtime."""
    phase = f" ({status.phase})" if status.phase else ""
    lines: List[str] = [f"Host: {status.host_state}{phase}"]
    lines += paragraph(status.text, indent=2)
    if status.run_id:
        lines.append(f"  Run {status.run_id}, {status.changes_done} of {status.changes_total} "
                     "changes made.")
    if status.failures:
        lines += ["", "Why the new system was given up:",
                  *table(("check", "what", "detail"),
                         [(f.check, f.title, f.detail) for f in status.failures])]
        lines += [line for failure in status.failures for line in journal(failure)]
    if status.attempts:
        lines += ["", "Boots of the new system:",
                  *table(("trial", "started", "finished", "healthy"),
                         [(str(a.trial), a.started, a.finished or "never",
                           "yes" if a.healthy else "no") for a in status.attempts])]
    if down:
        lines += ["", *downtime_lines(down)]
    lines += ["", f"Next: {status.next}"]
    return "\n".join(lines) + "\n"


def journal(failure: Failure) -> List[str]:
    """The lines of the journal that a failure has, below a line that says so."""
    if not failure.log:
        return []
    return ["", f"  The journal then ({failure.check}):",
            *(f"    {harmless(line)}" for line in failure.log)]
