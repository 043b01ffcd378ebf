"""The section [connection]: name, UUID, who controls the interface, how it comes up."""

import math
import uuid
from typing import Dict

from . import formats
from .keyfile import listed, stable_uuid
from .source import SCRIPTS, Ifcfg, Refused

PREFIXES = {"bond": "Bond", "bridge": "Bridge", "vlan": "Vlan"}  # of the names NetworkManager gives

_INT = 2 ** 31 - 1
_NAME_MAX = 15  # IFNAMSIZ - 1, linux/if.h
_SWITCH = {"no": "0", "0": "0", "yes": "2", "2": "2", "1": "1"}
_MDNS = {**_SWITCH, "resolve": "1", "default": "-1", "-1": "-1"}
_TLS = {**_SWITCH, "opportunistic": "1", "default": "-1", "-1": "-1"}
_MPTCP = {"disabled": 0x1, "enabled": 0x2, "also-without-sysctl": 0x4,
          "also-without-default-route": 0x8, "signal": 0x10, "subflow": 0x20, "backup": 0x40,
          "fullmesh": 0x80}


def device(cfg: Ifcfg, what: str) -> str:
    """The interface's name; nothing for a card that is found by its MAC address alone."""
    name = cfg.text("DEVICE")
    if not name and (what != "ethernet" or not cfg.text("HWADDR")):
        if what not in ("ethernet", "infiniband"):
            raise Refused("has no DEVICE")
        name = cfg.name if cfg.by_initscripts else ""
    if name and (len(name.encode()) > _NAME_MAX or not formats.INTERFACE.fullmatch(name)):
        raise Refused(f"DEVICE is no name of an interface: {name}", cfg.line("DEVICE"))
    return name


def connection(cfg: Ifcfg, what: str) -> Dict[str, str]:
    """The whole section of an interface of the kind `what`."""
    name = device(cfg, what)
    plain = f"{PREFIXES.get(what, 'System')} {cfg.name}"
    if cfg.by_initscripts:
        plain = name or cfg.name
    found = {"id": cfg.text("NAME") or plain, "uuid": _uuid(cfg), "type": what}
    if name:
        found["interface-name"] = name
    if not cfg.flag("ONBOOT", True) and not cfg.by_vdsm:  # vdsm brought up what it wrote
        found["autoconnect"] = "false"
    for controller, port_type in (("BRIDGE", "bridge"), ("MASTER", "bond"),
                                  ("OVS_PORT", "ovs-port"), ("VRF", "vrf")):
        value = cfg.text(f"{controller}_UUID", controller)
        if value and "master" in found:
            cfg.note(controller, f"it already belongs to {found['master']}")
        elif value and not (formats.INTERFACE.fullmatch(value) or formats.UUID.fullmatch(value)):
            raise Refused(f"{controller} is no interface: {value}", cfg.line(controller))
        elif value:
            found["master"], found["slave-type"] = value, port_type
    if what in ("bond", "bridge") and cfg.by_initscripts:
        # ifup brought the ports up with their bond or bridge, even those with ONBOOT=no
        found["autoconnect-slaves"] = "1"
    _behaviour(cfg, found)
    return found


def _behaviour(cfg: Ifcfg, found: Dict[str, str]) -> None:
    for name, (key, low, high) in {
            "autoconnect-priority": ("AUTOCONNECT_PRIORITY", -999, 999),
            "autoconnect-retries": ("AUTOCONNECT_RETRIES", -1, _INT),
            "multi-connect": ("MULTI_CONNECT", 0, 3), "auth-retries": ("AUTH_RETRIES", -1, _INT),
            "gateway-ping-timeout": ("GATEWAY_PING_TIMEOUT", 0, 600),
            "wait-activation-delay": ("WAIT_ACTIVATION_DELAY", -1, _INT)}.items():
        number = cfg.number(key, low, high)
        if number is not None:
            found[name] = str(number)
    for name, key, yes, no in (("autoconnect-slaves", "AUTOCONNECT_SLAVES", "1", "0"),
                               ("metered", "CONNECTION_METERED", "1", "2")):
        value = cfg.ternary(key)
        if value is not None:
            found[name] = yes if value else no
    if cfg.text("LLDP"):
        found["lldp"] = "1" if cfg.text("LLDP") == "rx" or cfg.flag("LLDP", False) else "0"
    for name, key, values in (("mdns", "MDNS", _MDNS), ("llmnr", "LLMNR", _MDNS),
                              ("dns-over-tls", "DNS_OVER_TLS", _TLS)):
        if cfg.text(key).lower() in values:
            found[name] = values[cfg.text(key).lower()]
        elif cfg.text(key):
            cfg.note(key, f"is not known to NetworkManager: {cfg.text(key)}")
    for name, key, form in (("zone", "ZONE", formats.ANYTHING),
                            ("stable-id", "STABLE_ID", formats.ANYTHING),
                            ("mud-url", "MUD_URL", formats.URL)):
        if cfg.formed(form, key):
            found[name] = cfg.text(key)
    users = cfg.words("USERS")
    if users and all(formats.USER.fullmatch(user) for user in users):
        found["permissions"] = listed([f"user:{user}:" for user in users])
    elif users:
        # without it anybody could use the connection
        raise Refused(f"USERS are no users: {' '.join(users)}", cfg.line("USERS"))
    others = cfg.words("SECONDARY_UUIDS")
    if others and all(formats.UUID.fullmatch(other) for other in others):
        found["secondaries"] = listed(others)
    elif others:
        cfg.note("SECONDARY_UUIDS", f"are no UUIDs: {' '.join(others)}")
    flags = cfg.text("MPTCP_FLAGS").replace(",", " ").split()
    if flags and set(flags) <= set(_MPTCP):
        found["mptcp-flags"] = str(sum(_MPTCP[flag] for flag in set(flags)))
    elif flags:
        cfg.note("MPTCP_FLAGS", f"is not known to NetworkManager: {' '.join(flags)}")
    _wait(cfg, found)


def _wait(cfg: Ifcfg, found: Dict[str, str]) -> None:
    text = cfg.text("DEVTIMEOUT").strip()
    if text:
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if 0 <= seconds <= _INT / 1000:
            found["wait-device-timeout"] = str(round(seconds * 1000))
        else:
            cfg.note("DEVTIMEOUT", f"is no number of seconds: {text}")


def _uuid(cfg: Ifcfg) -> str:
    given = cfg.text("UUID").strip()
    if given:
        try:
            return str(uuid.UUID(given))
        except ValueError:
            cfg.note("UUID", f"is none: {given}; the connection gets the one of its path")
    return stable_uuid(f"{SCRIPTS}/{cfg.file}")
