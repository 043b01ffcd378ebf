"""Confirm: the new system, proved healthy, becomes what a plain reset boots.

In this order, each durable before the next; a cut leaves the host bootable and is mended by the
next `confirm`, or by the trial service at the next boot:

1. The private GRUB environment: the boot counter (boot_success.py), which nothing looks at yet.
2. NG's GRUB environment: ``saved_entry=ng2coreos``.  Before it: NG boots, the state says healthy.
   After it: the new system boots, finds ``healthy`` and itself the default, and goes on with 3.
3. The state: ``confirmed``.
4. The first-boot entry and its overlay go: stale after the next upgrade.  NG's entry stays.
5. The deadman and the trial service are disabled, in this order: the trial goes last, since it is
   what mends the rest.
6. The unit that lays added packages over the image is started; the next boot starts it too.
"""

import logging
from dataclasses import replace

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, Blocked, Ng2CoreosError
from ng2coreos.firstboot import boot_success, deadman, services
from ng2coreos.firstboot.record import PATIENCE_S
from ng2coreos.firstboot.system import System
from ng2coreos.model.state import BootState, Phase
from ng2coreos.stage import arm, bootdir

_log = logging.getLogger(__name__)


def confirm(system: System) -> bool:
    """Make the new system the default; False where it was already, with nothing left to do.

    Raises Blocked, with nothing changed, unless the system has proved itself healthy.
    """
    with system.writing(PATIENCE_S):
        state = system.state()
        _allowed(state)
        before = state.phase
        if state.phase is Phase.HEALTHY:
            _bootable(system, state)
            boot_success.start(system)
            arm.set_default(system.grubenv(state), bootdir.ENTRY)
            system.save(replace(state, phase=Phase.CONFIRMED))
        bootdir.remove_first_boot(system.custom_cfg(state), system.partition, state.boot_uuid)
    changed = _retire(system) or before is Phase.HEALTHY
    if changed:
        _start_layers(system)
    return changed


def _allowed(state: BootState) -> None:
    if state.phase in (Phase.HEALTHY, Phase.CONFIRMED):
        return
    reasons = {
        Phase.FINALIZING: ("The move is confirmed, and NG is being given up.",
                           "Run `ng2coreos finalize --yes` to end that."),
        Phase.FINALIZED: ("The move was finalized already.", "There is nothing to do."),
        Phase.ROLLED_BACK: ("The move was rolled back.",
                            "Boot NG and run `ng2coreos rollback` there."),
        Phase.FAILED: ("The trial failed.", "See `ng2coreos status`. The next reset boots NG."),
    }
    message, hint = reasons.get(state.phase, (
        f"The new system has not proved itself healthy yet (phase {state.phase.value}).",
        "Wait for the trial to end; see `ng2coreos status`."))
    raise Blocked(message, hint=hint)


def _bootable(system: System, state: BootState) -> None:
    """Refuse a default that the menu does not have: GRUB would boot its first entry, NG."""
    block = bootdir.block(system.custom_cfg(state))
    if f"--id {bootdir.ENTRY} " not in block:
        raise BadInput(f"NG's {state.custom_cfg} has lost the new system's menu entry.",
                       hint="Boot NG (a reset does it) and apply again.")


def _retire(system: System) -> bool:
    """Disable what belongs to the trial; was there anything?"""
    found = False
    for link in (services.DEADMAN_LINK, services.TRIAL_LINK):
        if system.host.lstat(link) is not None:
            if link == services.DEADMAN_LINK:
                deadman.cancel(system)
            durable.remove(system.host.path(link))
            found = True
    return found


def _start_layers(system: System) -> None:
    if system.host.lstat(services.LAYERS_LINK) is None:
        return
    try:
        system.host.run(["systemctl", "start", "--no-block", services.LAYERS])
    except Ng2CoreosError as error:
        _log.warning("%s", error.message)  # the next boot starts it
