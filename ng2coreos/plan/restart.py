"""How long a restart takes: as NG's last boot did, and assumed where nobody has measured it. Pure.

docs/predictions.md tells where each figure comes from.
"""

from typing import Optional, Sequence, Tuple

from ng2coreos.model.facts import BootTimes
from ng2coreos.model.plan import Policy
from ng2coreos.model.restart import RestartPart

# Assumed where systemd knows nothing. A server's firmware takes one to ten minutes, a VM's a second
SHUTDOWN_S, FIRMWARE_S, LOADER_S, KERNEL_S, USERSPACE_S = 30.0, 120.0, 10.0, 20.0, 60.0


def restart(times: BootTimes) -> Tuple[RestartPart, ...]:
    """From the shutdown until all services are up; the new system is taken to be as quick as NG."""
    # systemd counts a loader that tells it nothing as a part of the firmware
    loader = times.loader_s if times.firmware_s is None else times.loader_s or 0.0
    return (_part("shutdown", None, SHUTDOWN_S), _part("firmware", times.firmware_s, FIRMWARE_S),
            _part("loader", loader, LOADER_S), _part("kernel", times.kernel_s, KERNEL_S),
            _part("userspace", times.userspace_s, USERSPACE_S))


def downtime_s(policy: Policy, parts: Sequence[RestartPart]) -> float:
    """From the shutdown of NG to the end of the last trial's boot: each trial is a restart."""
    return round(policy.trial_boots * sum(part.seconds for part in parts), 1)


def _part(what: str, measured: Optional[float], assumed: float) -> RestartPart:
    return RestartPart(what, assumed if measured is None else measured, measured is not None)
