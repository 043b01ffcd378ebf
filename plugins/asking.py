"""Programs that are asked about the host: what they say is told from their saying nothing."""

from typing import Optional

from ng2coreos.core.command import Completed
from ng2coreos.core.errors import CommandFailed, Unsupported
from ng2coreos.core.host import Host

_ANY = tuple(range(256))  # an exit status is an answer; being killed, or no end in time, is none
MISSING = 127  # as a shell says it


def answered(host: Host, *argv: str, timeout_s: float) -> Optional[Completed]:
    """How the program ended, with status 127 where it is missing; None where it gave no answer."""
    try:
        return host.run(argv, ok=_ANY, timeout_s=timeout_s)
    except Unsupported:
        return Completed(argv, MISSING, "", "", 0.0)
    except CommandFailed:
        return None
