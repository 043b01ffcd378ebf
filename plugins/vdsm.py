"""vdsm: the host's id, its networks, its health; refuses to move a host on which VMs run."""

import base64
import hashlib
import json
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

from . import vdsm_conf
from .asking import answered

ID_FILE = "/etc/vdsm/vdsm.id"
CA = "/etc/pki/vdsm/certs/cacert.pem"
PERSISTED = "/var/lib/vdsm/persistence/netconf"
RUNNING = "/var/lib/vdsm/staging/netconf"
UNIT = "vdsmd.service"
MANAGEMENT = "ovirtmgmt"
PORT = 54321  # [addresses] management_port of vdsm.conf
REPOSITORY = "/rhev/data-center"
CLIENT_DEADLINE_S = 30.0

Networks = Dict[str, Dict[str, Dict[str, Any]]]


class Vdsm:
    """Facts: id, networks and settings as JSON; whether VMs run is asked anew each time."""

    id = "vdsm"
    api = API
    momentary = ("N2C_VDSM_VMS_RUNNING", "N2C_VDSM_STATE_UNKNOWN")

    def facts(self, host: Host) -> Dict[str, Any]:
        """Reads vdsm's files, and asks vdsm-client for the VMs."""
        conf = vdsm_conf.read(host)
        stored = host.read_text(ID_FILE, default="")
        return {
            "id": (stored.splitlines() or [""])[0].strip() or _asked_id(host),
            "id_stored": bool(stored.strip()),
            "repository": conf.get("irs", "repository", fallback=REPOSITORY),
            "port": vdsm_conf.port(conf, PORT),
            "persisted": _networks(host, PERSISTED),
            "running": _networks(host, RUNNING) if host.exists(RUNNING) else None,
            "volatile": {"vms": _running_vms(host)},
        }

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Health of vdsmd over the carried network, with the carried certificate."""
        if not mine:
            return Contribution()
        if mine["id"] is None:
            return Contribution(findings=self.judge_now(mine))
        if not mine["id"]:
            return Contribution(findings=(finding("N2C_VDSM_NO_ID"),))
        items = () if mine["id_stored"] else (_id_item(mine["id"]),)
        found = [*self.judge_now(mine), *_state(mine), *_networks_findings(mine)]
        if UNIT not in target.units and UNIT not in target.enabled_units:
            found.append(finding("N2C_VDSM_TARGET", [f"unit:{UNIT}"]))
        checks = [Check("vdsm", "unit-active", "vdsmd is running", {"unit": UNIT}, health=True)]
        address = _management_address(facts, mine)
        if address:
            checks.append(Check(
                "vdsm:tls", "tls", f"vdsm answers on {address}:{mine['port']} with its certificate",
                {"address": address, "port": mine["port"], "ca": CA}, health=True))
        else:
            found.append(finding("N2C_VDSM_NO_MANAGEMENT"))
        return Contribution(findings=tuple(found), items=items, checks=tuple(checks))

    def now(self, host: Host) -> Dict[str, Any]:
        """The id, and the VMs of this moment."""
        known = host.read_text(ID_FILE, default="").strip() or _asked_id(host)
        return {"id": known, "volatile": {"vms": _running_vms(host) if known else None}}

    def judge_now(self, mine: Dict[str, Any]) -> Tuple[Finding, ...]:
        """Do VMs run? Not asked of a host that no engine knows."""
        if not mine or mine["id"] == "":
            return ()
        vms = mine["volatile"]["vms"]
        if vms is None:
            return (finding("N2C_VDSM_STATE_UNKNOWN"),)
        if vms:
            return (finding("N2C_VDSM_VMS_RUNNING", [f"vm:{vm}" for vm in vms], count=len(vms)),)
        return ()


PLUGIN = Vdsm


def _asked_id(host: Host) -> Optional[str]:
    """The id that vdsm takes from the hardware; no host without vdsm has one.

    None where it gives no answer, which is not to say that no engine knows the host.
    """
    told = answered(host, "vdsm-tool", "vdsm-id", timeout_s=CLIENT_DEADLINE_S)
    if told is None:
        return None
    return "" if told.returncode else told.stdout.strip()


def _running_vms(host: Host) -> Optional[List[str]]:
    """The ids of the VMs, or None where vdsm gives no answer."""
    try:
        answer = json.loads(host.run(["vdsm-client", "Host", "getVMList"],
                                     timeout_s=CLIENT_DEADLINE_S).stdout)
    except (CommandFailed, Unsupported, ValueError, RecursionError):
        return None
    if not isinstance(answer, list):
        return None
    return sorted(str(vm.get("vmId", vm) if isinstance(vm, dict) else vm) for vm in answer)


def _networks(host: Host, top: str) -> Networks:
    """The JSON files of a netconf directory (or link to one); BadInput for a damaged one."""
    found: Networks = {}
    for kind in ("nets", "bonds", "devices"):
        found[kind] = {}
        for name in host.names(f"{top}/{kind}"):
            try:
                value = json.loads(host.read_text(f"{top}/{kind}/{name}"))
            except (ValueError, RecursionError) as error:
                raise BadInput(f"{top}/{kind}/{name} is not JSON: {error}.",
                               hint="Sync the host's networks in the engine.") from None
            if not isinstance(value, dict):
                raise BadInput(f"{top}/{kind}/{name} is not a JSON object.",
                               hint="Sync the host's networks in the engine.")
            found[kind][name] = value
    return found


def _id_item(value: str) -> Item:
    data = value.encode()  # without a line feed, as host-deploy writes it
    return Item(ID_FILE, "file", Outcome.CONVERTED,
                "The engine knows the host by the id that its hardware gave.", "vdsm",
                sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
                content=base64.b64encode(data).decode())


def _state(mine: Dict[str, Any]) -> List[Finding]:
    found = []
    if mine["repository"] != REPOSITORY:
        found.append(finding("N2C_VDSM_REPOSITORY", [f"file:{vdsm_conf.CONF}"],
                             path=mine["repository"]))
    return found


def _networks_findings(mine: Dict[str, Any]) -> List[Finding]:
    found: List[Finding] = []
    if mine["running"] is not None and mine["running"] != mine["persisted"]:
        names = sorted(name for kind in mine["persisted"]
                       for name in {*mine["persisted"][kind], *mine["running"][kind]}
                       if mine["persisted"][kind].get(name) != mine["running"][kind].get(name))
        found.append(finding("N2C_VDSM_STAGING", [f"network:{name}" for name in names]))
    return found


def _management_address(facts: HostFacts, mine: Dict[str, Any]) -> str:
    """The persisted address of the management network, or the live one where DHCP gives it."""
    nets = mine["persisted"]["nets"]
    name = _management(nets)
    if not name:
        return ""
    net = nets[name]
    if net.get("ipaddr"):
        return str(net["ipaddr"])
    live = facts.plugins.get("network", {}).get("volatile", {}).get("addresses", {})
    below = str(net.get("bonding") or net.get("nic") or "")
    device = f"{below}.{net['vlan']}" if net.get("vlan") else below
    found = live.get(name) or live.get(device) or [net.get("ipv6addr", "")]
    return str(found[0]).partition("/")[0]


def _management(nets: Mapping[str, Mapping[str, Any]]) -> str:
    """The network by which the engine reaches the host; a cluster may give it another name."""
    if MANAGEMENT in nets:
        return MANAGEMENT
    return next((name for name, net in sorted(nets.items()) if net.get("defaultRoute")), "")
