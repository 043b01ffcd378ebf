"""What the commands do on NG, without the command line: lock, plan, run, roll back."""

import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Iterator, List, Optional

from ng2coreos import plan as deciding
from ng2coreos.core import lock
from ng2coreos.core.errors import (
    Blocked,
    FellBack,
    Interrupted,
    RollbackIncomplete,
    Unsupported,
)
from ng2coreos.core.host import Host
from ng2coreos.core.progress import Progress, Steadfast
from ng2coreos.execute import leaving, planning, rollback, runner, status, unplanned
from ng2coreos.execute.judge import judge, refuse_stale
from ng2coreos.execute.run import BOOT
from ng2coreos.execute.secrets import forget
from ng2coreos.execute.steps import refuse_unknown
from ng2coreos.execute.store import RunDirectory, Store, utc_now
from ng2coreos.inventory import devices, lvm_layout
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.plan import Plan, Policy
from ng2coreos.model.state import Phase
from ng2coreos.model.target import TargetSource
from ng2coreos.stage import arm, bootdir, volumes
from ng2coreos.stage import state as state_file

REBOOT_DEADLINE_S = 60.0
AGAIN = "Run `ng2coreos rollback`, then apply again."


def plan(host: Host, source: TargetSource, policy: Policy) -> Plan:
    """The dry run: reads host and target, changes nothing, takes no lock."""
    began = time.monotonic()
    facts = planning.read_host(host)
    inventory_s = time.monotonic() - began
    target = planning.read_target(host, source, facts)
    return planning.make_plan(host, facts, target, policy,
                              pace=planning.read_pace(host, target, inventory_s))


def apply(host: Host, ready: Plan, progress: Progress, *, fresh: bool = False) -> RunDirectory:
    """Execute `ready` to staged and armed.

    Already armed with the same commit: nothing is done, or, if `fresh`, NG's volumes are taken
    again. Raises before any change: Locked, Blocked, NeedsAnswer, StalePlan, Interrupted; FellBack
    where the new system was tried already.
    """
    refuse_unknown(ready)
    store, progress = Store(host), Steadfast(progress)
    with _no_half_begun(store, ready), lock.exclusive(store.lock_file, run_id=ready.run_id):
        held = store.current()
        if held is not None and held.ended() == "finished" \
                and held.plan().target.commit == ready.target.commit:
            with leaving.running(host, held, leaves=fresh):
                refuse_unarmed(host, held)
                if held.plan().policy != ready.policy:
                    raise Interrupted(f"Run {held.run_id} is armed, with other answers than these.",
                                      hint=AGAIN)
                return _armed_already(host, store, held, progress, fresh)
        if held is None:
            plugins = deciding.load_plugins()
            passing = deciding.momentary_ids(plugins)
            judge(ready, [f for f in ready.decisions.findings if f.id not in passing])
            facts = refuse_stale(host, ready)
            judge(ready, deciding.momentary_findings(plugins, facts))
            refuse_full(facts, ready)
            refuse_leftovers(host, ready)
        else:
            leaving.start_again(host, held)  # the host stays: `begin` refuses a second run
        directory = store.begin(ready)
        with runner.opened(host, directory, progress) as run:
            runner.carry_on(run, store)
        return directory


def resume(host: Host, progress: Progress, *, fresh: bool = False) -> RunDirectory:
    """Carry an interrupted run on to its end; Unsupported when there is none.

    One that is finished is left as it is, or, if `fresh`, gets NG's volumes as they are now.
    """
    store, progress = Store(host), Steadfast(progress)
    with lock.exclusive(store.lock_file):
        directory = _current(store)
        with leaving.running(host, directory, leaves=fresh):
            if directory.undoing():
                raise Interrupted(f"Run {directory.run_id} was being rolled back.",
                                  hint="Run `ng2coreos rollback` to finish that.")
            if directory.ended() == "finished":
                return _armed_already(host, store, directory, progress, fresh)
            refuse_unknown(directory.plan())
            refuse_tried(host, directory)
            refuse_stale(host, directory.plan(), hint=AGAIN)
            _carry_on(host, store, directory, progress)
            return directory


def _armed_already(host: Host, store: Store, held: RunDirectory, progress: Progress,
                   fresh: bool) -> RunDirectory:
    """A finished run, whose state is of the time when it was armed: StalePlan if it is not NG's.

    What /etc holds is compared; what the volumes hold changes all the time.
    """
    refuse_unknown(held.plan())
    refuse_unarmed(host, held)
    forget(held)
    facts = refuse_stale(host, held.plan(), hint=AGAIN)
    if not fresh:
        progress.note(f"Run {held.run_id} has staged and armed this commit already.")
        return held
    # asked before anything is touched: the last step asks again, and would undo all
    judge(held.plan(), deciding.momentary_findings(deciding.load_plugins(), facts))
    progress.note(f"Run {held.run_id} is armed already; NG's volumes are taken again.")
    try:
        held.journal.append({"event": "again", "at": utc_now()})
        _carry_on(host, store, held, progress)
    except OSError as error:  # of a change the runner tells it itself
        raise Interrupted(f"{error}. NG's volumes were not taken again.",
                          hint="Mend the disk; `ng2coreos status` tells how the run stands."
                          ) from error
    return held


def _carry_on(host: Host, store: Store, held: RunDirectory, progress: Progress) -> None:
    """As the runner does it; what an armed boot would find is made anew, so a cut must end in NG.
    """
    boot = held.plan().decisions.boot
    if status.armed(host, held):
        arm.hold(host.path(boot.grubenv), boot.saved_entry)
    state = state_file.read(host.path(BOOT))
    if state is not None and state.phase is Phase.ARMED:
        state_file.write(host.path(BOOT), replace(state, phase=Phase.STAGED))
    with runner.opened(host, held, progress) as run:
        runner.carry_on(run, store)


def roll_back(host: Host, progress: Progress) -> Optional[RunDirectory]:
    """Undo the current run on NG; None when there is nothing to undo."""
    store, progress = Store(host), Steadfast(progress)
    with lock.exclusive(store.lock_file):
        rollback.forbid_after_finalize(host)
        directory = store.current()
        if directory is None:
            _refuse_unexplained(host)
            return None
        if unplanned.damaged(directory.plan_file):
            leaving.start_again(host, directory)
            with runner.held_signals():
                unplanned.sweep(host, directory, store)
            return directory
        refuse_unknown(directory.plan())
        leaving.start_again(host, directory)
        with runner.held_signals(), runner.opened(host, directory, progress) as run:
            rollback.rollback(run, store)
        return directory


def refuse_tried(host: Host, held: RunDirectory) -> None:
    """Raise FellBack when the new system of this run may have been booted already."""
    if status.tried(host, held, state_file.read(host.path(BOOT))):
        raise FellBack(f"The new system of run {held.run_id} was booted already.",
                       hint=f"`ng2coreos status` tells how it went. {AGAIN}")


def refuse_unarmed(host: Host, held: RunDirectory) -> None:
    """Raise FellBack or Interrupted unless the next boot is the first trial of this run."""
    refuse_tried(host, held)
    if not status.armed(host, held):
        raise Interrupted(f"Run {held.run_id} is staged, but the next boot is NG: something has "
                          "taken its one-shot entry away.", hint=AGAIN)


def refuse_full(facts: HostFacts, ready: Plan) -> None:
    """Raise Blocked when the room that the plan found is no longer there: a full pool harms NG."""
    found = deciding.room_findings(facts, deciding.measured(facts, ready.decisions.prediction))
    if found:
        raise Blocked("; ".join(f"{f.id}: {f.title}" for f in found) + ".",
                      hint="; ".join(f.remedy for f in found if f.remedy) or "See the plan.")


def refuse_leftovers(host: Host, ready: Plan) -> None:
    """Raise Interrupted when something of ours is on the host that no journal explains."""
    found = rollback.leftovers(host, ready.source.vg, ready.decisions.boot.custom_cfg)
    if found:
        raise Interrupted("Something of an earlier run is left: " + ", ".join(found) + ".",
                          hint="Remove it; its journal in /var/lib/ng2coreos tells what it was.")


def reboot(host: Host, directory: RunDirectory) -> None:
    """Ask systemd for a reboot (never kexec: it would pass GRUB by).

    Blocked or NeedsAnswer, with the host as it is, when something has begun since that a reboot
    would end, such as a VM: the run may have been armed long ago. StalePlan when the host is no
    longer as it was carried, Interrupted when the next boot is no longer the trial.

    Services that give something back when they end, such as the hosted engine's lockspace, are
    stopped first and asked again; they are started again unless the host restarts.
    """
    with lock.exclusive(Store(host).lock_file), leaving.running(host, directory, leaves=True):
        ready, plugins = directory.plan(), deciding.load_plugins()
        refuse_stale(host, ready, hint=AGAIN)
        judge(ready, deciding.findings_now(plugins, host))
        units = deciding.units_to_stop(plugins, host)
        with runner.held_signals() as caught:
            refuse_unarmed(host, directory)
            with leaving.stopped(host, directory, units):
                if units:
                    judge(ready, deciding.findings_now(plugins, host))
                if caught:
                    raise Interrupted("A signal came before the restart.",
                                      hint=f"Run {directory.run_id} is armed as before: `ng2coreos "
                                           "apply --reboot` goes on, `ng2coreos rollback` undoes "
                                           "it.")
                host.run(["systemctl", "reboot"], timeout_s=REBOOT_DEADLINE_S)


def export(host: Host, ready: Plan, path: Path) -> None:
    """Write the bundle for `ready` to `path`, which must not exist."""
    from ng2coreos.execute.bundle import export_bundle

    if path.exists():
        raise Unsupported(f"{path} exists.", hint="Name a directory that does not exist yet.")
    export_bundle(host, ready, path)


@contextmanager
def _no_half_begun(store: Store, ready: Plan) -> Iterator[None]:
    """What a disk refuses before the first change ends as a run that failed and was undone."""
    try:
        yield
    except OSError as error:  # of a change the runner tells it itself
        store.drop(ready.run_id)
        left = store.current()
        if left is not None and left.run_id == ready.run_id:
            raise RollbackIncomplete(
                f"{error}. Nothing was changed, but run {left.run_id} cannot be forgotten.",
                hint="Mend the disk, then run `ng2coreos rollback`.") from error
        raise runner.told(error) from error


def _current(store: Store) -> RunDirectory:
    directory = store.current()
    if directory is None:
        raise Unsupported("There is no run to resume.", hint="Start one with `ng2coreos apply`.")
    return directory


def _refuse_unexplained(host: Host) -> None:
    found: List[str] = []
    vg = lvm_layout.read(host, devices.connect(host)).vg
    found += [f"LV {vg}/{name}" for name in volumes.ours(host, vg)]
    found += bootdir.leftovers(host.path("/boot"), host.path("/boot/grub2/custom.cfg"))
    if found:
        raise Interrupted("Something of ours is on this host, but no journal explains it: "
                          + ", ".join(found) + ".", hint="Look at it, then remove it by hand.")
