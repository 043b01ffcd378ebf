"""NG's volume group, its thin pool, volumes and images, all PVs, and what is mounted."""

from typing import Dict, List, Tuple

from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.inventory import images, lvm_report, mounts
from ng2coreos.inventory.devices import Devices
from ng2coreos.inventory.parse import Row, integer, percentage
from ng2coreos.model.facts import Layout, LogicalVolume, Mount, PhysicalVolume, ThinPool

_VG_TAG = "imgbased:vg"
_POOL_TAG = "imgbased:pool"


def read(host: Host, devices: Devices) -> Layout:
    """The layout; Unsupported unless one VG is NG's and ``/`` is on a layer in it."""
    vg = _ng_vg(lvm_report.vgs(host))
    rows = lvm_report.lvs(host, [vg["vg_name"]])
    by_path = {path: row["lv_name"] for row in rows for path in _paths(row)}
    mounted = mounts.read(host, devices, by_path)
    current = _current(mounted)
    volumes = tuple(_volume(row) for row in rows)
    return Layout(
        vg=vg["vg_name"], vg_uuid=vg["vg_uuid"],
        vg_size_bytes=integer(vg["vg_size"], "vg_size"),
        vg_free_bytes=integer(vg["vg_free"], "vg_free"),
        extent_bytes=integer(vg["vg_extent_size"], "vg_extent_size"),
        pool=_pool(host, rows, current), volumes=volumes, images=images.read(volumes, current),
        mounts=mounted, pvs=_pvs(host), vg_tags=tuple(lvm_report.tags(vg["vg_tags"])))


def _ng_vg(rows: List[Row]) -> Row:
    """imgbased demands exactly one tagged VG as well, so a host with two cannot be updated."""
    tagged = [row for row in rows if _VG_TAG in lvm_report.tags(row["vg_tags"])]
    if not tagged:
        raise Unsupported(f"No volume group has the tag {_VG_TAG}.",
                          hint="ng2coreos moves oVirt Node NG hosts only. Was the layout "
                               "initialised (`imgbase layout`)?")
    if len(tagged) > 1:
        names = ", ".join(row["vg_name"] for row in tagged)
        raise Unsupported(f"Several volume groups have the tag {_VG_TAG}: {names}.",
                          hint="One came from another node: take the tag off it with "
                               f"`vgchange --deltag {_VG_TAG} VG`.")
    return tagged[0]


def _paths(row: Row) -> Tuple[str, ...]:
    given = (row["lv_path"], row["lv_dm_path"], f"/dev/{row['vg_name']}/{row['lv_name']}")
    return tuple(path for path in given if path)


def _current(mounted: Tuple[Mount, ...]) -> str:
    root = next((m for m in reversed(mounted) if m.target == "/"), None)
    if root is None or not images.is_layer(root.volume):
        source = root.source if root else "nothing"
        raise Unsupported(f"The root file system ({source}) is not on a layer of NG.",
                          hint="ng2coreos runs on the NG host itself, booted from one of its "
                               "layers (`imgbase w`).")
    return root.volume


def _volume(row: Row) -> LogicalVolume:
    filled = row["data_percent"]
    return LogicalVolume(
        name=row["lv_name"], uuid=row["lv_uuid"], attr=row["lv_attr"],
        size_bytes=integer(row["lv_size"], f"lv_size of {row['lv_name']}"),
        pool=_plain(row["pool_lv"]), origin=_plain(row["origin"]),
        tags=tuple(lvm_report.tags(row["lv_tags"])),
        data_percent=percentage(filled, f"data_percent of {row['lv_name']}") if filled else None)


def _pool(host: Host, rows: List[Row], current: str) -> ThinPool:
    """The pool that the running layer is in; by its tag only where that cannot be told."""
    by_name: Dict[str, Row] = {row["lv_name"]: row for row in rows}
    row = by_name.get(_plain(by_name[current]["pool_lv"]))
    if row is None:
        row = next((r for r in rows if _POOL_TAG in lvm_report.tags(r["lv_tags"])), None)
    if row is None:
        raise Unsupported("The running layer is not in a thin pool.",
                          hint="ng2coreos needs NG's thin pool; see `lvs`.")
    size = integer(row["lv_size"], "lv_size of the pool")
    metadata = integer(row["lv_metadata_size"], "lv_metadata_size of the pool")
    for field in ("data_percent", "metadata_percent"):
        if not row[field]:
            raise BadInput(f"LVM does not say {field} of the thin pool {row['lv_name']}.",
                           hint="Is the pool active and does it need repair? See `lvs -a`.")
    return ThinPool(
        name=row["lv_name"], size_bytes=size, metadata_bytes=metadata,
        used_bytes=_share(size, row["data_percent"]),
        metadata_used_bytes=_share(metadata, row["metadata_percent"]),
        chunk_bytes=integer(row["chunk_size"], "chunk_size of the pool"),
        profile=row["lv_profile"],
        autoextend_percent=lvm_report.autoextend_percent(host, row["lv_profile"]))


def _pvs(host: Host) -> Tuple[PhysicalVolume, ...]:
    return tuple(PhysicalVolume(device=row["pv_name"], uuid=row["pv_uuid"], vg=row["vg_name"],
                                size_bytes=integer(row["pv_size"], "pv_size"))
                 for row in lvm_report.pvs(host))


def _share(size: int, percent: str) -> int:
    return round(size * percentage(percent, "a percentage of the pool") / 100)


def _plain(name: str) -> str:
    return name.strip("[]")
