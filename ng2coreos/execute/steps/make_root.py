"""make-root: the new system's root volume, made in NG's pool with the plan's file system UUID."""

from typing import Tuple

from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.stage import volumes


class MakeRoot(Step):
    """Guarantees an empty file system on an LV of ours; undo removes that LV and nothing else."""

    id = "make-root"
    title = "Make the root volume"

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change: the volume mounted at ``/``."""
        del target
        need = decisions.prediction.need(self.id)
        return tuple(
            Change(f"{self.id}:{v.name}", self.id, f"Make {v.name}, {v.fstype}, for the new system",
                   {"volume": v.name}, bytes=need.pool_bytes, seconds=need.seconds)
            for v in decisions.volumes if v.mount == "/")

    def apply(self, change: Change, run: Run) -> Result:
        """Make the LV and its file system, unless both are there."""
        volume = run.named_volume(change.params["volume"])
        assert volume is not None
        volumes.create(run.host, run.vg, run.plan.source.pool, volume, run.plan.run_id)
        return {}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Remove the LV, if it is ours."""
        run.mounts.unmount_all()
        volumes.remove(run.host, run.vg, change.params["volume"])
