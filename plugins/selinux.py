"""selinux: another policy type is refused, another mode and labels of NG's policy are told."""

from typing import Any, Dict, List

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

CONFIG = "/etc/selinux/config"
TARGETED = "targeted"
ENFORCING = "enforcing"


class Selinux:
    """Facts: mode and policy type that NG's configuration names."""

    id = "selinux"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """The last line of each name wins, as for libselinux."""
        found = {"SELINUX": "", "SELINUXTYPE": ""}
        for line in host.read_text(CONFIG, default="").splitlines():
            key, equals, value = line.strip().partition("=")
            if equals and key in found:
                found[key] = value.strip().lower()
        return {"mode": found["SELINUX"], "type": found["SELINUXTYPE"]}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Nothing where the image has no policy, but for a type that its data would need."""
        if not mine:
            return Contribution()
        found: List[Finding] = []
        if mine["mode"] not in ("", "disabled") and mine["type"] not in ("", TARGETED):
            found.append(finding("N2C_SELINUX_TYPE", [f"file:{CONFIG}"], [mine["type"]],
                                 type=mine["type"]))
        if target.selinux is not None:
            if mine["mode"] not in ("", ENFORCING):
                found.append(finding("N2C_SELINUX_MODE", [f"file:{CONFIG}"], mode=mine["mode"]))
            found.append(finding("N2C_SELINUX_LABELS"))
        return Contribution(findings=tuple(found))


PLUGIN = Selinux
