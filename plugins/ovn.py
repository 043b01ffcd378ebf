"""ovn: who the host is to OVN, and its bridges, by the word of Open vSwitch on either system.

The database is carried as a file (data/whitelists/ovn.yaml); whether the new system's Open vSwitch
took it over is what is proved here.  Where NG's does not answer, the file is read instead.
"""

import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ng2coreos.core.command import Completed
from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check
from ng2coreos.model.openvswitch import (
    BRIDGES,
    ITSELF,
    NOTHING,
    Stored,
    bridge_names,
    kept_ids,
    query,
    stored,
)
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.paths import ALIASES, top_name, with_image

from .asking import MISSING, answered

DATABASES = ("/etc/openvswitch/conf.db", "/var/lib/openvswitch/conf.db")
DEADLINE_S = 15.0
REMOTE = "ovn-remote"
# The NFV SIG's packages have a version in their name
OPENVSWITCH = re.compile(r"openvswitch[\d.]*")
OVN = re.compile(r"ovn[\d.-]*-host")
_TRAVELS = ("/etc/", "/var/", *(f"{alias}/" for alias in ALIASES))


class Ovn:
    """Facts: identity, way to OVN, version, bridges, and what else its database says."""

    id = "ovn"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Asks its client, and looks into the file; only where there is a database."""
        database = next((path for path in DATABASES if host.exists(path)), "")
        told = answered(host, *ITSELF, timeout_s=DEADLINE_S) if database else None
        if not database or (told and told.returncode == MISSING):
            return {}
        held, why = _held(host, database), _silence(told)
        ids, version, names = dict(held.ids), held.version, list(held.bridges)
        try:
            if told and not why:
                ids, version = kept_ids(told.stdout)
                bridges = answered(host, *BRIDGES, timeout_s=DEADLINE_S)
                names = bridge_names(bridges.stdout) if bridges and not bridges.returncode else []
        except BadInput as error:
            why = str(error)
        return {"ids": ids, "version": version, "silent": bool(why), "keys": list(held.keys),
                "volatile": {"bridges": names, "failed": list(held.failed), "why": why}}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A check of all of it where the image can do it, or what the image lacks."""
        if not mine:
            return Contribution()
        ids, bridges = mine["ids"], mine["volatile"]["bridges"]
        there = {p.name: p.version for p in target.packages}
        has_ovs = [version for name, version in there.items() if OPENVSWITCH.fullmatch(name)]
        lacks = [] if has_ovs else ["openvswitch"]
        lacks += ["ovn-host"] if REMOTE in ids and not any(map(OVN.fullmatch, there)) else []
        found = _of_the_file(mine, target)
        if lacks and (REMOTE in ids or bridges):
            found.append(finding("N2C_OVN_TARGET", [f"bridge:{name}" for name in bridges],
                                 [f"{key}: {value}" for key, value in sorted(ids.items())],
                                 lacks=" and ".join(lacks)))
        if has_ovs and (REMOTE in ids or bridges) and all(
                _release(v) < _release(mine["version"]) for v in has_ovs):
            found.append(finding("N2C_OVN_OLDER", ng=mine["version"], image=max(has_ovs)))
        wanted = {"ids": [f"{key}={value}" for key, value in sorted(ids.items())],
                  "bridges": list(bridges)}
        asked = has_ovs and any(wanted.values()) and not mine["silent"]
        return Contribution(findings=tuple(found), checks=(
            Check("openvswitch", "openvswitch", "Open vSwitch has the identity and bridges of NG",
                  wanted),) if asked else ())


PLUGIN = Ovn


def _silence(told: Optional[Completed]) -> str:
    """Why there is no answer; nothing where there is one."""
    if told is None:
        return "it did not end in time"
    lines = told.stderr.strip().splitlines()
    return (lines[-1] if lines else f"exit status {told.returncode}") if told.returncode else ""


def _held(host: Host, database: str) -> Stored:
    told = answered(host, *query(database), timeout_s=DEADLINE_S)
    try:
        return stored(told.stdout) if told and told.returncode == 0 else NOTHING
    except BadInput:
        return NOTHING


def _of_the_file(mine: Mapping[str, Any], target: TargetFacts) -> List[Finding]:
    """What the admin should know of the database that travels."""
    live = mine["volatile"]
    found = []
    if mine["silent"]:
        found.append(finding("N2C_OVN_SILENT", [f"bridge:{name}" for name in live["bridges"]],
                             [live["why"]]))
    lost = [path for path in mine["keys"] if path.startswith("/") and not _there(path, target)]
    if lost:
        found.append(finding("N2C_OVN_KEYS", [f"file:{path}" for path in lost], count=len(lost)))
    if live["failed"]:
        found.append(finding("N2C_OVN_PORTS", evidence=live["failed"], count=len(live["failed"])))
    return found


def _there(path: str, target: TargetFacts) -> bool:
    """Will the new system have it by this path?"""
    if top_name(path):
        return with_image(path, target.top) is not None
    return path.startswith(_TRAVELS) and not path.startswith("/var/run/")


def _release(version: str) -> Tuple[int, ...]:
    """Its first two numbers, which a change of the database's schema comes with."""
    return tuple(int(n) for n in re.findall(r"[0-9]{1,9}", version)[:2])
