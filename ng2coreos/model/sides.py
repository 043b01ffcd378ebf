"""The contents of a file of /etc that NG and the target have each their own way."""

from dataclasses import dataclass
from typing import Optional, Tuple

LIMIT_BYTES = 256 * 1024  # of a side; larger files are nothing that a person wrote line by line
TOTAL_BYTES = 32 * 1024 * 1024  # of all sides: what is beyond stays unread, and so unmerged


@dataclass(frozen=True)
class Sides:
    """A small file in three versions, bytes that are no UTF-8 as surrogates.

    `merged` is what the program diff3 makes of them, line by line; None where NG and the target
    changed the same lines, or where there are no lines.  The differences are unified ones, from
    the factory's version if there is one, else `theirs` alone: from the target's to NG's.
    """

    ours: str
    factory: Optional[str]
    theirs: str
    merged: Optional[str] = None
    our_diff: Tuple[str, ...] = ()
    their_diff: Tuple[str, ...] = ()

    @property
    def binary(self) -> bool:
        """Has a side bytes that no text has?"""
        return any("\0" in text for text in (self.ours, self.factory or "", self.theirs))
