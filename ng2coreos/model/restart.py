"""A restart of the host in its parts: how long each takes, and who says so."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RestartPart:
    """`what`: shutdown | firmware | loader | kernel | userspace."""

    what: str
    seconds: float
    measured: bool  # at NG's last boot; else it is assumed
