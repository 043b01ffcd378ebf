"""What becomes of each path of /etc: factory, NG and the target's /usr/etc are compared."""

from dataclasses import replace
from typing import Dict, List, Optional, Set, Tuple

from ng2coreos.model.facts import Difference, EtcChange, FileFact, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Policy
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.owners import Owners
from ng2coreos.plan.rules import Action, Entry, Rules, Verify

KEEP_NG = "keep-ng"
TAKE_TARGET = "take-target"
# Never carried as files, whatever a whitelist says: their lines are translated one by one, or they
# belong to the system that wrote them.
NEVER = frozenset(
    f"/etc/{name}" for base in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")
    for name in (base, base + "-")) | {"/etc/fstab", "/etc/mtab", "/etc/.pwd.lock"}
_NEVER_REASON = "Translated line by line, never carried as a file."
_UNKNOWN = "policy:unknown-etc"
_SECRET_MODES = 0o044  # what neither group nor others may read is treated as a secret


class EtcDecisions:
    """The decisions about /etc; paths in `claimed` were decided elsewhere and are left out."""

    def __init__(self, facts: HostFacts, target: TargetFacts, policy: Policy, rules: Rules,
                 claimed: Set[str]) -> None:
        self._target = target
        self._policy = policy
        self._rules = rules
        self._owners = Owners(facts)
        self._items: Dict[str, Item] = {}
        self._noted: Dict[str, List[str]] = {}
        directories: List[EtcChange] = []
        for change in sorted(facts.etc, key=lambda c: c.path):
            if change.path in claimed:
                continue
            if change.difference is Difference.DELETED or change.host is None:
                self._deleted(change)
            elif change.host.kind == "directory":
                directories.append(change)
            else:
                self._file(change, change.host)
        self._directories(directories, [c.path for c in facts.etc])

    @property
    def items(self) -> Tuple[Item, ...]:
        """One for each path of /etc that is not simply the target's, in order of the paths."""
        return tuple(self._items[path] for path in sorted(self._items))

    @property
    def findings(self) -> Tuple[Finding, ...]:
        """What the admin must know about them; one finding names all paths that it is about."""
        found = [finding(id, [f"file:{path}" for path in paths], self._evidence(id, paths),
                         count=len(paths))
                 for id, paths in sorted(self._noted.items())]
        if self._owners.nameless:
            found.append(finding("N2C_ETC_OWNER_UNKNOWN", evidence=sorted(self._owners.nameless)))
        return tuple(found)

    def _evidence(self, id: str, paths: List[str]) -> List[str]:
        return ([f"{path} comes back with the target" for path in paths if path in self._target.etc]
                if id == "N2C_ETC_DELETED" else [])

    def _deleted(self, change: EtcChange) -> None:
        self._note("N2C_ETC_DELETED", change.path)

    def _file(self, change: EtcChange, host: FileFact) -> None:
        path = change.path
        entry = self._rules.find(path)
        if path in NEVER or host.kind == "other":
            reason = _NEVER_REASON if path in NEVER else "Not a file: a socket, fifo or device."
            self._drop(path, host, reason, "plan")
        elif entry is not None and entry.action is not Action.CARRY:
            self._decided(path, host, entry)
        elif same(host, self._target.etc.get(path)):
            return  # the target has it already; carrying it would hide later versions
        elif entry is not None and entry.host_data:
            self._carry(path, host, entry)
        elif entry is None and self._policy.unknown_etc == "drop":
            self._note("N2C_ETC_UNKNOWN_DROPPED", path)
            self._drop(path, host, "No whitelist names it.", _UNKNOWN)
        elif self._takes_target(change, host):
            return
        else:
            if entry is None:
                self._note("N2C_ETC_UNKNOWN_CARRIED", path)
            self._carry(path, host, entry)

    def _decided(self, path: str, host: FileFact, entry: Entry) -> None:
        if entry.action is Action.DROP:
            self._drop(path, host, entry.reason, entry.id)
        else:
            self._items[path] = Item(path, host.kind, Outcome.REGENERATED, entry.reason, entry.id,
                                     verify=entry.verify is not Verify.NONE)

    def _takes_target(self, change: EtcChange, host: FileFact) -> bool:
        """Settle a conflict, if there is one; true if the target's file stays."""
        path, theirs = change.path, self._target.etc.get(change.path)
        if theirs is None or (change.factory is not None and same(change.factory, theirs)):
            return False
        answer = self._policy.answers.get(path, self._policy.conflict)
        if answer != TAKE_TARGET and theirs.kind != "directory":
            self._note("N2C_ETC_CONFLICT", path)
            return False
        self._note("N2C_ETC_CONFLICT_TARGET", path)
        rule = "answer" if path in self._policy.answers else "policy:conflict"
        self._drop(path, host, "The target has its own, and that one was chosen.", rule)
        return True

    def _carry(self, path: str, host: FileFact, entry: Optional[Entry]) -> None:
        owner, group = self._owners.of(path, host)
        private = host.kind == "file" and not host.mode & _SECRET_MODES
        item = Item(
            path=path, kind=host.kind, outcome=Outcome.CARRIED,
            reason=entry.reason if entry else "Changed on NG; no whitelist names it.",
            rule=entry.id if entry else _UNKNOWN, source=path, owner=owner, group=group,
            mode=host.mode & 0o7777, sha256=host.sha256, size_bytes=host.size_bytes,
            link=host.link, secret=private)
        if entry is not None:
            if entry.owner:
                owner, _, group = entry.owner.partition(":")
            mode = item.mode if entry.mode is None or host.kind != "file" else entry.mode
            item = replace(item, owner=owner, group=group, mode=mode,
                           secret=host.kind == "file" and (private or entry.secret),
                           verify=entry.verify is Verify.CONTENT)
        self._items[path] = item

    def _drop(self, path: str, host: FileFact, reason: str, rule: str) -> None:
        self._items[path] = Item(path, host.kind, Outcome.DROPPED, reason, rule, source=path,
                                 verify=False)

    def _directories(self, changes: List[EtcChange], paths: List[str]) -> None:
        """Directories that the target lacks: those above what is carried, and empty ones."""
        above: Set[str] = set()
        for path, item in self._items.items():
            if item.outcome is Outcome.CARRIED:
                parts = path.split("/")
                above.update("/".join(parts[:n]) for n in range(2, len(parts)))
        for change in changes:
            theirs, host = self._target.etc.get(change.path), change.host
            if host is None or (theirs is not None and theirs.kind == "directory"):
                continue
            entry = self._rules.find(change.path)
            if entry is not None and entry.action is not Action.CARRY:
                continue
            empty = not any(path.startswith(change.path + "/") for path in paths)
            if change.path in above or (empty and entry is not None):
                self._carry(change.path, host, entry)
                reason = entry.reason if entry else "A carried file lies in it."
                self._items[change.path] = replace(self._items[change.path], reason=reason)
            elif empty and self._policy.unknown_etc != "drop":
                self._note("N2C_ETC_UNKNOWN_CARRIED", change.path)
                self._carry(change.path, host, None)

    def _note(self, id: str, path: str) -> None:
        self._noted.setdefault(id, []).append(path)


def same(one: FileFact, other: Optional[FileFact]) -> bool:
    """Is the content the same? Owners and modes are not compared: they belong to the system."""
    if other is None or one.kind != other.kind:
        return False
    if one.kind == "file":
        return one.sha256 == other.sha256
    return one.kind == "directory" or (one.kind == "symlink" and one.link == other.link)
