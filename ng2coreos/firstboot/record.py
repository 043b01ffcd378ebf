"""What a trial leaves in the state file, for the other system to read: how it ended and why."""

import logging
from dataclasses import replace
from typing import Sequence, Tuple

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.redact import redact_text
from ng2coreos.firstboot.system import System
from ng2coreos.model.state import Attempt, BootState, Failure, Phase
from ng2coreos.stage import arm, bootdir

MAX_FAILURES = 40  # the state file must fit on a nearly full /boot
MAX_DETAIL = 300
PATIENCE_S = 60.0  # for another ng2coreos that writes just now

_log = logging.getLogger(__name__)


def failed(system: System, failures: Sequence[Failure]) -> None:
    """Record that this boot's trial failed, nothing of ours being armed any more.

    Never raises: whatever cannot be written, the host must be restarted, and comes up in NG.
    """
    try:
        with system.writing(PATIENCE_S):
            state = system.state()
            try:
                arm.disarm(system.grubenv(state), state.saved_entry)
            except (Ng2CoreosError, OSError) as error:
                _log.error("NG's GRUB environment: %s", error)
            if state.phase in (Phase.ARMED, Phase.FIRST_HEALTHY, Phase.HEALTHY):
                _save(system, state, _bounded(failures))
            bootdir.erase_overlay(system.partition)  # nothing boots by it any more
    except (Ng2CoreosError, OSError) as error:
        _log.error("the failure could not be recorded: %s", error)


def told(error: Exception) -> str:
    """What went wrong, for the record; of a bug its kind too."""
    known = isinstance(error, (Ng2CoreosError, OSError))
    return str(error) if known else f"{type(error).__name__}: {error}"


def _save(system: System, state: BootState, failures: Tuple[Failure, ...]) -> None:
    """A full partition has room where the first boot's config was, or takes the reasons alone."""
    try:
        system.save(finished(system, state, Phase.FAILED, failures))
        return
    except OSError as error:
        _log.error("the state file: %s", error)
    bootdir.erase_overlay(system.partition)
    try:
        system.save(finished(system, state, Phase.FAILED, failures))
    except OSError:
        short = tuple(replace(failure, log=()) for failure in failures)
        system.save(finished(system, state, Phase.FAILED, short))


def finished(system: System, state: BootState, phase: Phase,
             failures: Tuple[Failure, ...]) -> BootState:
    """`state` in `phase`, with this boot's attempt ended."""
    attempts = state.attempts
    if not attempts or attempts[-1].boot_id != system.boot_id:
        attempts = (*attempts, Attempt(system.trial, system.boot_id, system.clock.now()))
    last = replace(attempts[-1], finished=system.clock.now(), healthy=not failures,
                   failures=failures)
    return replace(state, phase=phase, attempts=(*attempts[:-1], last))


def _bounded(failures: Sequence[Failure]) -> Tuple[Failure, ...]:
    kept = [replace(f, detail=redact_text(f.detail)[:MAX_DETAIL]) for f in failures[:MAX_FAILURES]]
    if len(failures) > len(kept):
        kept.append(Failure("more", "Further failures", f"{len(failures) - len(kept)} more"))
    return tuple(kept)
