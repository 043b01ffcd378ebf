"""What becomes of each piece of the host's state, and how the new system proves it."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict


class Outcome(Enum):
    """What happens to a piece of state."""

    CARRIED = "carried"
    CONVERTED = "converted"
    REGENERATED = "regenerated"
    PINNED = "pinned"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Item:
    """A path of the new system (or one that is given up), where it comes from and why.

    A carried file's content is read from `source` at export and must have `sha256`.  A converted
    file's content stands in the plan (`content`, base64).  Owners are names on both systems.
    `kind`: file | symlink | directory | tree (a whole directory that goes into a volume) | absent
    (the image has it and it was deleted on NG: it is removed before the first boot).
    """

    path: str  # on the new system
    kind: str
    outcome: Outcome
    reason: str
    rule: str  # whitelist entry or plugin that decided
    source: str = ""  # on NG
    owner: str = "root"
    group: str = "root"
    mode: int = 0o644
    sha256: str = ""
    size_bytes: int = 0
    content: str = ""
    link: str = ""
    secret: bool = False
    verify: bool = True
    replaces: str = ""  # kind of what the image has there and what is removed first


@dataclass(frozen=True)
class Check:
    """A test on the new system, done by firstboot/; `kind` names it, `params` are its arguments.

    Kinds and their params are listed in firstboot/checks.py; a health check (`health`) is waited
    for until the deadline, others are looked at once.
    """

    id: str
    kind: str
    title: str
    params: Dict[str, Any] = field(default_factory=dict)
    health: bool = False
