"""The deadman: whatever hangs during a trial, the host restarts and NG comes up.

A timer that waits for nothing but the clock starts a service in which this runs; the service
fails when the host must restart, and systemd itself then restarts it by force
(FailureAction=reboot-force), whether this program could say why or not.  Confirm takes the timer
away for good: on a confirmed host nothing of this may ever run.
"""

import logging

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.firstboot import unit_log
from ng2coreos.firstboot.record import failed
from ng2coreos.firstboot.services import DEADMAN_TIMER
from ng2coreos.firstboot.system import System
from ng2coreos.model.state import Failure, Phase

_ON_TRIAL = (Phase.ARMED, Phase.FIRST_HEALTHY, Phase.FAILED)

_log = logging.getLogger(__name__)


def expired(system: System) -> bool:
    """Must the host be restarted by force?  If its trial has not ended, that is recorded.

    A state that cannot be read means yes: NG is the default as long as this can run.
    """
    try:
        state = system.state()
    except (Ng2CoreosError, OSError) as error:
        _log.error("the state cannot be read: %s", error)
        return True
    if state.phase not in _ON_TRIAL:
        return False
    ended = any(a.boot_id == system.boot_id and a.finished for a in state.attempts)
    if not ended:  # else the restart after the trial hangs
        failed(system, [Failure("deadman", "The trial ended in time",
                                "the host hung or was too slow; the deadman restarted it",
                                unit_log.stuck(system))])
    return True


def cancel(system: System) -> None:
    """Stop the timer of this boot."""
    try:
        system.host.run(["systemctl", "stop", DEADMAN_TIMER])
    except Ng2CoreosError as error:
        _log.warning("%s", error.message)  # harmless: it looks at the phase before it acts
