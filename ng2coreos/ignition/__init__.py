"""A typed model of the Ignition config, its writers and its validation."""

from ng2coreos.ignition.build import build
from ng2coreos.ignition.release import Release
from ng2coreos.ignition.validate import validate

__all__ = ["Release", "build", "validate"]
