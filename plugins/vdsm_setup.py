"""vdsm's setup: its certificates last long enough, and it configures the new system's programs."""

from typing import Any, Dict, List, Tuple

from ng2coreos.core.errors import CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

CERTIFICATES = (
    "/etc/pki/vdsm/certs/vdsmcert.pem", "/etc/pki/vdsm/libvirt-spice/server-cert.pem",
    "/etc/pki/vdsm/libvirt-vnc/server-cert.pem", "/etc/pki/vdsm/libvirt-migrate/server-cert.pem",
    "/etc/pki/libvirt/clientcert.pem")
OWN = CERTIFICATES[0]
DAY_S = 24 * 60 * 60
SOON_DAYS, LATER_DAYS = 30, 365  # the engine's CertExpirationAlert and -WarnPeriodInDays
DAEMON = "vdsmd.service"
UNIT = "ng2coreos-vdsm-configure.service"
DONE = "/etc/ng2coreos/vdsm-configured"
# Before the sockets, which come before basic.target: so it has no default dependencies. Those that
# it stops and starts again are only what runs by then.
_TEXT = f"""\
# Written by ng2coreos. vdsmd starts only when vdsm has configured libvirt, multipath, sanlock, LVM.
[Unit]
Description=ng2coreos: let vdsm configure this system
DefaultDependencies=no
ConditionPathExists=!{DONE}
ConditionPathExistsGlob=/usr/lib*/python3*/site-packages/vdsm/tool/configurator.py
After=sysinit.target local-fs.target multipathd.service
Before=libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd-tls.socket
Before=libvirtd.service sanlock.service supervdsmd.service vdsm-network-init.service
Before=vdsm-network.service {DAEMON}
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=300
ExecStart=-/usr/bin/vdsm-tool config-lvm-filter -y
ExecStart=/usr/bin/vdsm-tool configure --force
ExecStart=/usr/bin/touch {DONE}

[Install]
WantedBy=multi-user.target
"""


class VdsmSetup:
    """Facts: which certificates are there, and how long they last."""

    id = "vdsm-setup"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Asks openssl about each certificate; keys are not read."""
        there = [path for path in CERTIFICATES if host.exists(path)]
        days = {path: _days(host, path) for path in there}
        return {"own": OWN in there,
                "volatile": {  # a day that passes makes no plan stale
                    "soon": [path for path, left in days.items() if left == SOON_DAYS],
                    "later": [path for path, left in days.items() if left == LATER_DAYS]}}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """The unit that runs once, on hosts that an engine knows."""
        if not mine or not facts.plugins.get("vdsm", {}).get("id"):
            return Contribution()
        found: List[Finding] = [finding("N2C_ENGINE_RECORD"), finding("N2C_ENGINE_PACKAGES")]
        if not mine["own"]:
            found.append(finding("N2C_VDSM_CERT_MISSING", [f"file:{OWN}"]))
        for id, paths in (("N2C_VDSM_CERT_SOON", mine["volatile"]["soon"]),
                          ("N2C_VDSM_CERT_LATER", mine["volatile"]["later"])):
            if paths:
                found.append(finding(id, [f"file:{path}" for path in paths]))
        if any(s.unit == "ovirt-engine.service" and s.state == "enabled" for s in facts.services):
            found.append(finding("N2C_ENGINE_HERE", ["unit:ovirt-engine.service"]))
        if DAEMON not in {*target.units, *target.enabled_units}:
            return Contribution(findings=tuple(found))
        return Contribution(
            findings=tuple(found),
            items=(written(f"/etc/systemd/system/{UNIT}", _TEXT,
                           "vdsmd starts only when vdsm has configured the image's programs.",
                           self.id),),
            units=(UnitState(UNIT, "enable", (f"multi-user.target.wants/{UNIT}",),
                             "Before vdsmd, once."),))


PLUGIN = VdsmSetup


def _days(host: Host, path: str) -> int:
    """SOON_DAYS or LATER_DAYS where the certificate ends within that time, else 0."""
    data = host.read_bytes(path)
    for days in (SOON_DAYS, LATER_DAYS):
        if "will expire" in _asked(host, ("-checkend", str(days * DAY_S)), data):
            return days
    return 0


def _asked(host: Host, words: Tuple[str, ...], data: bytes) -> str:
    try:
        return host.run(["openssl", "x509", "-noout", *words], data=data, ok=(0, 1)).stdout
    except (CommandFailed, Unsupported):
        return ""
