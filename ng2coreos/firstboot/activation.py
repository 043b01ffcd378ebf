"""Volume groups whose activation at boot failed are activated again, before anything is judged.

udev starts lvm-activate-VG.service (LVM's 69-dm-lvm.rules) once, when the last disk of the group
appears.  In a busy boot dmeventd may answer later than LVM waits for it: then the volumes are
there, nobody watches their thin pool, and the unit has failed.  Asked again, LVM does it.
"""

import logging
import re

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.firstboot import units
from ng2coreos.firstboot.probe import Look
from ng2coreos.firstboot.system import System

_UNIT = re.compile(r"lvm-activate-([A-Za-z0-9+_.][A-Za-z0-9+_.-]*)\.service")
_DEADLINE_S = 120.0  # for one group; an unhealthy trial is restarted anyway

_log = logging.getLogger(__name__)


def again(system: System) -> None:
    """Each such group is active and watched by dmeventd, or its unit stays failed; never raises."""
    clock = system.clock.monotonic
    look = Look(system.host, clock() + _DEADLINE_S, clock)
    try:
        found = [match for match in map(_UNIT.fullmatch, units.failed(look)) if match]
    except (Ng2CoreosError, OSError):
        return  # the check of failed units says it
    for unit in found:
        group = unit[1]
        try:
            for argv in (["vgchange", "-aay", group], ["vgchange", "--monitor", "y", group],
                         ["systemctl", "reset-failed", unit[0]]):
                system.host.run(argv, timeout_s=_DEADLINE_S)
            _log.warning("%s had failed; its volume group is activated now", unit[0])
        except (Ng2CoreosError, OSError) as error:
            _log.error("%s had failed, and once more: %s", unit[0], error)
