"""The boot counter of the confirmed system: a kernel that fails is left, not booted for ever.

The private menu (stage/menu.py) takes one from ``boot_counter`` at each boot that follows one
without ``boot_success``.  Confirm starts the count; after that, each boot that gets far enough
starts it anew.  After four in a row that do not, GRUB takes the deployment before, or NG where
there is none.

Far enough are the health checks that hold whatever an admin or an upgrade changes later: the end
of the boot, the volumes, the units.  An address that was changed on purpose must not bring NG back.
"""

import logging

from ng2coreos.firstboot import verify
from ng2coreos.firstboot.record import PATIENCE_S
from ng2coreos.firstboot.system import System
from ng2coreos.model.state import Phase
from ng2coreos.stage import bootdir, grubenv, menu

_COUNTED = (Phase.CONFIRMED, Phase.FINALIZING, Phase.FINALIZED)
_LASTING = ("boot-finished", "mount", "unit-active")

_log = logging.getLogger(__name__)


def start(system: System) -> bool:
    """Give the next boots their full count; had GRUB left the newest deployment?

    Only inside `writing`.  A damaged environment block is made anew.
    """
    environment = bootdir.private_grubenv(system.partition)
    grubenv.create(environment)
    before = grubenv.read(environment).get("boot_counter")
    grubenv.change(environment, {"boot_counter": str(menu.COUNTER_START), "boot_success": "1"})
    return before == str(menu.COUNTER_FALLEN)


def run(system: System) -> bool:
    """Wait until this boot has come far enough, then start the count anew; did it come so far?

    Does nothing before the confirmation: there NG is the default, and nothing is counted.
    """
    if system.state().phase not in _COUNTED:
        return False
    manifest = system.manifest()
    wanted = [c for c in verify.health_checks(manifest) if c.kind in _LASTING]
    wrong = [p for p in verify.wait_healthy(system, wanted, manifest.health_deadline_s) if not p.ok]
    for proof in wrong:
        _log.error("not counted as a good boot: %s: %s", proof.title, proof.detail)
    if wrong:
        return False
    with system.writing(PATIENCE_S):
        if system.state().phase not in _COUNTED:  # `rollback` while we waited
            return False
        if start(system):
            _log.warning("the newest deployment did not boot; this is another one. Make it the "
                         "default (rpm-ostree rollback), or mend the newest: it is tried again")
    return True
