"""write-boot: the menu entries of the new system, and the state that both systems read.

NG's files on /boot stay as they are, but for one marked block in custom.cfg, which comes last.
NG remains the default.
"""

import logging
from pathlib import Path
from typing import Tuple

from ng2coreos.core import durable
from ng2coreos.core.reading import STATE_BYTES, read_regular
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.execute.store import RunDirectory
from ng2coreos.model.plan import Change, Decisions, Target
from ng2coreos.model.state import BootState, Phase
from ng2coreos.stage import bootdir, cpio, state, sysroot

_LOG = logging.getLogger(__name__)


class WriteBoot(Step):
    """Guarantees boot files that GRUB reads and has checked. Undo: menu first, files last."""

    id = "write-boot"
    title = "Write the boot entries"
    boots = True
    perishable = True
    secret = True

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change: overlay, private grub.cfg, rollback entry, custom.cfg block, state."""
        del target
        need = decisions.prediction.need(self.id)
        return (Change(f"{self.id}:menu", self.id, "Add the new system to NG's boot menu",
                       {"custom_cfg": decisions.boot.custom_cfg}, bytes=need.boot_bytes,
                       seconds=need.seconds),)

    def apply(self, change: Change, run: Run) -> Result:
        """Write everything anew; the block in custom.cfg last."""
        del change
        plan = run.plan.decisions.boot
        root = run.sysroot()
        private = bootdir.make_private(run.boot)
        run.mounts.bind(private, root / "boot")
        deployed = sysroot.read_deployed(root, plan.stateroot, private, run.plan.target.commit)
        overlay = cpio.first_boot_overlay(run.directory.config, plan.drop_units)
        bootdir.install(run.host, run.boot, plan, deployed, overlay)
        state.write(run.boot, first_state(run))
        return {"overlay_bytes": (private / bootdir.OVERLAY).stat().st_size}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Remove the block, then what it named; how the trials went is kept with the run."""
        del change, record
        keep_state(run.boot, run.directory)
        bootdir.remove_menu(run.host.path(run.plan.decisions.boot.custom_cfg), run.boot)


def keep_state(partition: Path, directory: RunDirectory) -> None:
    """Copy what the trials left on `partition` to the run, where `report` finds it; never raises.
    """
    last = state.path(partition)
    try:
        if last.is_file():
            durable.write_file(directory.path / last.name, read_regular(last, STATE_BYTES),
                               mode=0o600)
    except OSError as error:  # a full disk must not keep the host from its way back
        _LOG.warning("how the trials went is not kept: %s", error)


def first_state(run: Run) -> BootState:
    """The state file's content once everything is staged."""
    plan = run.plan
    boot = plan.decisions.boot
    return BootState(
        run_id=plan.run_id, tool_version=plan.tool_version, phase=Phase.STAGED,
        ng_boot_id=boot_id(run), saved_entry=boot.saved_entry, boot_uuid=boot.boot_uuid,
        grubenv=_on_partition(boot.grubenv), custom_cfg=_on_partition(boot.custom_cfg), vg=run.vg,
        volumes=tuple(v.name for v in plan.decisions.volumes), trial_boots=plan.policy.trial_boots,
        confirm=plan.policy.confirm, commit=plan.target.commit, stateroot=boot.stateroot)


def boot_id(run: Run) -> str:
    """The running boot's id."""
    return run.host.read_text("/proc/sys/kernel/random/boot_id").strip()


def _on_partition(path: str) -> str:
    return path[len("/boot"):] if path.startswith("/boot/") else path
