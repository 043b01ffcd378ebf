"""What is said about /etc: one finding for each kind of thing, with all paths that it is about."""

from typing import Dict, List, Optional, Tuple

from ng2coreos.model.finding import Finding
from ng2coreos.model.sides import Sides
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.merge_shown import shown

SHOWN_LINES = 600  # of all differences in one finding; the paths behind them are named all the same


class Notes:
    """Collects paths and evidence by the finding's id."""

    def __init__(self) -> None:
        self._paths: Dict[str, Dict[str, None]] = {}
        self._evidence: Dict[str, List[str]] = {}
        self._lines = 0

    def add(self, id: str, path: str, evidence: str = "") -> None:
        """Name `path` in finding `id`, once however often it is said."""
        paths = self._paths.setdefault(id, {})
        if path not in paths and evidence:
            self._evidence.setdefault(id, []).append(evidence)
        paths[path] = None

    def conflict(self, id: str, path: str, what: str, sides: Optional[Sides],
                 hidden: bool) -> None:
        """Name `path` with both sides' changes; `hidden`: who may not read the file, may not here.
        """
        lines = [f"{path}: {what}"]
        if hidden:
            lines.append("(not shown: the file is not for everyone to read)")
        elif sides is not None:
            lines += shown(sides) if self._lines < SHOWN_LINES else ["(not shown: too many)"]
        self._lines += len(lines) - 1
        self.add(id, path, "\n".join(lines))

    def findings(self) -> Tuple[Finding, ...]:
        """One for each id that was noted, in order of the ids."""
        return tuple(finding(id, [f"file:{path}" for path in paths], self._evidence.get(id, ()),
                             count=len(paths))
                     for id, paths in sorted(self._paths.items()))
