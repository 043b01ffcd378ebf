"""The one way in which LVM is asked: its JSON reports, without leaving a trace on the host.

``--nolocking`` instead of ``--readonly``: the latter does not talk to device-mapper, so it knows
neither how full the pool is nor what is active.  Without locking LVM writes no lock file below
/run/lock/lvm and does not touch the devices file; with ``hints="none"`` it writes no /run/lvm/hints
either (checked with strace, lvm2 2.03.16; lib/locking/locking.c, lib/device/device_id.c).  A report
that raced with a change of the VG is an error of LVM's, hence of ours.
"""

from typing import List, Sequence

from ng2coreos.core.errors import BadInput, CommandFailed
from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import Row, json_object, objects, rows

_OPTIONS = ("--nolocking", "--config", 'devices{hints="none"}', "--reportformat", "json",
            "--units", "b", "--nosuffix")

_THRESHOLD = "activation/thin_pool_autoextend_threshold"
_THRESHOLD_LEAST = 50  # lvm.conf(5): "The minimum value is 50", smaller ones are taken for it
VG_FIELDS = ("vg_uuid", "vg_name", "vg_size", "vg_free", "vg_extent_size", "vg_tags")
PV_FIELDS = ("pv_uuid", "pv_name", "vg_name", "pv_size")
LV_FIELDS = ("lv_uuid", "lv_name", "vg_name", "lv_attr", "lv_size", "pool_lv", "origin", "lv_tags",
             "data_percent", "metadata_percent", "lv_metadata_size", "chunk_size", "lv_profile",
             "lv_path", "lv_dm_path")


def vgs(host: Host) -> List[Row]:
    """Every VG that the host sees."""
    return _report(host, "vgs", "vg", VG_FIELDS)


def pvs(host: Host) -> List[Row]:
    """Every PV that the host sees, those of no VG included."""
    return _report(host, "pvs", "pv", PV_FIELDS)


def lvs(host: Host, vg_names: Sequence[str]) -> List[Row]:
    """The visible LVs of these VGs: storage domains hold thousands that are not our business."""
    visible = {}
    for row in _report(host, "lvs", "lv", LV_FIELDS, vg_names):
        if not row["lv_name"].startswith("["):  # hidden; some are printed twice (ng-host 1.9)
            visible[row["lv_uuid"] or f"{row['vg_name']}/{row['lv_name']}"] = row
    return list(visible.values())


def autoextend_percent(host: Host, profile: str) -> int:
    """How full a thin pool with this metadata profile may be before LVM extends it by itself.

    LVM refuses new thin volumes beyond it (lib/metadata/thin_manip.c, pool_below_threshold).
    100 means never, which is what a profile that is gone leaves.
    """
    argv = ["lvmconfig", "--type", "full", _THRESHOLD]
    try:
        text = host.run([*argv, "--metadataprofile", profile] if profile else argv).stdout
    except CommandFailed:
        if not profile:
            raise
        text = host.run(argv).stdout  # the profile's file is missing: LVM does without as well
    value = text.strip().partition("=")[2]
    if not value.isdecimal() or int(value) > 100:
        raise BadInput(f"LVM does not say {_THRESHOLD}.", hint=f"See `{' '.join(argv)}`.")
    return max(int(value), _THRESHOLD_LEAST)


def tags(text: str) -> Sequence[str]:
    """The tags of a report's field."""
    return tuple(tag for tag in text.split(",") if tag)


def _report(host: Host, command: str, key: str, fields: Sequence[str],
            names: Sequence[str] = ()) -> List[Row]:
    output = host.run([command, *_OPTIONS, "-o", ",".join(fields), *names]).stdout
    found: List[Row] = []
    for part in objects(json_object(output, command).get("report"), command):
        found += rows(part.get(key, []), command)
    return [{field: row.get(field, "") for field in fields} for row in found]
