"""The new system's logical volumes: made, recognised and removed by our tag, never by name alone.

Every LV of ours carries the tag ``ng2coreos`` and the run's own.  NG's volumes are never written;
a snapshot gets a file system UUID of its own before anything else happens to it.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from ng2coreos.core.errors import BadInput, Ng2CoreosError, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.model.filesystem import MAKE
from ng2coreos.model.plan import Volume

TAG = "ng2coreos"
_FS_TIMEOUT_S = 3600.0  # e2fsck of a large /var on a slow disk
_SCRATCH = "/run/ng2coreos"
_NOTHING_FOUND = 2  # blkid: no file system
_TOO_MUCH = 2.0 ** 64  # bytes
_FSCK_OK = (0, 1)  # e2fsck: clean, or mended


@dataclass(frozen=True)
class OurVolume:
    """An LV of ours, as lvs reports it."""

    name: str
    tags: Tuple[str, ...]
    size_bytes: int
    pool: str
    origin: str
    active: bool


@dataclass(frozen=True)
class Fill:
    """How full a thin pool is; `taken` are the bytes that each thin volume maps, shared or not."""

    free_bytes: int
    metadata_percent: float
    taken: Dict[str, int]


def fill(host: Host, vg: str, pool: str) -> Fill:
    """How full `pool` is now; only reports, changes nothing."""
    result = host.run(["lvs", "--reportformat", "json", "--units", "b", "--nosuffix", "-o",
                       "lv_name,lv_size,data_percent,metadata_percent", vg])
    rows = {row["lv_name"]: row for row in _rows(
        result.stdout, ("lv_name", "lv_size", "data_percent", "metadata_percent"))}
    if pool not in rows or not rows[pool]["data_percent"]:
        raise BadInput(f"lvs does not tell how full {vg}/{pool} is.", hint="Is the pool active?")
    mapped = {name: int(_number(row["lv_size"]) * _number(row["data_percent"]) / 100)
              for name, row in rows.items()}
    size = int(_number(rows[pool]["lv_size"]))
    return Fill(size - mapped[pool], _number(rows[pool]["metadata_percent"]), mapped)


def ours(host: Host, vg: str) -> Tuple[str, ...]:
    """Names of all LVs of `vg` that carry our tag, whichever run made them."""
    return tuple(sorted(v.name for v in listed(host, vg).values() if TAG in v.tags))


def create(host: Host, vg: str, pool: str, volume: Volume, run_id: str) -> None:
    """Guarantee an LV of ours with an empty file system that has the plan's UUID.

    One that is there, ours, of this run and with that file system is left as it is; what an
    earlier or killed run left half made is made again.
    """
    found = listed(host, vg).get(volume.name)
    if found is not None and not _usable(found, volume, run_id, "" if volume.thick else pool):
        remove(host, vg, volume.name)
        found = None
    if found is None:
        size = ["-L", f"{volume.size_bytes}B"] if volume.thick else [
            "-V", f"{volume.size_bytes}B", "-T", f"{vg}/{pool}"]
        host.run(["lvcreate", "-q", "-y", "-kn", *size, "-n", volume.name, *_tags(run_id),
                  *([vg] if volume.thick else [])])
    activate(host, vg, found)
    device = path(vg, volume.name)
    if probe(host, device) != (volume.fstype, volume.fs_uuid):
        make_filesystem(host, device, volume.fstype, volume.fs_uuid)


def snapshot(host: Host, vg: str, volume: Volume, run_id: str) -> None:
    """Guarantee a thin snapshot of ours of `volume.origin`, log replayed, with the plan's UUID.

    The origin may be mounted: device-mapper freezes its file system for the moment of the
    snapshot.  While it still has UUID and label of its origin no boot activates it (skip flag):
    after a power cut NG could mount it by one of them, and lose with it what it then writes.  A
    snapshot of this run that has the plan's UUID is complete and left as it is; any other of ours
    is thrown away and taken again.
    """
    if volume.thick or not volume.origin:
        raise BadInput(f"{volume.name} cannot be a thin snapshot.", hint="Plan again.")
    device = path(vg, volume.name)
    found = listed(host, vg).get(volume.name)
    if found is not None and found.origin == volume.origin and f"{TAG}:{run_id}" in found.tags:
        _activate_skipped(host, vg, volume.name)
        if probe(host, device) == (volume.fstype, volume.fs_uuid):
            _activated_at_boot(host, vg, volume.name)
            return
    if found is not None:
        remove(host, vg, volume.name)
    if volume.source_mount:
        host.run(["sync", "-f", volume.source_mount], timeout_s=_FS_TIMEOUT_S)
    host.run(["lvcreate", "-q", "-y", "-s", "-ky", "-n", volume.name, *_tags(run_id),
              f"{vg}/{volume.origin}"])
    _activate_skipped(host, vg, volume.name)
    _check_type(host, device, volume)
    _new_uuid(host, device, volume.fstype, volume.fs_uuid)
    _activated_at_boot(host, vg, volume.name)


def remove(host: Host, vg: str, name: str) -> None:
    """Guarantee that LV `name` is gone; BadInput, and nothing done, if it is not ours."""
    found = listed(host, vg).get(name)
    if found is None:
        return
    if TAG not in found.tags:
        raise BadInput(f"{vg}/{name} does not carry the tag {TAG}: it is not removed.",
                       hint=f"If ng2coreos left it: lvchange --addtag {TAG} {vg}/{name}")
    host.run(["lvremove", "-q", "-y", f"{vg}/{name}"])


def listed(host: Host, vg: str) -> Dict[str, OurVolume]:
    """All visible LVs of `vg` by name; only reports, changes nothing."""
    result = host.run(["lvs", "--reportformat", "json", "--units", "b", "--nosuffix", "-o",
                       "lv_name,lv_tags,lv_size,pool_lv,origin,lv_active", vg])
    rows = _rows(result.stdout,
                 ("lv_name", "lv_tags", "lv_size", "pool_lv", "origin", "lv_active"))
    return {row["lv_name"]: OurVolume(
        row["lv_name"], tuple(t for t in row["lv_tags"].split(",") if t),
        int(_number(row["lv_size"])), row["pool_lv"], row["origin"],
        row["lv_active"] not in ("", "inactive")) for row in rows}


def make_filesystem(host: Host, device: str, fstype: str, uuid: str) -> None:
    """Make an empty file system with `uuid`, by NG's own tools: NG must be able to mount it too.

    Which features it has are their defaults, which NG's kernel knows, and the new system's kernel
    is never older.  Sizes are said (model/filesystem.py), since the plan foretells them.
    """
    if fstype not in MAKE:
        raise _unknown(device, fstype)
    named = ["-U", uuid] if fstype == "ext4" else ["-m", f"crc=1,uuid={uuid}"]
    host.run([*MAKE[fstype], *named, device], timeout_s=_FS_TIMEOUT_S)


def probe(host: Host, device: str) -> Tuple[str, str]:
    """File system type and UUID as the device says, not udev; empty if there is none."""
    result = host.run(["blkid", "-p", "-s", "TYPE", "-s", "UUID", "-o", "export", device],
                      ok=(0, _NOTHING_FOUND))
    found = dict(line.partition("=")[::2] for line in result.stdout.splitlines())
    return found.get("TYPE", ""), found.get("UUID", "")


def activate(host: Host, vg: str, volume: Optional[OurVolume]) -> None:
    """Guarantee the device node of an LV (one that was just made is active)."""
    if volume is not None and not volume.active:
        host.run(["lvchange", "-ay", f"{vg}/{volume.name}"])
    settle(host)


def _activate_skipped(host: Host, vg: str, name: str) -> None:
    """Guarantee the device node of an LV that no boot activates by itself."""
    host.run(["lvchange", "-ay", "-K", f"{vg}/{name}"])
    settle(host)


def _activated_at_boot(host: Host, vg: str, name: str) -> None:
    host.run(["lvchange", "-kn", f"{vg}/{name}"])


def settle(host: Host) -> None:
    """Let udev finish with new device nodes; a host without udev gets them from lvm itself."""
    try:
        host.run(["udevadm", "settle", "--timeout=30"], ok=(0, 1))
    except Unsupported:
        pass


def path(vg: str, name: str) -> str:
    """The device of an LV."""
    return f"/dev/{vg}/{name}"


def _rows(text: str, fields: Sequence[str]) -> List[Dict[str, str]]:
    """The rows of a report of lvs, each with all `fields` as texts."""
    try:
        rows = json.loads(text)["report"][0]["lv"]
        if all(isinstance(row[field], str) for row in rows for field in fields):
            return list(rows)
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise _strange(text)


def _number(text: str) -> float:
    """A size in bytes or a percentage, nothing being 0."""
    try:
        value = float(text or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value < _TOO_MUCH:
        raise _strange(text)
    return value


def _strange(text: str) -> BadInput:
    return BadInput(f"lvs did not print what it is known to print but {text[:60]!r}.",
                    hint="Run `lvs` by hand: is it the distribution's own program?")


def _new_uuid(host: Host, device: str, fstype: str, uuid: str) -> None:
    """Another UUID and no label: NG may mount by either, and must never find this instead."""
    if fstype == "ext4":  # e2fsck replays the log; tune2fs wants a file system just checked
        host.run(["e2fsck", "-fp", device], ok=_FSCK_OK, timeout_s=_FS_TIMEOUT_S)
        host.run(["tune2fs", "-L", "", "-U", uuid, device], timeout_s=_FS_TIMEOUT_S)
    elif fstype == "xfs":  # xfs replays its log only when mounted; nouuid since the origin is
        _replay_xfs(host, device)
        host.run(["xfs_admin", "-L", "--", "-U", uuid, device], timeout_s=_FS_TIMEOUT_S)
    else:
        raise _unknown(device, fstype)


def _replay_xfs(host: Host, device: str) -> None:
    target = host.path(_SCRATCH) / f"log-{Path(device).name}"
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        host.run(["mount", "-t", "xfs", "-o", "nouuid", "--", device, str(target)],
                 timeout_s=_FS_TIMEOUT_S)
        host.run(["umount", "--", str(target)], timeout_s=_FS_TIMEOUT_S)
    finally:
        with suppress(OSError):  # still mounted: the failed umount is what the caller must see
            target.rmdir()


def _check_type(host: Host, device: str, volume: Volume) -> None:
    fstype, uuid = probe(host, device)
    if fstype != volume.fstype:
        raise BadInput(f"{device} holds {fstype or 'no file system'}, not {volume.fstype}.",
                       hint="Plan again: the host has changed.")
    if uuid == volume.fs_uuid:
        raise Ng2CoreosError(f"The plan gives {device} the UUID of its origin.", hint="Plan again.")


def _usable(found: OurVolume, volume: Volume, run_id: str, pool: str) -> bool:
    return (TAG in found.tags and f"{TAG}:{run_id}" in found.tags and found.pool == pool
            and not found.origin and found.size_bytes >= volume.size_bytes)


def _tags(run_id: str) -> Tuple[str, ...]:
    return ("--addtag", TAG, "--addtag", f"{TAG}:{run_id}")


def _unknown(device: str, fstype: str) -> BadInput:
    return BadInput(f"{device}: ng2coreos cannot make or change {fstype or 'no file system'}.",
                    hint="Only ext4 and xfs are supported.")
