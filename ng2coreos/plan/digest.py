"""Fingerprints of what a plan was made from: another one means that the plan is stale."""

import hashlib
import json
from typing import Any, Dict, List, Mapping

from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts
from ng2coreos.plan.volumes import PREFIX, TAG

# Written by every lvm command and every lease, our own included: no change depends on them
VOLATILE = ("/etc/lvm/archive", "/etc/lvm/backup", "/etc/lvm/cache", "/etc/lvm/devices/backup",
            "/etc/ld.so.cache", "/etc/mtab", "/etc/resolv.conf", "/etc/.updated", "/etc/.pwd.lock")
VOLATILE_KEY = "volatile"  # a plug-in puts facts there that may change between plan and run


def digests(facts: HostFacts) -> Dict[str, str]:
    """Of each part of the facts that changes depend on, by its name for humans: SHA-256 in hex.

    Fill levels, free space, the size of the pool (dmeventd extends it), the boot's id, what the
    tool itself made, and what plug-ins call volatile are left out, so that a run can look again
    half-way and still know its host.
    """
    return {name: _digest(part) for name, part in _stable(facts).items()}


def changed_parts(before: Mapping[str, str], now: Mapping[str, str]) -> List[str]:
    """The parts that came, went or differ."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _digest(part: Any) -> str:
    text = json.dumps(part, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _stable(facts: HostFacts) -> Dict[str, Any]:
    layout, boot = facts.layout, facts.boot
    running = [e for e in boot.entries if e.id == boot.running_entry]
    return {
        "host": [facts.machine_id, facts.arch, facts.variant_id, facts.kernel],
        "volumes": {
            "vg": [layout.vg, layout.vg_uuid, layout.extent_bytes],
            "pool": [layout.pool.name, layout.pool.chunk_bytes],
            "volumes": sorted(
                [v.name, v.uuid, 0 if v.name == layout.pool.name else v.size_bytes, v.pool,
                 v.origin] for v in layout.volumes if not _ours(v.name, list(v.tags))),
            "images": sorted([i.volume, i.kind.value, i.current] for i in layout.images),
            "mounts": sorted([m.target, m.fstype, m.uuid, m.volume] for m in layout.mounts
                             if m.volume and not m.volume.startswith(PREFIX)),
            "pvs": sorted(p.uuid for p in layout.pvs if p.vg == layout.vg),
        },
        "boot": [boot.firmware, boot.boot_uuid, boot.boot_fstype, boot.grub_cfg, boot.grubenv,
                 boot.custom_cfg, boot.blscfg, boot.kernel_args, boot.running_entry,
                 boot.grub_variables.get("saved_entry", ""), codec.dump(tuple(running))],
        "/etc": codec.dump(tuple(sorted((c for c in facts.etc if not _volatile(c.path)),
                                       key=lambda c: c.path))),
        "users": codec.dump(facts.users), "groups": codec.dump(facts.groups),
        "network interfaces": codec.dump(facts.nics), "services": codec.dump(facts.services),
        "packages": codec.dump(facts.packages),
        **{f"plug-in {name}": _without_volatile(value) for name, value in facts.plugins.items()},
    }


def _ours(name: str, tags: List[str]) -> bool:
    return name.startswith(PREFIX) or TAG in tags


def _volatile(path: str) -> bool:
    return any(path == top or path.startswith(top + "/") for top in VOLATILE)


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_volatile(v) for k, v in value.items() if k != VOLATILE_KEY}
    return value
