"""The time line of the move and the network, as drawings with a table beside each."""

from typing import Any, Dict, List, Optional, Sequence

from ng2coreos.report.downtime import told
from ng2coreos.report.html.markup import Html, label, rect, section, svg, table, tag, wide
from ng2coreos.report.table import duration

_WIDTH, _LEFT, _ROW = 970, 335, 24
_ROOM = 190  # for the words behind the last bar
_SINCE = {"run-end": "the end of the run on NG", "trial": "the trial before"}
_BOX_W, _BOX_H, _BOX_X, _BOX_Y = 215, 66, 36, 14


def timeline(report: Dict[str, Any]) -> Html:
    """What the run does one after the other, predicted and measured."""
    changes = report.get("changes")
    if not changes:
        return Html("")
    summary = report["summary"]
    down = float(summary.get("downtime_s", 0))
    was_down = report.get("downtime", {}).get("measured_s")
    widths = [max(c["predicted_s"], c["measured_s"] or 0.0) for c in changes]
    scale = (_WIDTH - _LEFT - _ROOM) / max(sum(widths) + max(down, was_down or 0.0), 1.0)
    parts: List[Html] = []
    x, y = float(_LEFT), 8.0
    for change, width in zip(changes, widths):
        parts += [label(4, y + 14, change["summary"], limit=44),
                  rect(x, y, change["predicted_s"] * scale, 8, "predicted"),
                  rect(x, y + 9, (change["measured_s"] or 0) * scale, 8, "measured"),
                  label(x + width * scale + 6, y + 13, _took(change), "small")]
        x, y = x + width * scale, y + _ROW
    parts += [label(4, y + 14, f"Trial boots ({summary.get('reboots', 0)})", "strong"),
              rect(x, y, down * scale, 17 if was_down is None else 8, "down"),
              rect(x, y + 9, (was_down or 0) * scale, 8, "measured"),
              label(x + max(down, was_down or 0) * scale + 6, y + 13, _down(down, was_down),
                    "small")]
    rows = [(c["summary"], c["status"], f"{c['predicted_s']:.0f} s",
             f"{c['measured_s']:.1f} s" if c["measured_s"] is not None else "") for c in changes]
    told = (f"{len(changes)} changes, predicted {duration(summary.get('predicted_s', 0))}; then "
            f"{summary.get('reboots', 0)} boots, about {duration(down)} without service.")
    return section(
        "timeline", "Timeline",
        tag("p", f"Upper bar: estimated by how fast the host read and hashed while it planned. "
                 f"Lower bar: measured. {told} Machines elsewhere are not touched; this host's "
                 "must have left it before."),
        wide("Drawing of the time", svg(_WIDTH, int(y) + 28, "Timeline of the move", told, *parts)),
        table("Changes in their order", ("Change", "State", "Predicted", "Measured"), rows,
              numbers=(2, 3)), *_restarts(report.get("downtime", {})))


def _restarts(down: Dict[str, Any]) -> List[Html]:
    """What each restart is made of, and what the trials took."""
    if not down.get("parts"):
        return []
    parts = [(p["what"], f"{p['seconds']:.0f} s", told(p)) for p in down["parts"]]
    trials = [(f"Trial {r['trial']}", _SINCE[r["since"]], f"{down['restart_s']:.0f} s",
               f"{r['measured_s']:.0f} s") for r in down["restarts"]]
    return [table("A restart, and who says how long it takes", ("Part", "Takes", "By"), parts,
                  numbers=(1,)),
            table("Restarts that were made", ("Until healthy", "Since", "Predicted", "Measured"),
                  trials, numbers=(2, 3))]


def _down(predicted: float, measured: Optional[float]) -> str:
    took = "" if measured is None else f", took {duration(measured)}"
    return f"down about {duration(predicted)}{took}"


def _took(change: Dict[str, Any]) -> str:
    predicted = f"{change['predicted_s']:.0f} s"
    if change["measured_s"] is None:
        return predicted
    return f"{predicted}, took {change['measured_s']:.1f} s"


def network(report: Dict[str, Any]) -> Html:
    """Cards, and what stands on them."""
    links = report.get("network", {}).get("links")
    if not links:
        return Html("")
    depth = _depths(links)
    columns: Dict[int, List[Dict[str, Any]]] = {}
    for link in links:
        columns.setdefault(depth[link["name"]], []).append(link)
    places = {link["name"]: (n * (_BOX_W + _BOX_X), 26 + row * (_BOX_H + _BOX_Y))
              for n, column in columns.items() for row, link in enumerate(column)}
    width = (max(columns) + 1) * (_BOX_W + _BOX_X)
    height = 30 + max(len(c) for c in columns.values()) * (_BOX_H + _BOX_Y)
    parts: List[Html] = [label(4, 16, "cards", "strong")]
    for link in links:
        x, y = places[link["name"]]
        for name in link["below"]:
            if name in places:
                a, b = places[name]
                parts.append(tag("line", x1=a + _BOX_W, y1=b + _BOX_H // 2, x2=x,
                                 y2=y + _BOX_H // 2, class_="wire"))
    for link in links:
        parts += _box(link, *places[link["name"]])
    told = "; ".join(
        f"{link['name']} ({link['kind']}" + (f" on {', '.join(link['below'])}" if link["below"]
                                            else "") + ")" for link in links)
    rows = [(link["name"], link["kind"], ", ".join(link["below"]), link["mac"],
             ", ".join(link["addresses"]), ", ".join(link["gateways"]),
             ", ".join(link["networks"])) for link in links]
    return section(
        "network", "Network",
        tag("p", "The same before and after: the stored connections go along, and each card with "
                 "a known MAC address keeps its name by it (marked “pinned”)."),
        wide("Drawing of the network", svg(max(width, 400), height, "Network", told, *parts)),
        table("Interfaces", ("Name", "Kind", "On", "MAC", "Addresses", "Gateway",
                             "Engine's networks"), rows))


def _depths(links: Sequence[Dict[str, Any]]) -> Dict[str, int]:
    """How far from the cards each stands; a ring of links ends after as many rounds as links."""
    depth = {link["name"]: 0 for link in links}
    for _ in links:
        for link in links:
            below = [depth[name] for name in link["below"] if name in depth]
            wanted = 1 + max(below) if below else (0 if link["kind"] == "nic" else 1)
            depth[link["name"]] = min(wanted, len(links))
    return depth


def _box(link: Dict[str, Any], x: float, y: float) -> List[Html]:
    pinned = ", pinned" if link["pinned"] else ""
    second = link["mac"] or ", ".join(link["addresses"])
    third = ", ".join([*(link["addresses"] if link["mac"] else ()),
                       *(f"engine: {name}" for name in link["networks"])])
    return [rect(x, y, _BOX_W, _BOX_H, "link"), label(x + 8, y + 18, link["name"], "strong", 26),
            label(x + 8, y + 33, f"{link['kind']}{pinned}", "small", 34),
            label(x + 8, y + 46, second, "small", 34), label(x + 8, y + 59, third, "small", 34)]
