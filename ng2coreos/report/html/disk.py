"""The disk before, during and after the move, as three columns of one drawing."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from ng2coreos.report.html.markup import Html, label, rect, section, svg, table, wide
from ng2coreos.report.table import human, off

_COLUMN, _GAP, _ROW, _SHOWN = 310, 20, 26, 40
_NAME = 23  # characters of a volume's name that its box has room for


class _Shown(NamedTuple):
    name: str
    note: str
    style: str
    inside: bool  # of the pool


def disk(report: Dict[str, Any]) -> Html:
    """The section."""
    storage = report.get("storage")
    if not storage:
        return Html("")
    rows = [(v["mount"], v["name"], human(v["size_bytes"]), v["fstype"], _from(v))
            for v in storage["volumes"]]
    trees = [(t["source"], t["volume"], t["path"]) for t in storage["trees"]]
    needs = [(p["what"], human(p["need_bytes"]), _told(p.get("measured_bytes")),
              _off(p["need_bytes"], p.get("measured_bytes")), _told(p.get("margin_bytes") or None),
              _told(p["free_bytes"]), _told(p["reserve_bytes"] or None))
             for p in storage["predictions"]]
    inodes = [(p["what"], str(p["need"]), "" if p["measured"] is None else str(p["measured"]),
               _off(p["need"], p["measured"])) for p in storage.get("inodes", ())]
    return section(
        "disk", "Disk", wide("Drawing of the disk", drawing(report)) if drawing(report) else "",
        table("Space that the move needs", ("What", "Predicted", "Measured", "Off by", "Margin",
                                            "Free", "Kept in reserve"), needs,
              numbers=(1, 2, 3, 4, 5, 6)),
        table("Inodes", ("Where", "Predicted", "Measured", "Off by"), inodes, numbers=(1, 2, 3)),
        table("Volumes of the new system", ("Mount", "Volume", "Size", "File system", "From"), rows,
              numbers=(2,)),
        table("Directories that are copied", ("On NG", "Volume", "Path in it"), trees))


def drawing(report: Dict[str, Any]) -> Html:
    """The three columns; nothing where the disk is not known."""
    storage = report.get("storage") or {}
    before = storage.get("before")
    return _drawing(before, storage, report) if before else Html("")


def _told(size: Optional[int]) -> str:
    return "" if size is None else human(size)


def _off(predicted: float, measured: Optional[float]) -> str:
    return "" if measured is None else off(predicted, measured)


def _from(volume: Dict[str, Any]) -> str:
    if volume["origin"]:
        return f"snapshot of {volume['origin']}"
    return "new, thick" if volume["thick"] else "new"


def _drawing(before: Dict[str, Any], storage: Dict[str, Any], report: Dict[str, Any]) -> Html:
    old = [_old(v) for v in before["volumes"]]
    new = [_Shown(v["name"], f"{human(v['size_bytes'])} {v['mount']}", "new", not v["thick"])
           for v in storage["volumes"]]
    gone = set(storage["removed_by_finalize"])
    need = {p["what"]: p["need_bytes"] for p in storage["predictions"]}
    used, boot = before["pool_used_bytes"], before["boot_bytes"] - before["boot_free_bytes"]
    full = used + need.get("pool data", 0)
    columns = [
        ("Before: NG", old, used, boot),
        ("During: both, NG untouched", [*old, *new], full, boot + need.get("/boot", 0)),
        ("After finalize", [*(v for v in old if v.name not in gone), *new], -1, -1)]
    height = max(_height(volumes) for _, volumes, _, _ in columns)
    inside = [part for n, column in enumerate(columns)
              for part in _column(n * (_COLUMN + _GAP), height, before, *column)]
    told = (f"Volume group {before['vg']} of {human(before['size_bytes'])} with pool "
            f"{before['pool']} of {human(before['pool_bytes'])}. Before: "
            f"{len(old)} volumes of NG. During the move {len(new)} volumes of the new system are "
            "beside them. After finalize: "
            + ", ".join(v.name for v in columns[2][1]) + ".")
    return svg(3 * _COLUMN + 2 * _GAP, height, f"Disk of {report['host']['fqdn']}", told, *inside)


def _old(volume: Dict[str, Any]) -> _Shown:
    running = ", running" if volume["current"] else ""
    where = volume["mount"] or f"{volume['kind']}{running}"
    return _Shown(volume["name"], f"{human(volume['size_bytes'])} {where}", f"ng {volume['kind']}",
                  volume["kind"] not in ("swap", "thick"))


def _height(volumes: Sequence[_Shown]) -> int:
    return 190 + _ROW * (min(len(volumes), _SHOWN) + (len(volumes) > _SHOWN))


def _column(x: float, height: int, before: Dict[str, Any], title: str, volumes: Sequence[_Shown],
            used: int, boot: int) -> List[Html]:
    parts = [label(x + 4, 18, title, "strong"), rect(x, 28, _COLUMN, 44, "box"),
             label(x + 8, 45, f"/boot {before['boot_source']} {before['boot_fstype']}", limit=40)]
    parts += _gauge(x + 8, 54, boot, before["boot_bytes"])
    parts += [rect(x, 80, _COLUMN, height - 84, "box"),
              label(x + 8, 97, f"{before['vg']} on " + ", ".join(
                  d["device"] for d in before["disks"] if d["vg"] == before["vg"]), limit=44)]
    outside = [v for v in volumes if not v.inside]
    pooled = [v for v in volumes if v.inside]
    y = 106.0
    for volume in outside[:_SHOWN]:
        parts += _volume(x + 8, y, _COLUMN - 16, volume)
        y += _ROW
    rest = pooled[:max(0, _SHOWN - len(outside))]
    more = len(volumes) - min(len(outside), _SHOWN) - len(rest)
    parts += [rect(x + 8, y, _COLUMN - 16, 56 + _ROW * (len(rest) + (more > 0)), "pool"),
              label(x + 16, y + 17, f"pool {before['pool']}", "strong", 40)]
    parts += _gauge(x + 16, y + 24, used, before["pool_bytes"])
    y += 48
    for volume in rest:
        parts += _volume(x + 16, y, _COLUMN - 32, volume)
        y += _ROW
    if more > 0:
        parts.append(label(x + 24, y + 15, f"and {more} more volumes"))
    return parts


def _gauge(x: float, y: float, used: int, size: int) -> List[Html]:
    if used < 0 or size <= 0:
        return [label(x, y + 11, f"{human(size)}; NG's share is free again", "small")]
    width = 130
    over = "over" if used > size else "fill"
    return [rect(x, y, width, 12, "gauge"), rect(x, y, width * min(1, used / size), 12, over),
            label(x + width + 8, y + 11, f"{human(used)} of {human(size)}", "small")]


def _volume(x: float, y: float, width: float, volume: _Shown) -> List[Html]:
    return [rect(x, y, width, _ROW - 4, volume.style),
            label(x + 6, y + 15, volume.name, "small", _NAME),
            label(x + width - 122, y + 15, volume.note, "small", 20)]
