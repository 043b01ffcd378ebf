"""All steps of a run, in the order in which they are applied; they are undone in reverse."""

from typing import Tuple

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

STEPS: Tuple[Step, ...] = (
    MakeRoot(), PullCommit(), Deploy(), ClearEtc(), LabelRoot(), ExportState(), WriteIgnition(),
    SnapshotVolumes(), WriteBoot(), Arm())


def step(step_id: str) -> Step:
    """The step called `step_id`."""
    return next(s for s in STEPS if s.id == step_id)
