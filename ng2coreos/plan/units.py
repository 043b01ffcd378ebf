"""Units that are enabled or masked on the new system, each by explicit links.

The machine-id is carried, so that systemd sees no first boot and never looks at presets: what is
not linked stays off.
"""

from dataclasses import replace
from typing import Dict, List, Set, Tuple

from ng2coreos.model.facts import Difference, EtcChange, HostFacts, Service
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.rules import Action, Rules, UnitRule

DIRECTORY = "/etc/systemd/system/"
_ADMIN = "The admin enabled it on NG."
_MASKED = "The admin masked it on NG."
_DISABLED = "The admin disabled the unit on NG."
_PLACES = (".wants", ".requires", ".upholds")


class UnitDecisions:
    """What becomes of units; `claimed` are the paths of /etc that this answers for."""

    def __init__(self, facts: HostFacts, target: TargetFacts, rules: Rules,
                 mount_units: Tuple[str, ...]) -> None:
        self._target = target
        self._rules = rules
        self._links = {c.path: c for c in facts.etc
                       if c.path.startswith(DIRECTORY) and _is_link_or_place(c)}
        self._own = {c.path[len(DIRECTORY):] for c in facts.etc
                     if c.host is not None and c.host.kind == "file"
                     and c.path.startswith(DIRECTORY) and c.path.count("/") == 4}
        self._services = {s.unit: s for s in facts.services}
        self._skip = set(mount_units)
        self._states: Dict[str, UnitState] = {}
        self._missing: List[str] = []
        table = {rule.unit: rule for rule in rules.units}
        for rule in table.values():
            self._by_rule(rule)
        for unit in sorted(self._changed("added")):
            if unit not in table:
                self._by_admin(self._services.get(unit, Service(unit, "enabled")))
        for service in facts.services:
            rule_of = table.get(service.unit)
            if service.state == "masked" and DIRECTORY + service.unit in self._links and not (
                    rule_of is not None and rule_of.required):
                self._mask(service.unit, _MASKED)
        off = [u for u in self._changed("deleted") if u in target.enabled_units
               and u not in self._states and u not in self._services]
        needed = {rule.unit for rule in table.values() if rule.required}
        self._off = {u: self._links_of(u) for u in off if u not in needed | self._skip}
        self._disabled = sorted(u for u in off if not self._off.get(u))

    @property
    def states(self) -> Tuple[UnitState, ...]:
        """What is linked, in order of the names."""
        return tuple(self._states[unit] for unit in sorted(self._states))

    @property
    def items(self) -> Tuple[Item, ...]:
        """The image's links for units that the admin had disabled: they are taken away."""
        return tuple(Item(path, "absent", Outcome.CARRIED, _DISABLED, "units", replaces="symlink")
                     for unit in sorted(self._off) for path in self._off[unit])

    @property
    def claimed(self) -> Set[str]:
        """Links and directories of links below /etc/systemd/system."""
        return set(self._links)

    @property
    def findings(self) -> Tuple[Finding, ...]:
        """Units that the image lacks, and those that run there though NG's admin had disabled them.
        """
        found = []
        if self._missing:
            found.append(finding("N2C_UNIT_MISSING", [f"unit:{u}" for u in self._missing]))
        if self._disabled:
            found.append(finding("N2C_UNIT_DISABLED", [f"unit:{u}" for u in self._disabled]))
        return tuple(found)

    def _by_rule(self, rule: UnitRule) -> None:
        if rule.mask:
            self._mask(rule.unit, rule.reason)
            return
        service = self._services.get(rule.unit)
        if service is None or service.state != "enabled":
            return
        if rule.renamed and not self._in_target(rule.unit) and self._in_target(rule.renamed):
            service = replace(service, unit=rule.renamed)
        self._enable(service, rule.reason)

    def _by_admin(self, service: Service) -> None:
        entry = self._rules.find(DIRECTORY + service.unit)
        dropped = entry is not None and entry.action is Action.DROP
        if not dropped and service.unit not in self._skip and service.state == "enabled":
            self._enable(service, _ADMIN)

    def _enable(self, service: Service, reason: str) -> None:
        unit = service.unit
        if unit in self._target.enabled_units:
            return
        name = unit if unit in self._target.units else _template(unit)
        if name in self._target.units:
            places = self._target.units[name] or _places(service)
        elif unit in self._own or _template(unit) in self._own:
            places = _places(service)
        else:
            self._missing.append(unit)
            return
        if places:
            # what is no directory of links is an alias: a link by another name
            links = tuple(f"{p}/{unit}" if p.endswith(_PLACES) else p for p in places)
            self._states[unit] = UnitState(unit, "enable", links, reason)

    def _links_of(self, unit: str) -> List[str]:
        """The links in the image's /etc that start `unit`."""
        return sorted(path for path, fact in self._target.etc.items()
                      if path.startswith(DIRECTORY) and path.endswith(f"/{unit}")
                      and path.rpartition("/")[0].endswith(_PLACES) and fact.kind == "symlink")

    def _in_target(self, unit: str) -> bool:
        return unit in self._target.units or unit in self._target.enabled_units

    def _mask(self, unit: str, reason: str) -> None:
        if self._in_target(unit):
            self._states[unit] = UnitState(unit, "mask", (unit,), reason)

    def _changed(self, how: str) -> Set[str]:
        """Units whose link in a .wants or .requires directory NG's admin added or deleted."""
        return {path.rpartition("/")[2] for path, change in self._links.items()
                if change.difference is Difference(how) and path.count("/") == 5
                and path.rpartition("/")[0].endswith(_PLACES)}


def _is_link_or_place(change: EtcChange) -> bool:
    parts = change.path[len(DIRECTORY):].split("/")
    place = parts[0].endswith(_PLACES)
    fact = change.host or change.factory
    if fact is None:
        return place
    return (place and fact.kind in ("symlink", "directory") and len(parts) < 3) or (
        fact.kind == "symlink" and len(parts) == 1)


def _places(service: Service) -> Tuple[str, ...]:
    return tuple(w if w.endswith(_PLACES) else f"{w}.wants"
                 for w in service.wanted_by)


def _template(unit: str) -> str:
    """``a@b.service`` is made from ``a@.service``."""
    name, at, rest = unit.partition("@")
    return f"{name}@.{rest.rpartition('.')[2]}" if at else unit
