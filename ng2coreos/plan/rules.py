"""The whitelists as records, and the question that they answer: what becomes of this path?"""

import posixpath
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Dict, Optional, Sequence, Tuple

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

    def rank(self, pattern: str) -> Tuple[int, bool, int]:
        """How exactly `pattern`, one of its paths, names what fits it; the larger decides.

        Of two patterns with the same literal start, one that leaves the path behind wins.
        """
        start, length = globs.specificity(pattern)
        return start, self.action is not Action.CARRY, length

    def excludes(self, path: str) -> bool:
        """Does it leave `path` to others, whatever its paths say?"""
        return any(globs.matches(pattern, path) for pattern in self.exclude)


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
    lines: Tuple[int, ...] = ()  # where each of `entries` begins in the file


# An entry by one of its patterns: that one's rank, and the earlier of equals first.
_Claim = Tuple[Tuple[int, bool, int], int, Entry]


@dataclass(frozen=True)
class Rules:
    """All whitelists: the admin's drop-ins win over those of plug-ins, and these over ours."""

    drop_ins: Tuple[Layer, ...]
    built_in: Tuple[Layer, ...]
    plugged: Tuple[Layer, ...] = ()

    def find(self, path: str) -> Optional[Entry]:
        """The entry that decides about `path`: by whose file it is in, then the most exact one."""
        for index in self._indexes:
            best = _best(index, path)
            if best is not None:
                return best
        return None

    def find_above(self, path: str) -> Optional[Entry]:
        """The entry that decides about `path` where a directory takes along all that is below it.

        Within the files of one tier the nearest directory that an entry names decides.
        """
        ways = [path]
        while len(ways[-1]) > 1:
            ways.append(posixpath.dirname(ways[-1]))
        for index in self._outermost:
            for way in ways:
                best = _best(index, way, ways)
                if best is not None:
                    return best
        return None

    @cached_property
    def _indexes(self) -> Tuple[globs.Index[_Claim], ...]:
        """The patterns by whose they are, in order of rank."""
        return tuple(_index(layers) for layers in self.tiers)

    @cached_property
    def _outermost(self) -> Tuple[globs.Index[_Claim], ...]:
        """As `_indexes`, of directories that take along what is below: ``/a/**`` is /a."""
        return tuple(_index(layers, outermost=True) for layers in self.tiers)

    @property
    def tiers(self) -> Tuple[Tuple[Layer, ...], ...]:
        """The files by whose they are, in order of rank: one tier wins over all that follow."""
        return self.drop_ins, self.plugged, self.built_in

    @property
    def layers(self) -> Tuple[Layer, ...]:
        """Every file's rules, the drop-ins first."""
        return tuple(layer for tier in self.tiers for layer in tier)

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


def _best(index: globs.Index[_Claim], path: str, ways: Sequence[str] = ()) -> Optional[Entry]:
    """The entry for `path` that excludes neither it nor one of `ways`."""
    best = max((claim for claim in index.fitting(path)
                if not any(map(claim[2].excludes, ways or (path,)))),
               key=lambda claim: claim[:2], default=None)
    return None if best is None else best[2]


def _index(layers: Tuple[Layer, ...], *, outermost: bool = False) -> globs.Index[_Claim]:
    entries = [entry for layer in layers for entry in layer.entries]
    return globs.Index((globs.outermost(pattern) if outermost else pattern,
                        (entry.rank(pattern), -number, entry))
                       for number, entry in enumerate(entries) for pattern in entry.paths)
