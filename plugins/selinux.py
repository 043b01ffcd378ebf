"""selinux: another policy type is refused, another mode told, and what NG could not label is."""

from typing import Any, Dict, List

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import RELABEL, UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

CONFIG = "/etc/selinux/config"
TARGETED = "targeted"
ENFORCING = "enforcing"
LABELS_UNIT = "ng2coreos-labels.service"
_LABELS_TEXT = f"""\
# Written by ng2coreos. NG's kernel takes no label that its own policy does not know.
[Unit]
Description=ng2coreos: set the labels that NG's policy did not know
DefaultDependencies=no
ConditionDirectoryNotEmpty={RELABEL}
RequiresMountsFor=/var
After=local-fs.target
Before=sysinit.target systemd-tmpfiles-setup.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
TimeoutStartSec=900
ExecStart=/bin/sh -c 'for l in {RELABEL}/*; do restorecon -i -0 -f "$$l" && rm "$$l" || exit; done'

[Install]
WantedBy=sysinit.target
"""


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
            return Contribution(
                findings=tuple(found),
                items=(written(f"/etc/systemd/system/{LABELS_UNIT}", _LABELS_TEXT,
                               "Some labels are known to the new system's policy only.", self.id),),
                units=(UnitState(LABELS_UNIT, "enable", (f"sysinit.target.wants/{LABELS_UNIT}",),
                                 "Before anything reads what it labels."),))
        return Contribution(findings=tuple(found))


PLUGIN = Selinux
