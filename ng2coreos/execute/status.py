"""Where a host stands, told from the journal and the state file alone."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Callable, Optional, Tuple

from ng2coreos.core import lock
from ng2coreos.core.errors import BadInput, Exit
from ng2coreos.core.host import Host
from ng2coreos.execute import follow
from ng2coreos.execute.store import RunDirectory, Store, utc_now
from ng2coreos.model.state import Attempt, BootState, Failure, Phase
from ng2coreos.stage import arm, bootdir, grubenv, menu
from ng2coreos.stage import state as state_file

_AGAIN = "ng2coreos rollback, then apply again"
_TRIAL = (Phase.ARMED, Phase.FIRST_HEALTHY, Phase.HEALTHY, Phase.FAILED)


@dataclass(frozen=True)
class Status:
    """What `ng2coreos status` says on NG; `exit_code` follows `host_state`."""

    host_state: str  # untouched | prepared | staged | switched | rolled-back | migrated
    phase: str
    text: str
    next: str
    exit_code: int
    run_id: str = ""
    failures: Tuple[Failure, ...] = ()
    attempts: Tuple[Attempt, ...] = ()
    changes_done: int = 0
    changes_total: int = 0
    taken: str = ""  # when NG's state was taken: what NG wrote since is not on the new system


def status(host: Host, store: Store, now: Callable[[], str] = utc_now) -> Status:
    """Where this NG host stands."""
    directory = store.current()
    at_work = lock.holder(store.lock_file)
    if at_work is not None:
        return _at_work(host, directory, at_work)
    state = state_file.read(host.path("/boot"))
    if directory is None:
        if state is not None:
            return Status("prepared", state.phase.value,
                          "Boot files of a run are there, but its journal is not.",
                          "ng2coreos rollback", Exit.INTERRUPTED, state.run_id)
        return Status("untouched", "", "No run has changed this host.", "ng2coreos plan", Exit.OK)
    done, total = _progress(directory)
    undoing = directory.undoing()
    # a power cut between arming and the journal's last line: the new system was booted all the same
    if undoing or (directory.ended() != "finished" and not tried(host, directory, state)):
        way = "being rolled back" if undoing else f"interrupted after {done} of {total} changes"
        boots = "the next boot is the trial" if armed(host, directory) else "NG boots as before"
        return Status(
            "prepared", Phase.PREPARED.value, f"Run {directory.run_id} was {way}; {boots}.",
            "ng2coreos rollback" if undoing else "ng2coreos resume, or ng2coreos rollback",
            Exit.INTERRUPTED, directory.run_id, changes_done=done, changes_total=total)
    told = _after_staging(host, directory, state)
    taken = directory.taken() if told.host_state == "staged" else ""
    return replace(told, text=told.text + _aged(taken, now()), taken=taken, changes_done=done,
                   changes_total=total)


def _at_work(host: Host, directory: Optional[RunDirectory], holder: lock.Holder) -> Status:
    """Somebody holds the lock: nothing is interrupted, and nothing can be begun."""
    who = f"pid {holder.pid}" if holder.alive else (
        f"a program that pid {holder.pid} started before it was killed")
    after = "ng2coreos status --follow"
    if directory is None:
        return Status("untouched", "", f"ng2coreos is at work ({who}) and has changed nothing yet.",
                      after, Exit.LOCKED, holder.run_id)
    done, total = _progress(directory)
    now = follow.latest(host, holder.pid)
    way = "being rolled back" if directory.undoing() else "at work"
    return Status(
        "prepared", Phase.PREPARED.value, f"Run {directory.run_id} is {way} ({who})"
        + (f": {now}." if now else "."), after, Exit.LOCKED, directory.run_id,
        changes_done=done, changes_total=total)


def tried(host: Host, directory: RunDirectory, state: Optional[BootState]) -> bool:
    """May the new system of this run have been booted? Its volumes are not as NG was then."""
    if state is None or state.run_id != directory.run_id:
        return False
    if state.phase is Phase.ARMED:
        return state.ng_boot_id != _boot_id(host) and (
            bool(state.attempts) or not _held(host, directory))
    return state.phase not in (Phase.PREPARED, Phase.STAGED)


def armed(host: Host, directory: RunDirectory) -> bool:
    """Is the next boot, once, the first trial?"""
    try:
        environment = host.path(directory.plan().decisions.boot.grubenv)
        return arm.armed(environment) == bootdir.FIRST_BOOT_ENTRY
    except BadInput:  # GRUB cannot read it either
        return False


def _held(host: Host, directory: RunDirectory) -> bool:
    """Did this run itself take the armed entry away, or not set it yet?"""
    try:
        return arm.held(host.path(directory.plan().decisions.boot.grubenv))
    except BadInput:
        return False


def _boot_id(host: Host) -> str:
    return host.read_text("/proc/sys/kernel/random/boot_id", default="").strip()


def _after_staging(host: Host, directory: RunDirectory, state: Optional[BootState]) -> Status:
    run = directory.run_id
    if state is None:
        return Status("inconsistent", "", f"The state file of run {run} on /boot is gone.",
                      "ng2coreos rollback", Exit.ROLLBACK_INCOMPLETE, run)
    phase = state.phase
    once = armed(host, directory)
    if phase is Phase.ARMED and once and _boot_id(host) != state.ng_boot_id:
        return Status("staged", phase.value, "NG was restarted past its boot loader (kexec?): the "
                      "next boot is still the trial, but with volumes older than this boot of NG.",
                      _AGAIN, Exit.OK, run)
    if phase is Phase.ARMED and not once and _boot_id(host) == state.ng_boot_id:
        return Status("staged", phase.value, "Everything is in place, but the next boot is NG: "
                      "something has taken the one-shot entry away.", _AGAIN, Exit.OK, run)
    if phase is Phase.ARMED and once:
        return Status("staged", phase.value, "Everything is in place; the next boot is the trial.",
                      "ng2coreos apply --reboot (it takes NG's volumes again), or ng2coreos "
                      "rollback", Exit.OK, run)
    if phase in _TRIAL:
        failures = state.attempts[-1].failures if state.attempts else ()
        return Status("rolled-back", "fell-back", _why(state), "ng2coreos rollback, then mend and "
                      "plan again", Exit.FELL_BACK, run, failures, state.attempts)
    if phase in (Phase.FINALIZING, Phase.FINALIZED):
        return Status("migrated", phase.value, "The new system has begun to give NG's space back: "
                      "parts of NG are gone.", "boot the new system, then ng2coreos finalize --yes",
                      Exit.INTERRUPTED, run, attempts=state.attempts)
    if phase is Phase.CONFIRMED and _fallen(host):
        return Status("rolled-back", "fell-back", "The new system was confirmed, but did not come "
                      "up four times in a row: the boot menu has left it, and every boot is NG "
                      "until it is picked in the menu by hand and comes up.", "ng2coreos rollback, "
                      "or pick it in the boot menu", Exit.FELL_BACK, run, attempts=state.attempts)
    if phase is Phase.CONFIRMED:
        return Status("migrated", phase.value, "The new system is confirmed; this is NG, booted by "
                      "its rollback entry.", "reboot to the new system, or ng2coreos rollback",
                      Exit.OK, run, attempts=state.attempts)
    if phase is Phase.ROLLED_BACK:
        return Status("rolled-back", phase.value, "The new system was given up; its volumes and "
                      "files are still there.", "ng2coreos rollback", Exit.OK, run,
                      attempts=state.attempts)
    return Status("staged", phase.value, "Everything is in place; NG is the default.",
                  "ng2coreos resume, or ng2coreos rollback", Exit.OK, run)


def _aged(taken: str, now: str) -> str:
    """The warning that NG goes on writing what does not come along."""
    if not taken:
        return ""
    try:
        minutes = max(0, int((_time(now) - _time(taken)).total_seconds()) // 60)
    except ValueError:  # no such day
        return ""
    days, hours = minutes // 1440, minutes // 60 % 24
    age = f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"
    return (f" NG's state was taken at {taken}, {age} ago: what NG wrote since is not on the new "
            "system.")


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def _fallen(host: Host) -> bool:
    """Has the private menu's boot counter (firstboot/boot_success.py) run out?"""
    try:
        counted = grubenv.read(bootdir.private_grubenv(host.path("/boot")))
    except (BadInput, OSError):  # GRUB counts nothing then
        return False
    return counted.get("boot_counter") == str(menu.COUNTER_FALLEN)


def _why(state: BootState) -> str:
    trial = "second" if state.phase is Phase.FIRST_HEALTHY else "first"
    if state.phase is Phase.HEALTHY:
        return "The new system was healthy, but the host was reset before it was confirmed."
    if state.phase is Phase.FAILED and state.attempts:
        last = state.attempts[-1]
        failed = "; ".join(f.title for f in last.failures)
        why = f"What failed: {failed}." if failed else "No reason is recorded."
        return f"Trial {last.trial} of the new system was not healthy. {why} NG is running again."
    return (f"The {trial} trial of the new system did not get as far as its health checks "
            "(panic, hang or power cut). NG is running again.")


def _progress(directory: RunDirectory) -> Tuple[int, int]:
    return len(directory.done()), len(directory.plan().changes)
