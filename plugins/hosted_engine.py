"""Hosted engine: may this host leave those that run the engine now, and can the target be one?"""

import json
from typing import Any, Dict, List, Optional, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

from . import sanlock
from .asking import answered

CONF = "/etc/ovirt-hosted-engine/hosted-engine.conf"
STATE = "/var/lib/ovirt-hosted-engine-ha/ha.conf"
AGENT, BROKER = "ovirt-ha-agent.service", "ovirt-ha-broker.service"
PACKAGE = "ovirt-hosted-engine-ha"
LOCKSPACE = "s hosted-engine:"
DEADLINE_S = 60.0


class HostedEngine:
    """Facts: is the host one of them? Everything else is asked anew each time."""

    id = "hosted-engine"
    api = API
    momentary = ("N2C_HE_VM", "N2C_HE_MAINTENANCE", "N2C_HE_LOCKSPACE", "N2C_HE_LAST",
                 "N2C_HE_STATE_UNKNOWN")

    def facts(self, host: Host) -> Dict[str, Any]:
        """Whether hosted-engine.conf says something, and the state of this moment."""
        return self.now(host)

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """The daemons must be in the image; the host must have stepped back."""
        if not mine or not mine["deployed"]:
            return Contribution()
        found = list(self.judge_now(mine))
        if PACKAGE not in {package.name for package in target.packages}:
            found.append(finding("N2C_HE_TARGET", [f"package:{PACKAGE}"]))
        return Contribution(findings=tuple(found))

    def now(self, host: Host) -> Dict[str, Any]:
        """Maintenance, the agent, its lockspace, and what it tells of the hosts."""
        values = _values(host.read_text(CONF, default=""))
        if not values:
            return {"deployed": False, "volatile": {}}
        active = _is(host, "active", AGENT)
        status = _status(host) if active else None
        held = sanlock.status(host)
        return {"deployed": True, "volatile": {
            "active": active,
            # one that is stopped here is started by the new system
            "starts": _is(host, "enabled", AGENT) if active is False else active,
            "maintenance": _values(host.read_text(STATE, default="")).get(
                "local_maintenance", "").lower() == "true",
            "lockspace": None if held is None else any(
                line.startswith(LOCKSPACE) for line in held),
            "engine_here": None if status is None else _engine_here(status, values),
            "others": None if status is None else _others(status, values)}}

    def judge_now(self, mine: Dict[str, Any]) -> Tuple[Finding, ...]:
        """Would the engine suffer if this host restarted now?"""
        if not mine or not mine["deployed"]:
            return ()
        now, found = mine["volatile"], []
        silent = [name for name, unknown in (
            (AGENT, now["active"] is None or now["starts"] is None),
            ("hosted-engine --vm-status", bool(now["active"]) and now["others"] is None),
            (sanlock.UNIT, now["lockspace"] is None)) if unknown]
        if silent:
            found.append(finding("N2C_HE_STATE_UNKNOWN", evidence=silent))
        if now["engine_here"]:
            found.append(finding("N2C_HE_VM"))
        if now["starts"] and not now["maintenance"]:
            found.append(finding("N2C_HE_MAINTENANCE", [f"unit:{AGENT}"]))
        if now["lockspace"]:
            # an agent in maintenance gives it back when it is stopped: see `units_to_stop`
            found.append(finding("N2C_HE_LOCKSPACE", kind=Kind.WARNING
                                 if now["active"] and now["maintenance"] else None))
        if now["others"] == 0:
            found.append(finding("N2C_HE_LAST"))
        return tuple(found)

    def units_to_stop(self, mine: Dict[str, Any]) -> Tuple[str, ...]:
        """The agent, which gives its id back in an orderly end alone, and then its broker."""
        running = mine and mine["deployed"] and mine["volatile"]["active"]
        return (AGENT, BROKER) if running else ()


PLUGIN = HostedEngine


def _values(text: str) -> Dict[str, str]:
    rows = [line.partition("=") for line in text.splitlines() if "=" in line
            and not line.lstrip().startswith("#")]
    return {key.strip(): value.strip() for key, _, value in rows}


def _is(host: Host, state: str, unit: str) -> Optional[bool]:
    """Is the unit ``active``, or ``enabled``? None where systemd gives no answer."""
    told = answered(host, "systemctl", f"is-{state}", unit, timeout_s=DEADLINE_S)
    return None if told is None else told.stdout.strip() == state


def _status(host: Host) -> Optional[Dict[str, Any]]:
    """What the agents tell of each other, or None where they tell nothing."""
    told = answered(host, "hosted-engine", "--vm-status", "--json", timeout_s=DEADLINE_S)
    try:
        found = json.loads(told.stdout if told is not None and not told.returncode else "")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _rows(status: Dict[str, Any]) -> List[Dict[str, Any]]:
    return [row for row in status.values() if isinstance(row, dict)]


def _mine(row: Dict[str, Any], values: Dict[str, str]) -> bool:
    return str(row.get("host-id")) == values.get("host_id")


def _engine_here(status: Dict[str, Any], values: Dict[str, str]) -> bool:
    """Does the engine's machine run on this host?"""
    for row in _rows(status):
        health = row.get("engine-status", {})
        if isinstance(health, str):  # JSON within JSON, in some versions
            try:
                health = json.loads(health)
            except ValueError:
                health = {}
        if _mine(row, values) and isinstance(health, dict) and health.get("vm") == "up":
            return True
    return False


def _others(status: Dict[str, Any], values: Dict[str, str]) -> int:
    """How many other hosts could run it."""
    scores = [row.get("score", 0) for row in _rows(status) if not _mine(row, values)]
    return sum(1 for score in scores if isinstance(score, (int, float)) and score > 0)
