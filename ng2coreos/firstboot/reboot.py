"""A reboot that comes: in order first, by force if that hangs."""

import logging

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.firstboot.system import System

ORDERLY_S = 300.0  # libvirt and vdsm may take their 90 s each; then something hangs
_ASK_S = 60.0

_log = logging.getLogger(__name__)


def reboot(system: System) -> None:
    """Restart the host.  Returns only where even force does nothing; the deadman is next then."""
    for argv in (["systemctl", "reboot"], ["systemctl", "reboot", "--force"]):
        try:
            system.host.run(argv, timeout_s=_ASK_S)
            system.clock.sleep(ORDERLY_S)  # this process ends here when the reboot goes on
            _log.warning("%s did not restart the host within %d s", " ".join(argv), ORDERLY_S)
        except (Ng2CoreosError, OSError) as error:
            _log.warning("%s", error)
