"""NG's volumes, given up: which of them can be removed safely, in which order, and the removal."""

import json
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from ng2coreos.core.errors import BadInput, Blocked
from ng2coreos.core.host import Host

OUR_TAG = "ng2coreos"
_THIN, _PLAIN = "V", ("-", "o", "O", "s")  # lv_attr, first letter: lvs(8)
_OPEN = "o"  # lv_attr, sixth letter


@dataclass(frozen=True)
class _Volume:
    name: str
    origin: str
    attr: str
    tags: Tuple[str, ...]

    @property
    def thin(self) -> bool:
        return self.attr[:1] == _THIN


def removable(host: Host, vg: str, names: Sequence[str], keep: Sequence[str]) -> Tuple[str, ...]:
    """Those of `names` that exist, snapshots before their origins.

    Raises Blocked, naming all reasons, if one of them is ours (`keep` or our tag), in use, no plain
    or thin volume, or carries a classic snapshot that is not removed with it.
    """
    volumes = _read(host, vg)
    chosen = [volumes[name] for name in dict.fromkeys(names) if name in volumes]
    problems = [f"{vg}/{v.name} {why}" for v in chosen
                for why in _objections(v, volumes, names, keep)]
    if problems:
        raise Blocked("NG's volumes cannot be removed: " + "; ".join(problems) + ".",
                      hint="Unmount what is in use (see `findmnt` and `lsblk`), then try again.")
    return tuple(v.name for v in sorted(chosen, key=lambda v: -_depth(v, volumes)))


def remove(host: Host, vg: str, name: str) -> bool:
    """Remove the volume; False where it is gone already. LVM refuses one that is in use."""
    if name not in _read(host, vg):
        return False
    host.run(["lvremove", "--yes", "--quiet", f"{vg}/{name}"])
    return True


def _objections(volume: _Volume, volumes: Dict[str, _Volume], names: Sequence[str],
                keep: Sequence[str]) -> List[str]:
    found = []
    if volume.name in keep or OUR_TAG in volume.tags:
        found.append("belongs to the new system")
    if not volume.thin and volume.attr[:1] not in _PLAIN:
        found.append("is no plain or thin volume")
    if volume.attr[5:6] == _OPEN:
        found.append("is in use")
    found += [f"has the snapshot {other.name}, which would go with it"
              for other in volumes.values()
              if other.origin == volume.name and not other.thin and other.name not in names]
    return found


def _depth(volume: _Volume, volumes: Dict[str, _Volume]) -> int:
    seen = {volume.name}
    while volume.origin in volumes and volume.origin not in seen:
        volume = volumes[volume.origin]
        seen.add(volume.name)
    return len(seen)


def _read(host: Host, vg: str) -> Dict[str, _Volume]:
    done = host.run(["lvs", "--reportformat", "json", "--options", "lv_name,origin,lv_attr,lv_tags",
                     vg])
    try:
        rows = json.loads(done.stdout)["report"][0]["lv"]
        return {row["lv_name"]: _Volume(row["lv_name"], row["origin"], row["lv_attr"],
                                        tuple(t for t in row["lv_tags"].split(",") if t))
                for row in rows}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadInput(f"lvs did not print what it is known to print but {done.stdout[:60]!r}.",
                       hint="Run `lvs` by hand; nothing was changed.") from None
