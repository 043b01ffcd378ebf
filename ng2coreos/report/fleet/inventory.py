"""The small file that says what belongs together: clusters, hosted engine, gluster replicas."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Mapping, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import read_regular

_MOST = 10**6  # hosts, or minutes; neither infinity nor a number that is no float
OTHERS = "in no cluster"
_HINT = "See `ng2coreos fleet --help` for the file's keys."
_CLUSTER_KEYS = {"name", "hosts", "away_at_once", "hosted_engine", "hosted_engine_up", "gluster",
                 "heal_minutes"}


@dataclass(frozen=True)
class Cluster:
    """Hosts that carry each other's load while one is away."""

    name: str
    hosts: Tuple[str, ...]
    away_at_once: int = 1  # how many it can do without
    hosted_engine: Tuple[str, ...] = ()  # those that can run the engine's VM
    hosted_engine_up: int = 1  # how many of these must be up
    gluster: Tuple[Tuple[str, ...], ...] = ()  # replica sets: one of each at a time
    heal_minutes: float = 0.0  # that a replica needs afterwards


@dataclass(frozen=True)
class Inventory:
    """All clusters; what stands in none is moved one by one."""

    clusters: Tuple[Cluster, ...] = ()
    pilot: bool = True  # the first wave is one host: what goes wrong goes wrong once

    def cluster_of(self) -> Dict[str, Cluster]:
        """The cluster of each host."""
        return {host: cluster for cluster in self.clusters for host in cluster.hosts}


def read_inventory(path: Path) -> Inventory:
    """The inventory in a YAML file; BadInput names the place of what does not fit."""
    import yaml

    from ng2coreos.plan import shallow
    try:
        text = read_regular(path).decode("utf-8")
        shallow.check(text, aliases=False)
        data = yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise BadInput(f"The inventory {path} cannot be read: {error}.", hint=_HINT) from None
    where = str(path)
    data = {} if data is None else data
    _known(data, {"clusters", "pilot"}, where)
    rows = data.get("clusters", [])
    _check(isinstance(rows, list), f"{where}.clusters", "a list")
    clusters = tuple(_cluster(row, f"{where}.clusters[{n}]") for n, row in enumerate(rows))
    taken: Dict[str, str] = {}
    for cluster in clusters:
        for host in cluster.hosts:
            other = taken.setdefault(host, cluster.name)
            if other != cluster.name or cluster.hosts.count(host) > 1:
                raise BadInput(f"{where}: {host} is named twice.", hint="A host has one cluster.")
    pilot = data.get("pilot", True)
    _check(isinstance(pilot, bool), f"{where}.pilot", "true or false")
    return Inventory(clusters, pilot)


def _cluster(row: Any, where: str) -> Cluster:
    _known(row, _CLUSTER_KEYS, where)
    _check(isinstance(row.get("name"), str), f"{where}.name", "the cluster's name")
    hosts = _names(row.get("hosts"), f"{where}.hosts")
    sets = row.get("gluster", [])
    _check(isinstance(sets, list), f"{where}.gluster", "a list of replica sets")
    gluster = tuple(_names(one, f"{where}.gluster[{n}]") for n, one in enumerate(sets))
    engine = _names(row.get("hosted_engine", []), f"{where}.hosted_engine")
    for key, names in (("hosted_engine", engine), *(("gluster", one) for one in gluster)):
        strange = sorted(set(names) - set(hosts))
        _check(not strange, f"{where}.{key}", f"hosts of the cluster, not {', '.join(strange)}")
    up = _number(row, "hosted_engine_up", 1 if engine else 0, 0, where)
    _check(not engine or up < len(engine), f"{where}.hosted_engine_up",
           "fewer than there are, or none of them could ever be moved")
    return Cluster(
        row["name"], hosts, int(_number(row, "away_at_once", 1, 1, where)), engine, int(up),
        gluster, _number(row, "heal_minutes", 0, 0, where))


def _names(value: Any, where: str) -> Tuple[str, ...]:
    good = isinstance(value, list) and all(isinstance(name, str) for name in value)
    _check(good, where, "a list of host names")
    return tuple(value)


def _number(row: Mapping[str, Any], key: str, default: float, least: float, where: str) -> float:
    value = row.get(key, default)
    good = isinstance(value, (int, float)) and not isinstance(value, bool) \
        and least <= value <= _MOST
    _check(good, f"{where}.{key}", f"a number of at least {least:g}, at most {_MOST}")
    return float(value)


def _known(data: Any, keys: Iterable[str], where: str) -> None:
    _check(isinstance(data, dict), where, "a mapping")
    strange = sorted(str(key) for key in set(data) - set(keys))
    _check(not strange, where, f"none of {', '.join(strange)}")


def _check(holds: bool, where: str, wanted: str) -> None:
    if not holds:
        raise BadInput(f"{where}: expected {wanted}.", hint=_HINT)
