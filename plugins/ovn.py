"""ovn: who the host is to OVN, and its bridges, by the word of Open vSwitch on either system.

The database is carried as a file (data/whitelists/ovn.yaml); whether the new system's Open vSwitch
took it over is what is proved here.
"""

import re
from typing import Any, Dict, List, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check
from ng2coreos.model.openvswitch import BRIDGES, ITSELF, bridge_names, kept_ids
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

from .asking import answered

DATABASES = ("/etc/openvswitch/conf.db", "/var/lib/openvswitch/conf.db")
DEADLINE_S = 15.0
REMOTE = "ovn-remote"
# The NFV SIG's packages have a version in their name
OPENVSWITCH = re.compile(r"openvswitch[\d.]*")
OVN = re.compile(r"ovn[\d.-]*-host")


class Ovn:
    """Facts: identity, way to OVN, version and bridges; nothing where Open vSwitch is silent."""

    id = "ovn"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Asks its client; only where there is a database."""
        if not any(host.exists(path) for path in DATABASES):
            return {}
        told = answered(host, *ITSELF, timeout_s=DEADLINE_S)
        if told is None or told.returncode != 0:
            return {}
        try:
            ids, version = kept_ids(told.stdout)
        except BadInput:
            return {}
        bridges = answered(host, *BRIDGES, timeout_s=DEADLINE_S)
        names = bridge_names(bridges.stdout) if bridges and bridges.returncode == 0 else []
        return {"ids": ids, "version": version, "volatile": {"bridges": names}}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A check of all of it where the image can do it, or what the image lacks."""
        if not mine:
            return Contribution()
        ids, bridges = mine["ids"], mine.get("volatile", {}).get("bridges", [])
        there = {p.name: p.version for p in target.packages}
        has_ovs = [version for name, version in there.items() if OPENVSWITCH.fullmatch(name)]
        lacks = [] if has_ovs else ["openvswitch"]
        lacks += ["ovn-host"] if REMOTE in ids and not any(map(OVN.fullmatch, there)) else []
        found: List[Finding] = []
        if lacks and (REMOTE in ids or bridges):
            found.append(finding("N2C_OVN_TARGET", [f"bridge:{name}" for name in bridges],
                                 [f"{key}: {value}" for key, value in sorted(ids.items())],
                                 lacks=" and ".join(lacks)))
        if has_ovs and (REMOTE in ids or bridges) and all(
                _release(v) < _release(mine["version"]) for v in has_ovs):
            found.append(finding("N2C_OVN_OLDER", ng=mine["version"], image=max(has_ovs)))
        wanted = {"ids": [f"{key}={value}" for key, value in sorted(ids.items())],
                  "bridges": list(bridges)}
        asked = has_ovs and any(wanted.values())
        return Contribution(findings=tuple(found), checks=(
            Check("openvswitch", "openvswitch", "Open vSwitch has the identity and bridges of NG",
                  wanted),) if asked else ())


PLUGIN = Ovn


def _release(version: str) -> Tuple[int, ...]:
    """Its first two numbers, which a change of the database's schema comes with."""
    return tuple(int(n) for n in re.findall(r"[0-9]{1,9}", version)[:2])
