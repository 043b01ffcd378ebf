"""The downtime: each restart's parts with who says so, and what the trials measured of it."""

from datetime import datetime
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ng2coreos.model import codec
from ng2coreos.model.restart import RestartPart
from ng2coreos.model.state import Attempt
from ng2coreos.report.table import duration, off, table

_COUNTED = {"run-end": "from the end of the run to trial {} healthy",
            "trial": "from there to trial {} healthy"}
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def downtime(parts: Sequence[RestartPart], boots: int, attempts: Sequence[Attempt],
             left: str = "") -> Dict[str, Any]:
    """Predicted beside measured. `left`: when the run on NG ended, before the first restart."""
    predicted = sum(part.seconds for part in parts)
    found = _restarts(attempts, left)
    return {"restart_s": round(predicted, 1), "restarts_expected": boots,
            "predicted_s": round(boots * predicted, 1), "parts": [codec.dump(p) for p in parts],
            "restarts": [{"trial": n, "since": since, "measured_s": s} for n, since, s in found],
            "measured_s": sum(s for _, _, s in found) if len(found) == boots else None}


def told(part: Dict[str, Any]) -> str:
    """Who says how long a part takes."""
    if part["measured"]:
        return "measured at NG's last boot"
    if part["what"] == "firmware":
        return "assumed: systemd does not know it here, and a server can take minutes"
    return "assumed"


def lines(down: Dict[str, Any]) -> List[str]:
    """The downtime for a reader: predicted, measured, and each restart that was measured."""
    if not down["parts"]:
        return []
    boots = down["restarts_expected"]
    predicted = (f"about {duration(down['predicted_s'])} predicted ({boots} "
                 f"{'restart' if boots == 1 else 'restarts'}, {duration(down['restart_s'])} each)")
    whole = down["measured_s"]
    measured = "measured in part" if down["restarts"] else "not measured"
    if whole is not None:
        measured = f"{duration(whole)} measured ({off(down['predicted_s'], whole)})"
    return [f"Downtime: {predicted}; {measured}.",
            *table(("", "predicted", "measured", "off by"), restart_rows(down))]


def restart_rows(down: Dict[str, Any]) -> List[Tuple[str, str, str, str]]:
    """What each restart was counted from, predicted, measured, and by how much it was off."""
    return [(_COUNTED[r["since"]].format(r["trial"]), duration(down["restart_s"]),
             duration(r["measured_s"]), off(down["restart_s"], r["measured_s"]))
            for r in down.get("restarts", ()) if down["parts"]]


def _restarts(attempts: Sequence[Attempt], left: str) -> List[Tuple[int, str, float]]:
    """Trial, what it is counted from, and seconds until it was healthy, by the clocks of both
    systems.
    """
    found: List[Tuple[int, str, float]] = []
    before, since = left, "run-end"
    for attempt in attempts:
        if not attempt.healthy:
            break
        seconds = _seconds(before, attempt.finished)
        if seconds is not None:
            found.append((attempt.trial, since, seconds))
        before, since = attempt.finished, "trial"
    return found


def _seconds(start: str, end: str) -> Optional[float]:
    """None where one is not known, or a clock was set back in between."""
    try:
        taken = (datetime.strptime(end, _FORM) - datetime.strptime(start, _FORM)).total_seconds()
    except ValueError:
        return None
    return taken if taken > 0 else None
