"""The trial of a boot of the new system: it proves itself healthy, or NG boots next.

Runs once at each boot until the move is confirmed.  NG is GRUB's default all the time, and GRUB
has used the one-shot up before this boot began: a power cut at any point here ends in NG, and the
state file says how far the trial had come.  Only two writes change what boots next: arming the
second trial (after its state) and confirming (confirm.py).
"""

import logging
from dataclasses import replace
from enum import Enum
from typing import Sequence

from ng2coreos.core import durable
from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.firstboot import activation, confirm, deadman, unit_log, verify
from ng2coreos.firstboot.reboot import reboot
from ng2coreos.firstboot.record import PATIENCE_S, failed, finished, told
from ng2coreos.firstboot.system import System
from ng2coreos.model.state import Attempt, BootState, Failure, Phase
from ng2coreos.stage import arm, bootdir

# Where Ignition's stages keep the merged config in the initramfs; /run outlives the switch of roots
IGNITION_CACHE = "/run/ignition.json"

_log = logging.getLogger(__name__)


class Task(Enum):
    """What this boot is for, by the state file."""

    NOTHING = "nothing"
    PROVE = "prove"
    HAND_OVER = "hand-over"  # proved in this boot already; the second trial is next
    GO_BACK = "go-back"  # failed in this boot already; NG is next
    CONFIRM = "confirm"
    WRONG_BOOT = "wrong-boot"  # a trial is on, but not by this menu entry


def task(state: BootState, trial: int, boot_id: str, default: str) -> Task:
    """What to do in the boot `boot_id`, which came by the entry of `trial`.  Pure."""
    mine = bool(state.attempts) and state.attempts[-1].boot_id == boot_id
    if state.phase is Phase.CONFIRMED:
        return Task.CONFIRM
    if state.phase is Phase.HEALTHY:
        automatic = mine and state.confirm == "auto"
        return Task.CONFIRM if automatic or default == bootdir.ENTRY else Task.NOTHING
    if state.phase is Phase.FAILED:
        return Task.GO_BACK if mine else Task.NOTHING
    if state.phase is Phase.ARMED:
        return Task.PROVE if trial == 1 else Task.WRONG_BOOT
    if state.phase is Phase.FIRST_HEALTHY:
        if mine and trial == 1:
            return Task.HAND_OVER
        return Task.PROVE if trial == 2 else Task.WRONG_BOOT
    return Task.NOTHING


def run(system: System) -> Task:
    """Do what this boot is for.  After PROVE or HAND_OVER the host may be restarting."""
    state = system.state()
    todo = task(state, system.trial, system.boot_id, _default(system, state))
    _log.info("phase %s, trial %d: %s", state.phase.value, system.trial, todo.value)
    if todo is Task.PROVE:
        _prove(system)
    elif todo is Task.HAND_OVER:
        _hand_over(system)
    elif todo is Task.CONFIRM:
        confirm.confirm(system)
    elif todo is Task.WRONG_BOOT:
        failed(system, [Failure("boot-entry", "The trial was booted by its own menu entry",
                                "another entry was picked by hand")])
        reboot(system)
    elif todo is Task.GO_BACK:
        reboot(system)
    return todo


def _default(system: System, state: BootState) -> str:
    """What a reset boots; nothing of ours where GRUB itself can read nothing."""
    try:
        return arm.default(system.grubenv(state))
    except (Ng2CoreosError, OSError) as error:
        _log.error("NG's GRUB environment: %s", error)
        return ""


def _prove(system: System) -> None:
    try:
        began = _begin(system)
        failures = _look(system)
    except Exception as error:  # a bug of ours too: NG must be told why it runs again
        _log.debug("the trial could not be made", exc_info=True)
        failures = [Failure("trial", "The trial could be made", told(error))]
        began = None
    if failures or began is None:
        for failure in failures:
            _log.error("not healthy: %s: %s", failure.title, failure.detail)
        failed(system, failures)
        reboot(system)
        return
    try:
        phase = _succeeded(system, began)
    except Exception as error:
        failed(system, [Failure("trial", "The result could be recorded", told(error))])
        reboot(system)
        return
    if phase is Phase.FIRST_HEALTHY:
        _hand_over(system)
    elif phase is Phase.HEALTHY:
        deadman.cancel(system)
        if system.state().confirm == "auto":
            confirm.confirm(system)


def _begin(system: System) -> Phase:
    """Record that this boot's trial goes on; the phase that it began in."""
    with system.writing(PATIENCE_S):
        state = system.state()
        if not state.attempts or state.attempts[-1].boot_id != system.boot_id:
            attempt = Attempt(system.trial, system.boot_id, system.clock.now())
            system.save(replace(state, attempts=(*state.attempts, attempt)))
    return state.phase


def _look(system: System) -> Sequence[Failure]:
    manifest = system.manifest()
    waited = verify.health_checks(manifest)
    health = verify.wait_healthy(system, waited, manifest.health_deadline_s)
    activation.again(system)
    result = verify.finish(system, manifest, health)
    return unit_log.explained(system, result.failed,
                              {check.id: check for check in (*waited, *manifest.checks)})


def _succeeded(system: System, began: Phase) -> Phase:
    """Take the first boot's secrets away, then record the success; the phase that is reached."""
    with system.writing(PATIENCE_S):
        state = system.state()
        if state.phase is not began:  # `rollback` while we looked: the admin has decided
            return state.phase
        bootdir.erase_overlay(system.partition)
        durable.remove(system.host.path(IGNITION_CACHE))
        more = system.trial == 1 and state.trial_boots > 1
        reached = Phase.FIRST_HEALTHY if more else Phase.HEALTHY
        system.save(finished(system, state, reached, ()))
    return reached


def _hand_over(system: System) -> None:
    """Arm the second trial and restart; a cut before the arming is NG, the state explains."""
    try:
        with system.writing(PATIENCE_S):
            state = system.state()
            if state.phase is not Phase.FIRST_HEALTHY:
                return
            arm.arm(system.grubenv(state), bootdir.ENTRY)
    except Exception as error:
        failed(system, [Failure("arm", "The second trial could be armed", told(error))])
    reboot(system)
