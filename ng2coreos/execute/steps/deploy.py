"""deploy: one deployment of the commit, its kernel in the private boot directory /boot/coreos."""

import os
from typing import Tuple

from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.stage import bootdir, sysroot


class Deploy(Step):
    """Guarantees exactly one deployment whose boot entry lies in /boot/coreos/loader.

    NG's own loader directory is never seen by ostree. Undo removes /boot/coreos.
    """

    id = "deploy"
    title = "Deploy the image"

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change, with the kernel arguments of the permanent boot entry."""
        kargs = [a.result for a in decisions.kernel_args if a.result]
        need = decisions.prediction.need(self.id)
        return (Change(f"{self.id}:{target.commit[:12]}", self.id,
                       f"Deploy {target.version} with its kernel in /boot/coreos", {"kargs": kargs},
                       bytes=need.pool_bytes + need.boot_bytes, seconds=need.seconds),)

    def apply(self, change: Change, run: Run) -> Result:
        """Deploy, unless the deployment is there with these arguments."""
        root = run.sysroot()
        boot = bootdir.make_private(run.boot)
        run.mounts.bind(boot, root / "boot")
        deployed = sysroot.deploy(run.host, root, run.plan.decisions.boot.stateroot,
                                  run.plan.target, change.params["kargs"], boot)
        status = os.statvfs(str(root))
        return {"bootcsum": deployed.bootcsum, "root_inodes": status.f_files - status.f_ffree}

    def verify(self, change: Change, run: Run) -> None:
        """The boot entry that ostree wrote names files that are there, and the commit is ours."""
        del change
        sysroot.read_deployed(run.sysroot(), run.plan.decisions.boot.stateroot,
                              run.boot / "coreos", run.plan.target.commit)

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Remove /boot/coreos and the links into it; the menu entries are gone by then."""
        del change, record
        run.mounts.unmount_all()
        bootdir.remove_files(run.boot)
