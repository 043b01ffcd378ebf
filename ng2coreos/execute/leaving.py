"""Services that give something back when they are stopped: stopped before the host restarts."""

import logging
from contextlib import contextmanager
from typing import Iterator, List, Sequence

from ng2coreos.core.errors import BadInput, Ng2CoreosError
from ng2coreos.core.host import Host
from ng2coreos.execute.store import RunDirectory, utc_now

_LOG = logging.getLogger(__name__)
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
DEADLINE_S = 300.0  # systemd kills what has not ended after 90 s, unit by unit


@contextmanager
def stopped(host: Host, held: RunDirectory, units: Sequence[str]) -> Iterator[None]:
    """`units` do not run in the block; if it does not end well, they are started again.

    The journal names them first, so that `start_again` finds them after a kill.  A power cut starts
    them as any boot does, since nothing but their running is changed.
    """
    with running(host, held, leaves=True):
        if units:
            held.journal.append({"event": "stopping", "units": list(units), "at": utc_now(),
                                 "boot": _boot(host)})
            host.run(["systemctl", "stop", *units], timeout_s=DEADLINE_S)
        yield


@contextmanager
def running(host: Host, held: RunDirectory, *, leaves: bool) -> Iterator[None]:
    """What a killed command left stopped runs again after the block, or already in it.

    Of a command whose host `leaves` in the end only if the block fails: an agent that has just been
    started could not say yet how it is.
    """
    if not leaves:
        start_again(host, held)
    try:
        yield
    except BaseException:
        start_again(host, held)
        raise


def start_again(host: Host, held: RunDirectory) -> bool:
    """Start what the journal says was stopped in this boot; False, with a warning, if that fails.

    The error that led here is what the caller tells.
    """
    units = _left(host, held)
    if not units:
        return True
    try:
        host.run(["systemctl", "start", *units], timeout_s=DEADLINE_S)
        held.journal.append({"event": "started", "at": utc_now()})
        _LOG.info("started again: %s", " ".join(units))
    except (Ng2CoreosError, OSError) as error:
        _LOG.warning("not started again: %s; run `systemctl start %s`", error, " ".join(units))
        return False
    return True


def _left(host: Host, held: RunDirectory) -> List[str]:
    """Nothing where the journal cannot be believed: a start must be certain to be wanted."""
    found: List[str] = []
    try:
        for record in held.records():
            if record["event"] == "stopping" and record["boot"] == _boot(host):
                found += [unit for unit in record["units"] if unit not in found]
            elif record["event"] == "started":
                found = []
    except (BadInput, OSError) as error:
        _LOG.warning("what was stopped cannot be read: %s", error)
    return found


def _boot(host: Host) -> str:
    return host.read_text(_BOOT_ID, default="").strip()
