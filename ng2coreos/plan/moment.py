"""Findings that hold only for the moment: no plan is believed about them, they are asked again."""

from typing import FrozenSet, List, Sequence, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import Leaving, Momentary, Plugin
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding


def momentary_ids(plugins: Sequence[Plugin]) -> FrozenSet[str]:
    """Ids of the findings that a plan tells only for its own moment."""
    return frozenset(name for plugin in _asked(plugins) for name in plugin.momentary)


def momentary_findings(plugins: Sequence[Plugin], facts: HostFacts) -> Tuple[Finding, ...]:
    """Those findings by facts that were just read."""
    return tuple(found for plugin in _asked(plugins)
                 for found in plugin.judge_now(facts.plugins.get(plugin.id, {})))


def findings_now(plugins: Sequence[Plugin], host: Host) -> Tuple[Finding, ...]:
    """Those findings, the host being asked for nothing else; changes nothing."""
    return tuple(found for plugin in _asked(plugins)
                 for found in plugin.judge_now(plugin.now(host)))


def units_to_stop(plugins: Sequence[Plugin], host: Host) -> Tuple[str, ...]:
    """Units that run now and must end in order before the host restarts; changes nothing."""
    return tuple(unit for plugin in _asked(plugins) if isinstance(plugin, Leaving)
                 for unit in plugin.units_to_stop(plugin.now(host)))


def _asked(plugins: Sequence[Plugin]) -> List[Momentary]:
    return [plugin for plugin in plugins if isinstance(plugin, Momentary)]
