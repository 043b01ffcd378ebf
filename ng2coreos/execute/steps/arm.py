"""arm: the next boot, and only that one, is the new system. The commit point of `apply`."""

from dataclasses import replace
from typing import Tuple

from ng2coreos import plan as deciding
from ng2coreos.core.errors import StalePlan
from ng2coreos.execute.judge import judge, refuse_stale
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.execute.steps.write_boot import boot_id
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.model.state import Phase
from ng2coreos.stage import arm, bootdir, state, sysroot


class Arm(Step):
    """Guarantees `next_entry` in NG's GRUB environment, once all that it boots is durable."""

    id = "arm"
    title = "Arm the trial boot"
    boots = True
    perishable = True

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change: one variable."""
        del target
        return (Change(f"{self.id}:next-entry", self.id,
                       "Make the next boot, once, the new system's first trial",
                       {"grubenv": decisions.boot.grubenv},
                       seconds=decisions.prediction.need(self.id).seconds),)

    def apply(self, change: Change, run: Run) -> Result:
        """State first, then the variable: an armed boot always finds its state.

        Between the two nothing is armed, and NG's GRUB environment says that nothing was.
        What may have changed since the plan is asked once more: a package that dnf has brought
        meanwhile would be lost, a VM that was started would be ended.
        """
        del change
        run.mounts.unmount_all()  # the new system's volumes are written back, whole and quiet
        _read_back(run)
        bootdir.verify(run.host, run.boot, run.plan.decisions.boot)
        refuse_stale(run.host, run.plan)
        judge(run.plan, deciding.findings_now(deciding.load_plugins(), run.host))
        current = state.read(run.boot)
        if current is None:
            raise StalePlan("The state file on /boot is gone.", hint="Run `ng2coreos rollback`.")
        environment = run.host.path(run.plan.decisions.boot.grubenv)
        arm.hold(environment, run.plan.decisions.boot.saved_entry)
        state.write(run.boot, replace(current, phase=Phase.ARMED, ng_boot_id=boot_id(run)))
        arm.arm(environment, bootdir.FIRST_BOOT_ENTRY)
        return {}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """NG is the default again and nothing is to be booted once."""
        del change, record
        boot = run.plan.decisions.boot
        arm.disarm(run.host.path(boot.grubenv), boot.saved_entry)


def _read_back(run: Run) -> None:
    """What boots is on the disk: a disk may have said yes to writes and have forgotten them.

    Mounted anew, the root volume shows what it holds, and nothing that the page cache held.
    """
    sysroot.read_deployed(run.sysroot(), run.plan.decisions.boot.stateroot,
                          run.boot / state.PRIVATE, run.plan.target.commit)
    run.mounts.unmount_all()
