"""The whitelists as records, and the question that they answer: what becomes of this path?"""

from dataclasses import dataclass
from enum import Enum
from typing import Dict, Optional, Tuple

from ng2coreos.core import globs
from ng2coreos.model.plan import ArgAction


class Action(Enum):
    """What a whitelist says of a path."""

    CARRY = "carry"
    DROP = "drop"
    REGENERATE = "regenerate"  # the new system makes its own


class Verify(Enum):
    """How the new system proves a carried path."""

    CONTENT = "content"
    EXISTS = "exists"
    NONE = "none"


@dataclass(frozen=True)
class Entry:
    """One line of a whitelist. `host_data`: the file is this host's alone, so that a different
    file in the target is no conflict."""

    id: str
    paths: Tuple[str, ...]
    action: Action
    reason: str
    verify: Verify = Verify.CONTENT
    exclude: Tuple[str, ...] = ()
    owner: str = ""  # "user:group" instead of NG's
    mode: Optional[int] = None  # instead of NG's
    secret: bool = False
    host_data: bool = False

    def match(self, path: str) -> Optional[Tuple[int, bool, int]]:
        """How exactly it names `path`, or None where it does not.

        Of two patterns with the same literal start, one that leaves the path behind wins.
        """
        if any(globs.matches(pattern, path) for pattern in self.exclude):
            return None
        fits = [globs.specificity(p) for p in self.paths if globs.matches(p, path)]
        if not fits:
            return None
        start, length = max(fits)
        return start, self.action is not Action.CARRY, length


@dataclass(frozen=True)
class UnitRule:
    """A unit that is enabled on the new system if it was on NG and the target has it."""

    unit: str
    reason: str
    required: bool = False  # a mask of NG is not carried: the host does not work without it
    mask: bool = False  # masked on the new system whatever it was on NG
    renamed: str = ""  # what a target calls it that lacks the unit by its own name


@dataclass(frozen=True)
class ArgRule:
    """What becomes of kernel arguments that fit `arg` (the key, or the whole word if it has ``=``).

    `when_any` limits the rule to hosts that have another argument that fits one of these.
    """

    arg: str
    action: ArgAction
    reason: str
    result: str = ""
    when_any: Tuple[str, ...] = ()


@dataclass(frozen=True)
class StaticId:
    """A number that data outside the host refers to: it must be the same on the new system."""

    name: str
    kind: str  # user | group
    id: int
    reason: str


@dataclass(frozen=True)
class Layer:
    """The rules of one file."""

    origin: str
    entries: Tuple[Entry, ...] = ()
    units: Tuple[UnitRule, ...] = ()
    kernel_args: Tuple[ArgRule, ...] = ()
    static_ids: Tuple[StaticId, ...] = ()


@dataclass(frozen=True)
class Rules:
    """All whitelists; `layers` in order of rank, an admin's drop-ins before the built-in ones."""

    drop_ins: Tuple[Layer, ...]
    built_in: Tuple[Layer, ...]

    def find(self, path: str) -> Optional[Entry]:
        """The entry that decides about `path`: a drop-in's before ours, then the most exact one."""
        for layers in (self.drop_ins, self.built_in):
            best: Optional[Tuple[Tuple[int, bool, int], Entry]] = None
            for layer in layers:
                for entry in layer.entries:
                    score = entry.match(path)
                    if score is not None and (best is None or score > best[0]):
                        best = (score, entry)
            if best is not None:
                return best[1]
        return None

    @property
    def layers(self) -> Tuple[Layer, ...]:
        """Every file's rules, the drop-ins first."""
        return (*self.drop_ins, *self.built_in)

    @property
    def entries(self) -> Tuple[Entry, ...]:
        """Every entry, the drop-ins' first."""
        return tuple(entry for layer in self.layers for entry in layer.entries)

    @property
    def units(self) -> Tuple[UnitRule, ...]:
        """Every unit, each once."""
        found: Dict[str, UnitRule] = {}
        for layer in self.layers:
            for rule in layer.units:
                found.setdefault(rule.unit, rule)
        return tuple(found.values())

    @property
    def kernel_args(self) -> Tuple[ArgRule, ...]:
        """The table of kernel arguments; the first rule that fits decides."""
        return tuple(rule for layer in self.layers for rule in layer.kernel_args)

    @property
    def static_ids(self) -> Tuple[StaticId, ...]:
        """Every number that must stay."""
        return tuple(item for layer in self.layers for item in layer.static_ids)
