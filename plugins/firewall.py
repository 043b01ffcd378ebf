"""firewall: zones name only services that the image knows, so that none is refused as a whole."""

import dataclasses
import posixpath
import re
from typing import Any, Dict, List, Set

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.inventory.files import look
from ng2coreos.model.facts import FileFact, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import carried

ETC = "/etc/firewalld"
IMAGE = "/usr/lib/firewalld/services"
FIREWALLD = "firewalld.service"
IPTABLES = ("iptables.service", "ip6tables.service")
_SERVICE = re.compile(r'<service\s+[^>]*name="([^"/]+)"')
_INCLUDE = re.compile(r'<include\s+[^>]*service="([^"/]+)"')
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_WHY = ("A zone names it and the image does not have it: firewalld would refuse the whole zone, "
        "and the engine with it.")


class Firewall:
    """Facts: the services that zones and policies name, and NG's definitions of them."""

    id = "firewall"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Names, and a definition's digest; services that a service includes count too."""
        named: Dict[str, List[str]] = {}
        for kind in ("zones", "policies"):
            for file in host.names(f"{ETC}/{kind}"):
                if file.endswith(".xml"):
                    path = f"{ETC}/{kind}/{file}"
                    for name in _names(_SERVICE, host.read_text(path, default="")):
                        named.setdefault(name, []).append(path)
        definitions: Dict[str, Any] = {}
        own: Set[str] = set()
        todo = sorted(named)
        while todo:
            name = todo.pop()
            if name in definitions or name in own:
                continue
            place = next((p for p in (f"{ETC}/services/{name}.xml", f"{IMAGE}/{name}.xml")
                          if host.exists(p)), "")
            if place.startswith(IMAGE):
                definitions[name] = dataclasses.asdict(
                    look(host, place) or FileFact("other", 0, 0, 0))
            else:
                own.add(name)
            todo += _names(_INCLUDE, host.read_text(place, default="")) if place else []
        return {"named": named, "definitions": definitions,
                "own": sorted(n[:-len(".xml")] for n in host.names(f"{ETC}/services")
                              if n.endswith(".xml"))}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """NG's definitions of services that the image lacks, and what nobody can define."""
        enabled = {s.unit for s in facts.services if s.state == "enabled"}
        there = {*target.units, *target.enabled_units}
        found: List[Finding] = []
        old = [unit for unit in IPTABLES if unit in enabled and unit not in there]
        if old:
            found.append(finding("N2C_FIREWALL_IPTABLES", [f"unit:{unit}" for unit in old]))
        if FIREWALLD in enabled and FIREWALLD not in there:
            found.append(finding("N2C_FIREWALL_MISSING", [f"unit:{FIREWALLD}"]))
        if not mine or FIREWALLD not in there:
            return Contribution(findings=tuple(found))
        known = {*target.firewall_services, *mine["own"]}
        items: List[Item] = []
        for name, fact in sorted(mine["definitions"].items()):
            if name not in known and fact["kind"] == "file":
                known.add(name)
                item = carried(f"{IMAGE}/{name}.xml", FileFact(**fact), _WHY, self.id)
                items.append(dataclasses.replace(item, path=f"{ETC}/services/{name}.xml"))
        lost = [f"{name}, in {', '.join(map(posixpath.basename, files))}"
                for name, files in sorted(mine["named"].items()) if name not in known]
        if lost:
            found.append(finding("N2C_FIREWALL_SERVICE", evidence=lost))
        return Contribution(findings=tuple(found), items=tuple(items))


PLUGIN = Firewall


def _names(pattern: "re.Pattern[str]", text: str) -> List[str]:
    return list(dict.fromkeys(pattern.findall(_COMMENT.sub("", text))))
