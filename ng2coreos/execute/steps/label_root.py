"""label-root: the new root volume has the labels that its own policy wants."""

from typing import Tuple

from ng2coreos.core.errors import CommandFailed
from ng2coreos.execute import labelling
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.stage.relabel import label_sysroot

_SYNC_S = 600.0


class LabelRoot(Step):
    """Guarantees labels where the commit brings none: on what ostree and mkfs made, and in /etc.

    ostree labels only where the running kernel has SELinux on, and never the file system's top, in
    which an enforcing system must be able to search.  Nothing to undo: they go with the volume.
    """

    id = "label-root"
    title = "Label the new root"

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change, or none where the image has no policy."""
        del target
        if decisions.labelling is None:
            return ()
        return (Change(f"{self.id}:labels", self.id,
                       f"Label the new root by the image's policy {decisions.labelling.policy}", {},
                       seconds=decisions.prediction.need(self.id).seconds),)

    def apply(self, change: Change, run: Run) -> Result:
        """Label what has another one."""
        del change
        place = labelling.deployment(run)
        with labelling.relabel(run, run.volume("/")) as labels:
            assert labels is not None  # else there is no such change
            labelled, unlabelled = label_sysroot(run.sysroot(), place, labels)
        run.host.run(["sync", "-f", str(run.sysroot())], timeout_s=_SYNC_S)
        return {"labelled": labelled, "unlabelled": unlabelled}

    def verify(self, change: Change, run: Run) -> None:
        """A second pass would find nothing to do, but for what the kernel refuses."""
        del change
        place = labelling.deployment(run)
        with labelling.relabel(run, run.volume("/")) as labels:
            assert labels is not None
            labelled, _ = label_sysroot(run.sysroot(), place, labels)
        if labelled:
            raise CommandFailed(f"{labelled} labels of the new root did not stay.",
                                hint="Look at the kernel's log; does something else relabel?")

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """The root goes with its volume."""
