"""A finding: something that the admin must know before the run, and the steps that mend it."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Dict, Optional, Tuple


class Kind(Enum):
    """What a finding means for the run."""

    INHIBITOR = "inhibitor"  # the run stops
    OVERRIDABLE = "overridable"  # the run stops unless the admin overrides it by id
    WARNING = "warning"
    INFO = "info"


class Severity(Enum):
    """How much it would hurt to pass a finding over."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class StepKind(Enum):
    """What a step of a remedy is."""

    HINT = "hint"  # words
    COMMAND = "command"  # `argv`, for a shell of this host
    ANSWER = "answer"  # keys of the answers file
    PLAYBOOK = "playbook"  # the name of an Ansible playbook


@dataclass(frozen=True)
class RemedyStep:
    """One thing to do about a finding."""

    kind: StepKind
    text: str = ""
    argv: Tuple[str, ...] = ()
    answer: Dict[str, str] = field(default_factory=dict)  # "overrides.ID" or "conflict": value
    safe: bool = False  # changes nothing that somebody could miss
    reboot: bool = False  # takes effect with a reboot


_SEVERITY = {Kind.INHIBITOR: Severity.HIGH, Kind.OVERRIDABLE: Severity.HIGH,
             Kind.WARNING: Severity.MEDIUM, Kind.INFO: Severity.INFO}


@dataclass(frozen=True)
class Finding:
    """One finding; `id` is stable (N2C_AREA_FACT) and stands in data/findings.yaml."""

    id: str
    kind: Kind
    title: str
    summary: str
    remedy: str = ""
    resources: Tuple[str, ...] = ()  # "file:/etc/x", "lv:var", "user:core", ...
    evidence: Tuple[str, ...] = ()  # "/etc/x:12: the line", or words
    severity: Optional[Severity] = None  # None: as its kind has it
    steps: Tuple[RemedyStep, ...] = ()

    @property
    def weight(self) -> Severity:
        """Its severity."""
        return self.severity or _SEVERITY[self.kind]
