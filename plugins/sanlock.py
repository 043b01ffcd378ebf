"""What sanlock holds at this moment, for whoever must not let it be lost."""

from typing import List, Optional

from ng2coreos.core.host import Host

from .asking import MISSING, answered

DEADLINE_S = 30.0
UNIT = "sanlock.service"
_WORDS = ("daemon", "p", "s", "r")  # each line of its status begins with one
_ENDED = ("inactive", "failed", "unknown")


def status(host: Host) -> Optional[List[str]]:
    """The lines of its status: none where it is missing or does not run, None where it is silent.

    An answer without a line that is its own is none.  A daemon that hangs, as it may while its
    storage does, holds what it held.
    """
    told = answered(host, "sanlock", "client", "status", timeout_s=DEADLINE_S)
    if told is None:
        return None
    lines = told.stdout.splitlines()
    if told.returncode in (0, MISSING):
        own = not lines or any(line.partition(" ")[0] in _WORDS for line in lines)
        return lines if own else None
    running = answered(host, "systemctl", "is-active", UNIT, timeout_s=DEADLINE_S)
    if running is None:
        return None
    ended = running.returncode == MISSING or running.stdout.strip() in _ENDED
    return [] if ended else None
