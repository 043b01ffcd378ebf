"""Which hosts may move at the same time: waves within the limits of each cluster."""

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from ng2coreos.report.fleet.gather import Host
from ng2coreos.report.fleet.inventory import OTHERS, Cluster, Inventory

_Bound = Tuple[Tuple[str, ...], int]
_ALONE: Tuple[_Bound, ...] = (((OTHERS,), 1),)


@dataclass(frozen=True)
class Wave:
    """Hosts that move together; the next wave begins when all are back."""

    number: int
    hosts: Tuple[Tuple[str, str], ...]  # cluster, host
    seconds: float


@dataclass(frozen=True)
class Waves:
    """The proposal, and who has no place in it."""

    waves: Tuple[Wave, ...]
    left: Tuple[Tuple[str, str], ...]  # host, why
    unknown: Tuple[str, ...]  # hosts of the inventory without a report

    @property
    def seconds(self) -> float:
        """All waves one after the other."""
        return sum(wave.seconds for wave in self.waves)

    def numbers(self) -> Dict[str, int]:
        """The wave of each host."""
        return {host: wave.number for wave in self.waves for _, host in wave.hosts}


class _Limit:
    """At most so many in one wave; the next wave with room is found without counting up to it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Dict[int, int] = {}
        self._next: Dict[int, int] = {}

    def room(self, wave: int) -> int:
        """The first wave from `wave` on that has room."""
        path: List[int] = []
        while wave in self._next:
            path.append(wave)
            wave = self._next[wave]
        for passed in path:
            self._next[passed] = wave
        return wave

    def take(self, wave: int) -> None:
        """One place of the wave is gone."""
        self._taken[wave] = self._taken.get(wave, 0) + 1
        if self._taken[wave] >= self._most:
            self._next[wave] = wave + 1


def propose(hosts: Sequence[Host], inventory: Inventory) -> Waves:
    """The waves; the hosts with the least to say first, so that trouble is met early and small."""
    clusters, bounds = inventory.cluster_of(), _bounds(inventory)
    ready = sorted((h for h in hosts if h.ready),
                   key=lambda h: (h.kinds[3], h.predicted_s, h.name))
    placed: Dict[int, List[Tuple[str, Host]]] = {}
    limits: Dict[Tuple[str, ...], _Limit] = {}
    for number, host in enumerate(ready):
        cluster = clusters.get(host.name)
        mine = [limits.setdefault(key, _Limit(most))
                for key, most in bounds.get(host.name, _ALONE)]
        wave = _common(mine, 2 if inventory.pilot and number else 1)
        for limit in mine:
            limit.take(wave)
        placed.setdefault(wave, []).append((cluster.name if cluster else OTHERS, host))
    known = {host.name for host in hosts}
    left = tuple((h.name, f"{h.verdict}: {', '.join(h.blocking)}" if h.blocking else h.verdict)
                 for h in hosts if not h.ready)
    return Waves(tuple(_wave(number, placed[wave], clusters, bounds)
                       for number, wave in enumerate(sorted(placed), 1)), left,
                 tuple(sorted(set(clusters) - known)))


def _bounds(inventory: Inventory) -> Dict[str, List[_Bound]]:
    """What limits each host of the inventory: a key that hosts share, and how many of them."""
    found: Dict[str, List[_Bound]] = {}
    for cluster in inventory.clusters:
        groups: List[Tuple[Sequence[str], _Bound]] = [
            (cluster.hosts, ((cluster.name,), cluster.away_at_once)),
            (cluster.hosted_engine, ((cluster.name, "engine"),
                                     len(cluster.hosted_engine) - cluster.hosted_engine_up))]
        groups += [(replica, ((cluster.name, "gluster", str(number)), 1))
                   for number, replica in enumerate(cluster.gluster)]
        for names, bound in groups:
            for name in names:
                found.setdefault(name, []).append(bound)
    return found


def _common(limits: Sequence[_Limit], wave: int) -> int:
    """The first wave from `wave` on in which all limits have room."""
    while True:
        found = max(limit.room(wave) for limit in limits)
        if found == wave:
            return wave
        wave = found


def _wave(number: int, members: Sequence[Tuple[str, Host]],
          clusters: Dict[str, Cluster], bounds: Dict[str, List[_Bound]]) -> Wave:
    longest = 0.0
    for _, host in members:
        cluster = clusters.get(host.name)
        heals = any(key[1:2] == ("gluster",) for key, _ in bounds.get(host.name, ()))
        heal_s = cluster.heal_minutes * 60 if cluster is not None and heals else 0.0
        longest = max(longest, host.predicted_s + host.downtime_s + heal_s)
    return Wave(number, tuple(sorted((cluster, host.name) for cluster, host in members)), longest)
