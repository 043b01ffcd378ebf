"""pull-commit: an ostree sysroot on the root volume, with the target's commit in its repo."""

from typing import Tuple

from ng2coreos import target as targets
from ng2coreos.execute import room, work
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.stage import sysroot, volumes


class PullCommit(Step):
    """Guarantees a whole, signature-checked commit in the new sysroot's own repo.

    Undo has nothing to do: everything lies on the root volume, which make-root removes.
    """

    id = "pull-commit"
    title = "Copy the image"

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change: the commit."""
        need = decisions.prediction.need(self.id)
        return (Change(f"{self.id}:{target.commit[:12]}", self.id,
                       f"Copy {target.ref} {target.version} into the root volume",
                       {}, bytes=need.pool_bytes, seconds=need.seconds),)

    def apply(self, change: Change, run: Run) -> Result:
        """Make the sysroot and pull.

        What an earlier process left is not carried on: after a power cut objects and settings may
        be there and empty, and ostree looks into none that is there.  Making the file system anew
        gives the pool its blocks back.
        """
        del change
        root = run.sysroot()
        if sysroot.begun(root):
            run.mounts.unmount_all()
            volume = run.volume("/")
            volumes.make_filesystem(run.host, volumes.path(run.vg, volume.name), volume.fstype,
                                    volume.fs_uuid)
            root = run.sysroot()
        room.require(run, run.plan.decisions.prediction.pool_most_bytes)
        stateroot = run.plan.decisions.boot.stateroot
        sysroot.init(run.host, root, stateroot)
        source = run.plan.target.source
        with work.work_directory(run.host, source) as place, \
                targets.opened(run.host, source, place) as repo:
            with run.progress.task(self.id, self.title) as advance:
                sysroot.pull(run.host, root, repo.repo_path, run.plan.target, advance)
        return {}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """What a killed attempt unpacked goes; make-root removes the volume."""
        del change, record
        work.clear(run.host)
