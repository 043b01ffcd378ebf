"""pull-commit: an ostree sysroot on the root volume, with the target's commit in its repo."""

from typing import Tuple

from ng2coreos import target as targets
from ng2coreos.execute import room
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.execute.work import work_directory
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.stage import sysroot


class PullCommit(Step):
    """Guarantees a whole, signature-checked commit in the new sysroot's own repo.

    Undo has nothing to do: everything lies on the root volume, which make-root removes.
    """

    id = "pull-commit"
    title = "Copy the image"

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change: the commit."""
        return (Change(f"{self.id}:{target.commit[:12]}", self.id,
                       f"Copy {target.ref} {target.version} into the root volume",
                       {}, bytes=decisions.prediction.pool_bytes, seconds=60),)

    def apply(self, change: Change, run: Run) -> Result:
        """Make the sysroot and pull; objects that are there already are not copied again."""
        del change
        room.require(run, run.plan.decisions.prediction.pool_bytes)
        root = run.sysroot()
        stateroot = run.plan.decisions.boot.stateroot
        sysroot.init(run.host, root, stateroot)
        source = run.plan.target.source
        with work_directory(run.host, source) as work, \
                targets.opened(run.host, source, work) as repo:
            with run.progress.task(self.id, self.title) as advance:
                sysroot.pull(run.host, root, repo.repo_path, run.plan.target, advance)
        return {}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Nothing: make-root removes the volume."""
