"""Which of the admin's SELinux records and modules the image's policy takes, and as what. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ng2coreos.core.semanage import NONE, Record
from ng2coreos.model.target import PolicyFacts
from ng2coreos.plan.paths import kept_at, on_target, top_name, with_image

# vdsm's lib/vdsm/tool/configurators/sebool.py: it sets them whenever it configures
VDSM_BOOLEANS = frozenset(("virt_use_fusefs", "virt_use_nfs", "virt_use_samba", "virt_use_sanlock",
                           "sanlock_use_fusefs", "sanlock_use_nfs", "sanlock_use_samba"))
_META = re.compile(r"[\\.^$?*+|\[({]")
_REPEATS = "?*+{"
_UNQUOTED = re.compile(r"[\s'\"]")  # what a line of an import cannot hold
Left = Tuple[str, str]  # what is not replayed, and why


@dataclass(frozen=True)
class Local:
    """A module of NG's, as the facts have it."""

    name: str
    priority: int
    language: str
    source: str
    needs: FrozenSet[str]
    declares: Mapping[str, Sequence[str]]
    readable: bool

    @classmethod
    def of(cls, row: Dict[str, Any]) -> "Local":
        """From the facts."""
        return cls(row["name"], row["priority"], row["language"], row["source"],
                   frozenset(row["needs"]), row["declares"], row["readable"])

    @property
    def id(self) -> str:
        """As PolicyFacts names modules."""
        return f"{self.priority}/{self.name}"


class Replay:
    """What is replayed (`records`, `modules`), and what is `left`."""

    def __init__(self, policy: Optional[PolicyFacts], top: Mapping[str, str],
                 accounts: Iterable[str], vdsm: bool) -> None:
        """`policy` is None where nothing is known of it: the new system decides then."""
        self.records: List[Record] = []
        self.modules: List[Local] = []
        self.left: List[Left] = []
        self._policy, self._top, self._vdsm = policy, top, vdsm
        self._accounts = {"__default__", *accounts}
        self._names: Dict[str, Set[str]] = {
            kind: set(getattr(policy, kind)) if policy else set()
            for kind in ("types", "booleans", "users", "roles")}

    def take(self, records: Sequence[Record], modules: Sequence[Local]) -> "Replay":
        """Sort all of them; first modules and users, since records may name what these bring.

        Users also stand before log-ins, of which semanage asks whether their user is there.
        """
        self._take_modules([m for m in modules if not self._has(m.id)])
        for record in sorted(records, key=lambda record: record.kind != "user"):
            if record.kind == "boolean" and self._vdsm and record.key[0] in VDSM_BOOLEANS:
                continue
            for moved in self._moved(record):
                if self._policy is not None and moved.line in self._policy.records:
                    continue  # the image's own
                reason = self._against(moved)
                if reason:
                    self.left.append((moved.line, reason))
                elif moved not in self.records:
                    self.records.append(moved)
                    self._names["users"].update(moved.key[:1] if moved.kind == "user" else ())
        return self

    def _has(self, module: str) -> bool:
        return self._policy is not None and module in self._policy.modules

    def _take_modules(self, modules: Sequence[Local]) -> None:
        self.left += [(f"module {m.name}", "it cannot be read") for m in modules if not m.readable]
        fit = [m for m in modules if m.readable]
        while self._policy is not None:
            known = {name for names in self._names.values() for name in names}
            known.update(name for m in fit for names in m.declares.values() for name in names)
            bad = [m for m in fit if m.needs - known]
            if not bad:
                break
            for module in bad:
                missing = ", ".join(sorted(module.needs - known))
                self.left.append((f"module {module.name}", f"the image's policy lacks {missing}"))
            fit = [m for m in fit if m not in bad]
        for module in fit:
            for kind, names in module.declares.items():
                self._names[kind].update(names)
        self.modules = fit

    def _against(self, record: Record) -> str:
        """Why a record is not replayed; nothing where it is."""
        if any(_UNQUOTED.search(word) for word in record.key) or "" in record.key:
            return "semanage cannot import such a name"
        name = record.key[0]
        if record.kind == "login" and name.lstrip("%") not in self._accounts:
            return "the account is not one of the host's own, which alone are known that early"
        if self._policy is None:
            return ""
        type_ = name if record.kind == "permissive" else (
            record.values[1] if record.kind in ("port", "node", "interface", "fcontext") else NONE)
        if type_ != NONE and type_ not in self._names["types"]:
            return f"the image's policy has no type {type_}"
        if record.kind == "boolean" and name not in self._names["booleans"]:
            return "the image's policy has no such boolean"
        if record.kind == "login" and record.values[0] not in self._names["users"]:
            return f"the image's policy has no user {record.values[0]}"
        roles = set(record.values[2].split()) if record.kind == "user" else set()
        if roles - self._names["roles"]:
            return f"the image's policy lacks {', '.join(sorted(roles - self._names['roles']))}"
        if record.kind == "equivalence" and self._called(name) != name:
            return "libselinux takes none for a path that the image's policy has one for"
        if record.kind == "off" and not any(m.partition("/")[2] == name
                                            for m in self._policy.modules):
            return "the image's policy has no such module"
        return ""

    def _moved(self, record: Record) -> List[Record]:
        """The record for the paths that the new system has."""
        if record.kind == "fcontext":
            return [replace(record, key=(path, record.key[1]))
                    for path in self._paths(record.key[0])]
        if record.kind == "equivalence":
            real, = self._paths(record.values[0])[:1]
            found, tail = self._placed(record.key[0])
            return [replace(record, key=(path + tail,), values=(real,))
                    for path in found if self._called(path + tail) != real]
        return [record]

    def _paths(self, pattern: str) -> List[str]:
        """`pattern` by the real paths, as the policy's own equivalences call them."""
        found, tail = self._placed(pattern)
        return list(dict.fromkeys(self._called(path) + tail for path in found))

    def _placed(self, pattern: str) -> Tuple[List[str], str]:
        """The real paths for what `pattern` begins with, and the rest of it."""
        literal, rest = _split(pattern)
        whole = not rest or rest.startswith("(/") or literal.endswith("/")
        cut = literal if whole else literal.rpartition("/")[0]
        tail = pattern[len(cut):]
        found = [on_target(cut)]
        name = top_name(cut)
        if name:
            kept = kept_at(name, self._top) + cut[len(name) + 1:]
            found = [with_image(cut, self._top) or cut, kept]
        return list(dict.fromkeys(found)), tail

    def _called(self, path: str) -> str:
        for line in self._policy.equivalences if self._policy is not None else ():
            alias, _, real = line.partition(" ")
            if path == alias or path.startswith(alias + "/"):
                return real.strip() + path[len(alias):]
        return path


def _split(pattern: str) -> Tuple[str, str]:
    """What a pattern begins with literally, and the rest."""
    match = _META.search(pattern)
    at = match.start() if match else len(pattern)
    if pattern[at:at + 1] and pattern[at] in _REPEATS and not pattern.startswith("(", at):
        at = max(0, at - 1)
    return pattern[:at], pattern[at:]
