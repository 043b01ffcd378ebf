"""snapshot-volumes: NG's data volumes as thin snapshots, made the new system's own.

Taken last, when the host is quiet.  Owners are mapped in one pass that may swap ids, so it cannot
be repeated: a snapshot whose change is not done is thrown away and taken again.  The same pass
labels each inode, where the image has an SELinux policy.
"""

from typing import Any, Dict, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.execute import labelling, room
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.model.plan import Change, Decisions, Target, Volume
from ng2coreos.stage import transfer, volumes

_SAME = transfer.IdMap({}, {})


class SnapshotVolumes(Step):
    """Guarantees a snapshot with the target's owners and labels, without what only NG uses.

    NG's own volumes are never written. Undo removes the snapshot.
    """

    id = "snapshot-volumes"
    title = "Take the data volumes over"
    perishable = True

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change a volume, deepest mounts last."""
        del target
        what = "its owners" if decisions.labelling is None else "its owners and labels"
        mine = sorted((v for v in decisions.volumes if v.origin), key=lambda v: v.mount)
        return tuple(
            Change(f"{self.id}:{v.name}", self.id,
                   f"Snapshot {v.origin} as {v.name} for {v.mount} and map {what}",
                   {"volume": v.name}, bytes=need.pool_bytes, seconds=need.seconds)
            for v in mine for need in (decisions.prediction.need(self.id, v.name),))

    def apply(self, change: Change, run: Run) -> Result:
        """Snapshot, remove NG-only content, map owners, copy the trees that belong here."""
        volume = run.named_volume(change.params["volume"])
        if volume is None:
            raise BadInput("The plan names a volume that it does not have.", hint="Plan again.")
        volumes.remove(run.host, run.vg, volume.name)
        room.require(run)
        volumes.snapshot(run.host, run.vg, volume, run.plan.run_id)
        mounted = run.mounts.volume(run.vg, volume.name, volume.name)
        with run.progress.task(f"{self.id}:{volume.name}", f"Owners of {volume.mount}",
                               unit=" inodes") as advance:
            counts = self._take_over(volume, mounted, run, advance)
        run.mounts.unmount(mounted)
        return counts

    def _take_over(self, volume: Volume, mounted: Any, run: Run, advance: Any) -> Dict[str, Any]:
        identities = run.plan.decisions.identities
        ids = transfer.IdMap.of(identities)
        transfer.remove_content(mounted, volume.left)
        copied, tops = 0, set()
        with labelling.relabel(run, volume) as labels:
            passed = transfer.reown(mounted, ids, advance, labels=labels)
            for tree in run.plan.decisions.trees:
                if tree.volume == volume.name:
                    copied += transfer.copy_tree(run.host.path(tree.source), mounted / tree.path,
                                                 ids, tree.left, advance).bytes
                    tops.add(tree.path.split("/")[0])
            more = [transfer.reown(mounted / top, _SAME, advance, labels=labels.below(top))
                    for top in sorted(tops) if labels is not None and (mounted / top).exists()]
        done = (passed, *more)
        return {"inodes": passed.inodes, "changed": passed.changed, "copied_bytes": copied,
                "labelled": sum(p.labelled for p in done),
                "unlabelled": sum(p.unlabelled for p in done),
                # numbers without a name on NG keep their number, whoever has it in the image
                "foreign_users": list(passed.foreign_users),
                "foreign_groups": list(passed.foreign_groups)}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Remove the snapshot, if it is ours."""
        run.mounts.unmount_all()
        volumes.remove(run.host, run.vg, change.params["volume"])
