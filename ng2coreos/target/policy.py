"""The names that the image's SELinux policy knows, read from its store."""

import posixpath
from typing import Optional, Set

from ng2coreos.core import cil, semanage
from ng2coreos.core.errors import BadInput
from ng2coreos.model.target import PolicyFacts
from ng2coreos.target.tree import Tree

_STORES = ("usr/etc/selinux/{}/active", "usr/share/selinux/{}/active", "var/lib/selinux/{}/active")
_SUBS = ("file_contexts.subs_dist", "file_contexts.subs")


def read(tree: Tree, kind: str) -> Optional[PolicyFacts]:
    """The facts about the policy of type `kind`, or None where its store is not in the image."""
    place = next((p for p in (s.format(kind) for s in _STORES) if tree.list(f"{p}/modules")), None)
    if place is None:
        return None
    types: Set[str] = set()
    booleans: Set[str] = set()
    users: Set[str] = set()
    roles: Set[str] = set()
    modules = []
    for priority in tree.list(f"{place}/modules"):
        for name in tree.list(f"{place}/modules/{priority}") if priority.isdigit() else ():
            data = tree.read(f"{place}/modules/{priority}/{name}/cil")
            if data is None:
                continue
            modules.append(f"{priority}/{name}")
            try:
                found = cil.declared(cil.unpacked(data))
            except ValueError as error:
                raise BadInput(f"The policy module {name} of the image cannot be read: {error}.",
                               hint="Fetch the image again.") from None
            types |= found.types
            booleans |= found.booleans
            users |= found.users
            roles |= found.roles
    contexts = f"usr/etc/selinux/{kind}/contexts/files"
    own = semanage.records(lambda name: tree.text(posixpath.join(place or "", name)))
    return PolicyFacts(
        tuple(sorted(types)), tuple(sorted(booleans)), tuple(sorted(users)), tuple(sorted(roles)),
        tuple(sorted(modules)), tuple(sorted(record.line for record in own)),
        tuple(line for name in _SUBS for line in semanage.said(tree.text(f"{contexts}/{name}"))))
