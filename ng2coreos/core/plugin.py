"""What a plug-in is: one subsystem's facts, findings, conversions and verification.

The core knows no subsystem by name.  A plug-in declares `id` and `api`, reads its own facts from
the host (read only) and makes its contribution to the decisions from facts alone (pure).
"""

from dataclasses import dataclass
from typing import Any, Dict, Protocol, Tuple, runtime_checkable

from ng2coreos.core.host import Host
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item
from ng2coreos.model.packages import AddedPackage, RepositoryFile
from ng2coreos.model.plan import KernelArg, UnitState
from ng2coreos.model.target import TargetFacts

API = 1


@dataclass(frozen=True)
class Contribution:
    """What a plug-in adds to the decisions; its items win over the whitelists' for a path."""

    findings: Tuple[Finding, ...] = ()
    items: Tuple[Item, ...] = ()
    checks: Tuple[Check, ...] = ()
    units: Tuple[UnitState, ...] = ()
    kernel_args: Tuple[KernelArg, ...] = ()
    fstab: Tuple[str, ...] = ()  # lines for the new system's fstab, besides the plan's own
    may_fail: Tuple[str, ...] = ()  # units whose failure says nothing of the new system
    file_contexts: Tuple[str, ...] = ()  # lines besides the image's, for labels before the reboot
    equivalences: Tuple[str, ...] = ()  # of paths, for the same
    packages: Tuple[AddedPackage, ...] = ()  # judged; the answers are not known yet
    repositories: Tuple[RepositoryFile, ...] = ()  # as they are on NG


class Plugin(Protocol):
    """A subsystem. Facts are plain JSON data, so that plans can be made from recorded hosts."""

    id: str
    api: int

    def facts(self, host: Host) -> Dict[str, Any]:
        """The subsystem's own facts; changes nothing."""

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """What the subsystem wants done; `mine` is what `facts` returned. Pure."""


@runtime_checkable
class Momentary(Protocol):
    """A plug-in some of whose findings may be wrong a minute later; offering this is optional.

    They are asked again when a plan is applied, and once more right before the trial is armed.
    """

    id: str
    momentary: Tuple[str, ...]  # ids of these findings

    def now(self, host: Host) -> Dict[str, Any]:
        """As much of `facts` as `judge_now` needs, read quickly; changes nothing."""

    def judge_now(self, mine: Dict[str, Any]) -> Tuple[Finding, ...]:
        """These findings by what `facts` or `now` returned. Pure."""


@runtime_checkable
class Leaving(Momentary, Protocol):
    """A `Momentary` whose services give something back when they end; offering this is optional.

    They are stopped right before the host restarts, and `judge_now` says whether that was enough.
    """

    def units_to_stop(self, mine: Dict[str, Any]) -> Tuple[str, ...]:
        """These units, by what `now` returned: none that does not run. Pure."""
