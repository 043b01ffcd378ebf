"""A typed model of the Ignition config, its writers and its validation."""

from ng2coreos.ignition.build import build
from ng2coreos.ignition.contents import Contents
from ng2coreos.ignition.document import Document
from ng2coreos.ignition.validate import validate

__all__ = ["Contents", "Document", "build", "validate"]
