"""export-state: the bundle, every carried file as it is now, checked against the plan's digests."""

from typing import Tuple

from ng2coreos.core import durable
from ng2coreos.execute.bundle import export_bundle
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.model.item import Outcome
from ng2coreos.model.plan import Change, Decisions, Target


class ExportState(Step):
    """Guarantees a whole bundle in the run's directory; StalePlan if a file has changed."""

    id = "export-state"
    title = "Export the host's state"
    perishable = True
    secret = True

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change: the bundle."""
        del target
        carried = [i for i in decisions.items if i.outcome is not Outcome.DROPPED]
        return (Change(f"{self.id}:bundle", self.id, f"Export {len(carried)} items of state", {},
                       bytes=sum(i.size_bytes for i in carried),
                       seconds=decisions.prediction.need(self.id).seconds),)

    def apply(self, change: Change, run: Run) -> Result:
        """Write the bundle anew."""
        del change
        export_bundle(run.host, run.plan, run.directory.bundle)
        return {}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Remove the bundle: it holds keys."""
        durable.remove(run.directory.bundle)
