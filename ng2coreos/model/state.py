"""The state file on /boot that both systems read: how far the move has come."""

from dataclasses import dataclass
from enum import Enum
from typing import Tuple


class Phase(Enum):
    """How far the move has come, in order."""

    PREPARED = "prepared"  # volumes or files of ours exist; NG boots as ever
    STAGED = "staged"  # everything is in place; NG boots as ever
    ARMED = "armed"  # the next boot is the first trial
    FIRST_HEALTHY = "first-healthy"  # first trial healthy, the next boot is the second trial
    HEALTHY = "healthy"  # proved healthy; waits for confirm; a reset is still NG
    CONFIRMED = "confirmed"  # the new system is the default
    FAILED = "failed"  # a trial was not healthy; the next boot is NG
    ROLLED_BACK = "rolled-back"
    FINALIZING = "finalizing"  # parts of NG may be gone: there is no way back any more
    FINALIZED = "finalized"  # NG's space is given back


@dataclass(frozen=True)
class Failure:
    """Why a trial was not healthy."""

    check: str
    title: str
    detail: str
    log: Tuple[str, ...] = ()  # last lines of the journal of the units that it is about


@dataclass(frozen=True)
class Attempt:
    """One boot of the new system."""

    trial: int
    boot_id: str
    started: str
    finished: str = ""
    healthy: bool = False
    failures: Tuple[Failure, ...] = ()


@dataclass(frozen=True)
class BootState:
    """Content of /boot/coreos/ng2coreos.state (JSON)."""

    run_id: str
    tool_version: str
    phase: Phase
    ng_boot_id: str  # the NG boot that armed; another NG boot in phase armed means: fell back
    saved_entry: str
    boot_uuid: str
    grubenv: str  # path on the /boot partition, "/grub2/grubenv"
    custom_cfg: str
    vg: str
    volumes: Tuple[str, ...]
    trial_boots: int
    confirm: str
    commit: str
    stateroot: str
    attempts: Tuple[Attempt, ...] = ()
