"""A finding: something that the admin must know before the run."""

from dataclasses import dataclass
from enum import Enum
from typing import Tuple


class Kind(Enum):
    """What a finding means for the run."""

    INHIBITOR = "inhibitor"  # the run stops
    OVERRIDABLE = "overridable"  # the run stops unless the admin overrides it by id
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One finding; `id` is stable (N2C_AREA_FACT) and stands in data/findings.yaml."""

    id: str
    kind: Kind
    title: str
    summary: str
    remedy: str = ""
    resources: Tuple[str, ...] = ()  # "file:/etc/x", "lv:var", "user:core", ...
    evidence: Tuple[str, ...] = ()
