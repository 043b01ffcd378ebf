"""All steps of a run, in the order in which they are applied; they are undone in reverse."""

from typing import Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.execute.step import Step
from ng2coreos.execute.steps.arm import Arm
from ng2coreos.execute.steps.clear_etc import ClearEtc
from ng2coreos.execute.steps.deploy import Deploy
from ng2coreos.execute.steps.export_state import ExportState
from ng2coreos.execute.steps.label_root import LabelRoot
from ng2coreos.execute.steps.make_root import MakeRoot
from ng2coreos.execute.steps.pull_commit import PullCommit
from ng2coreos.execute.steps.snapshot_volumes import SnapshotVolumes
from ng2coreos.execute.steps.write_boot import WriteBoot
from ng2coreos.execute.steps.write_ignition import WriteIgnition
from ng2coreos.model.plan import Plan

STEPS: Tuple[Step, ...] = (
    MakeRoot(), PullCommit(), Deploy(), ClearEtc(), LabelRoot(), ExportState(), WriteIgnition(),
    SnapshotVolumes(), WriteBoot(), Arm())


def step(step_id: str) -> Step:
    """The step called `step_id`."""
    return next(s for s in STEPS if s.id == step_id)


def refuse_unknown(plan: Plan) -> None:
    """Raise BadInput, before anything is done or undone, for steps that this version has not."""
    unknown = sorted({c.step for c in plan.changes} - {s.id for s in STEPS})
    if unknown:
        raise BadInput(
            f"The plan of run {plan.run_id} has steps that are not known: "
            + ", ".join(repr(name[:80]) for name in unknown) + ".",
            hint=f"It was made by ng2coreos {plan.tool_version}: use that version for this run.")
