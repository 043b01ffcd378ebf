"""clear-etc: what of the image's /etc must go before the first boot, as the admin answered."""

from pathlib import Path
from typing import List, Tuple

from ng2coreos.core import durable
from ng2coreos.core.errors import CommandFailed
from ng2coreos.core.host import Host
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.stage import sysroot

_SYNC_S = 600.0


class ClearEtc(Step):
    """Guarantees that the deployment's /etc lacks what was deleted on NG and stays deleted, and
    what something of another kind takes the place of.

    Ignition cannot do it: it removes nothing and never puts a directory in the place of a file.
    ostree sees a deletion of the admin's, which later updates respect.  Nothing to undo: the
    deployment goes with its volume.
    """

    id = "clear-etc"
    title = "Remove what the host does not have from the image's /etc"

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change, or none where nothing must go."""
        del target
        paths = sorted(item.path for item in decisions.items if item.replaces)
        if not paths:
            return ()
        return (Change(f"{self.id}:paths", self.id,
                       f"Remove {len(paths)} paths from the image's /etc: {', '.join(paths)}",
                       {"paths": paths}, seconds=1),)

    def apply(self, change: Change, run: Run) -> Result:
        """Remove them, whole directories too; symlinks on the way stay inside the deployment."""
        there = [path for path in _places(change, run) if path.exists() or path.is_symlink()]
        for path in there:
            durable.remove(path)
        run.host.run(["sync", "-f", str(run.sysroot())], timeout_s=_SYNC_S)
        return {"removed": len(there)}

    def verify(self, change: Change, run: Run) -> None:
        """Nothing is left of them."""
        left = [str(path) for path in _places(change, run) if path.exists() or path.is_symlink()]
        if left:
            raise CommandFailed(f"{', '.join(left)} could not be removed.",
                                hint="Look at the new system's root volume.")

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """The deployment is thrown away with its volume."""


def _places(change: Change, run: Run) -> List[Path]:
    root = run.sysroot()
    deployed = sysroot.read_deployed(root, run.plan.decisions.boot.stateroot, run.boot / "coreos",
                                     run.plan.target.commit)
    deployment = Host(str(root / deployed.deployment))
    return [deployment.path(path) for path in change.params["paths"]]
