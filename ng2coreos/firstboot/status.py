"""Where the move stands, in words, told on the new system."""

from dataclasses import dataclass
from typing import List, Optional, Tuple

from ng2coreos.core.errors import BadInput, Ng2CoreosError
from ng2coreos.firstboot import finalize, verify
from ng2coreos.firstboot.layers import Layers, look
from ng2coreos.firstboot.system import System
from ng2coreos.model.proof import Verification
from ng2coreos.model.restart import RestartPart
from ng2coreos.model.state import BootState, Phase
from ng2coreos.report import downtime
from ng2coreos.report.proof import proof_text
from ng2coreos.report.status_view import journal
from ng2coreos.report.table import paragraph, table
from ng2coreos.stage import arm, bootdir

# what it means, what comes next
_WORDS = {
    Phase.PREPARED: ("The new system is being prepared on NG.", "Boot NG and let the run end."),
    Phase.STAGED: ("The new system is staged, but no trial was armed.",
                   "This boot was picked by hand; a reset boots NG. Arm the trial there."),
    Phase.ARMED: ("The first trial is on.",
                  "Wait: the host reboots, to the second trial if this is healthy, else to NG."),
    Phase.FIRST_HEALTHY: ("The first trial was healthy; the second, by the permanent path, is on.",
                          "Wait: it ends healthy, or the host reboots to NG."),
    Phase.HEALTHY: ("The new system has proved itself healthy; a reset still boots NG.",
                    "ng2coreos confirm (or ng2coreos rollback)"),
    Phase.CONFIRMED: ("The new system is the default; NG is still there to go back to.",
                      "ng2coreos finalize once you are sure (or ng2coreos rollback)"),
    Phase.FAILED: ("A trial was not healthy; the next boot is NG.", "Reboot, and read why on NG."),
    Phase.ROLLED_BACK: ("The move was rolled back; the next boot is NG.",
                        "Reboot, then run ng2coreos rollback on NG."),
    Phase.FINALIZING: ("Giving NG's space back was interrupted: parts of NG are gone.",
                       "ng2coreos finalize --yes ends it."),
    Phase.FINALIZED: ("The move is complete and NG's space is given back.", "Nothing."),
}


@dataclass(frozen=True)
class Status:
    """What `ng2coreos status` shows."""

    phase: str
    text: str
    next: str
    default: str  # what a plain reset boots, as NG's GRUB environment says it
    once: str  # which entry of ours is booted next, once
    state: BootState
    verification: Optional[Verification]
    layers: Optional[Layers] = None
    restart: Tuple[RestartPart, ...] = ()  # as it was predicted on NG


def status(system: System) -> Status:
    """Where the move stands; changes nothing."""
    state = system.state()
    environment = system.grubenv(state)
    text, todo = _WORDS[state.phase]
    default = arm.default(environment)
    if state.phase is Phase.HEALTHY and default == bootdir.ENTRY:
        text, todo = ("The confirmation was interrupted; the new system is the default already.",
                      "ng2coreos confirm, or a reboot, ends it.")
    if state.phase is Phase.CONFIRMED and default != bootdir.ENTRY:
        text, todo = ("The new system was confirmed, but the next reset boots NG: a rollback was "
                      "interrupted, or somebody changed saved_entry.",
                      "ng2coreos rollback ends it; ng2coreos confirm does not change it back.")
    if state.phase is Phase.CONFIRMED and finalize.was_begun(system, state.run_id):
        text, todo = "Giving NG's space back was interrupted.", "ng2coreos finalize --yes ends it."
    try:
        proved = verify.last(system.host)
    except (Ng2CoreosError, OSError, BadInput):
        proved = None  # an old or cut result is no reason to hide where the host stands
    return Status(state.phase.value, text, todo, default, arm.armed(environment), state, proved,
                  _layers(system), _restart(system))


def status_text(status: Status) -> str:
    """The status for a reader: phase, what next, attempts with their failures, table of proof."""
    state = status.state
    boots = "the new system" if status.default == bootdir.ENTRY else "oVirt Node NG"
    once = f"; once before that: {status.once}" if status.once else ""
    lines = [f"{status.phase.upper()}: {status.text}", f"Next: {status.next}",
             f"A reset boots: {boots} (saved_entry={status.default}){once}",
             f"Run {state.run_id}, commit {state.commit[:16]}, confirm {state.confirm}, "
             f"{state.trial_boots} trial boots", ""]
    if status.layers is not None:
        lines += [f"Added packages ({', '.join(status.layers.names)}): "
                  f"{status.layers.progress.value}", *paragraph(status.layers.text, indent=2)]
        lines += [f"  {status.layers.next}"] if status.layers.next else []
        lines += [""]
    lines += _attempts(state)
    told = downtime.lines(downtime.downtime(status.restart, state.trial_boots, state.attempts))
    lines += [*told, ""] if told else []
    if status.verification is not None:
        lines += ["Last verification:", "", proof_text(status.verification)]
    return "\n".join(lines).rstrip() + "\n"


def _layers(system: System) -> Optional[Layers]:
    try:
        return look(system, system.manifest())
    except (Ng2CoreosError, OSError):
        return None  # no manifest: said by `verify`


def _restart(system: System) -> Tuple[RestartPart, ...]:
    try:
        return system.manifest().restart
    except (Ng2CoreosError, OSError):
        return ()


def _attempts(state: BootState) -> List[str]:
    if not state.attempts:
        return []
    rows = [(str(a.trial), a.started, a.finished or "-",
             "healthy" if a.healthy else ("FAILED" if a.finished else "not ended"))
            for a in state.attempts]
    lines = ["Attempts:", *table(("trial", "started", "ended", "result"), rows)]
    for attempt in state.attempts:
        for failure in attempt.failures:
            lines += paragraph(f"{failure.title}: {failure.detail}", indent=6,
                               first=f"    {attempt.trial} ")
            lines += journal(failure)
    return [*lines, ""]
