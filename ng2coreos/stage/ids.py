"""How owners are translated: one look-up per number, so that numbers may swap; ACLs included."""

import struct
from dataclasses import dataclass
from typing import Dict, Iterable

from ng2coreos.core.errors import BadInput
from ng2coreos.model.plan import IdChange, Identities

ACLS = ("system.posix_acl_access", "system.posix_acl_default")
_VERSION = 2  # linux/posix_acl_xattr.h
_ENTRY = struct.Struct("<HHI")
_USER, _GROUP = 0x02, 0x08  # entries that name somebody; the others carry no id


@dataclass(frozen=True)
class IdMap:
    """NG's numbers to the new system's; a number that is missing stays as it is."""

    users: Dict[int, int]
    groups: Dict[int, int]

    @classmethod
    def of(cls, identities: Identities) -> "IdMap":
        """The map of a plan. Of two names for a number the first counts, as for getpwuid."""
        return cls(_first(identities.users), _first(identities.groups))

    @property
    def trivial(self) -> bool:
        """Does it leave every number as it is?"""
        return all(a == b for m in (self.users, self.groups) for a, b in m.items())

    def acl(self, value: bytes) -> bytes:
        """An ACL as the kernel stores it, its named users and groups translated."""
        if len(value) < 4 or (len(value) - 4) % _ENTRY.size or value[:4] != _VERSION.to_bytes(
                4, "little"):
            raise BadInput("An ACL has a form that ng2coreos does not know.",
                           hint="Look for the file with `getfacl -R`.")
        entries = []
        for tag, mode, number in _ENTRY.iter_unpack(value[4:]):
            if tag == _USER:
                number = self.users.get(number, number)
            elif tag == _GROUP:
                number = self.groups.get(number, number)
            entries.append((tag, mode, number))
        # tools expect the entries of a kind in the order of their numbers
        entries.sort(key=lambda e: (e[0], e[2] if e[0] in (_USER, _GROUP) else 0))
        return value[:4] + b"".join(_ENTRY.pack(*entry) for entry in entries)


def _first(changes: Iterable[IdChange]) -> Dict[int, int]:
    found: Dict[int, int] = {}
    for change in changes:
        found.setdefault(change.source_id, change.target_id)
    return found
