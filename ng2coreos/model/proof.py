"""What the new system proved about itself: one record for each check and each carried item."""

from dataclasses import dataclass
from typing import Tuple

SCHEMA = "ng2coreos-verify/1"


@dataclass(frozen=True)
class Proof:
    """One fact that was looked at: as it must be, or not and why."""

    id: str  # of the check, or "item:PATH"
    kind: str  # of the check, or of the item
    title: str
    ok: bool
    detail: str = ""
    health: bool = False


@dataclass(frozen=True)
class Verification:
    """Everything that was looked at in one go; content of /var/lib/ng2coreos/verify.json."""

    schema: str
    run_id: str
    commit: str
    version: str
    boot_id: str
    made: str  # RFC 3339, UTC
    proofs: Tuple[Proof, ...]

    @property
    def failed(self) -> Tuple[Proof, ...]:
        """What is not as it must be."""
        return tuple(p for p in self.proofs if not p.ok)
