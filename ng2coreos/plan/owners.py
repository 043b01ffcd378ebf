"""Names for the numbers in file facts: owners travel by name, since numbers differ."""

from typing import Dict, Set, Tuple

from ng2coreos.model.facts import FileFact, HostFacts


class Owners:
    """Looks names up in NG's passwd and group; where two share a number the first line wins."""

    def __init__(self, facts: HostFacts) -> None:
        self._users: Dict[int, str] = {}
        self._groups: Dict[int, str] = {}
        for user in facts.users:
            self._users.setdefault(user.uid, user.name)
        for group in facts.groups:
            self._groups.setdefault(group.gid, group.name)
        self.nameless: Set[str] = set()  # "path (uid 1234)" for each that has no name

    def of(self, path: str, fact: FileFact) -> Tuple[str, str]:
        """User and group of a file by name; a number without one stays, and is noted."""
        if fact.uid not in self._users:
            self.nameless.add(f"{path} (uid {fact.uid})")
        if fact.gid not in self._groups:
            self.nameless.add(f"{path} (gid {fact.gid})")
        return (self._users.get(fact.uid, str(fact.uid)),
                self._groups.get(fact.gid, str(fact.gid)))
