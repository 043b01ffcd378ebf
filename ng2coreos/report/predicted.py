"""What was predicted beside what the run measured: the plan's figures and the journal's."""

from typing import Any, Dict, List, Optional, Sequence

from ng2coreos.model.plan import Plan

Part = Dict[str, Any]


def predictions(plan: Plan, changes: Sequence[Part]) -> List[Part]:
    """Bytes of the pool, its metadata and /boot; measured once every change is done.

    Expected bytes, a margin and a reserve are three things: see docs/predictions.md.
    """
    need, disk = plan.decisions.prediction, plan.picture.disk if plan.picture else None
    metadata_free = disk.metadata_bytes - disk.metadata_used_bytes if disk else None
    return [
        {"what": "pool data", "need_bytes": need.pool_bytes, "margin_bytes": need.pool_margin_bytes,
         "free_bytes": need.pool_free_bytes, "reserve_bytes": need.pool_reserve_bytes,
         "measured_bytes": _taken(changes, "pool_bytes")},
        {"what": "pool metadata", "need_bytes": need.metadata_bytes,
         "margin_bytes": need.metadata_margin_bytes, "free_bytes": metadata_free,
         "reserve_bytes": 0, "measured_bytes": _taken(changes, "metadata_bytes")},
        {"what": "/boot", "need_bytes": need.boot_bytes, "margin_bytes": need.boot_margin_bytes,
         "free_bytes": need.boot_free_bytes, "reserve_bytes": 0,
         "measured_bytes": _taken(changes, "boot_bytes")}]


def inodes(plan: Plan, changes: Sequence[Part]) -> List[Part]:
    """Inodes on /boot and of the new root; counted by the run."""
    need = plan.decisions.prediction
    root = next((c["result"]["root_inodes"] for c in changes
                 if isinstance(c["result"].get("root_inodes"), int)), None)
    return [{"what": "/boot", "need": need.boot_inodes, "measured": _taken(changes, "boot_inodes")},
            {"what": "new root", "need": need.root_inodes, "measured": root}]


def _taken(changes: Sequence[Part], what: str) -> Optional[int]:
    """The sum over all changes; None until all are done, or where one was not measured.

    What was done again after a kill is not summed: what the killed attempt took is in neither.
    """
    found = [c["taken"].get(what) if (c["status"], c["attempts"]) == ("done", 1) else None
             for c in changes]
    known = [n for n in found if isinstance(n, int)]
    return sum(known) if known and len(known) == len(found) else None
