"""Bridges and their ports: STP, DELAY, BRIDGING_OPTS, VLAN filtering."""

from typing import Dict, Tuple

from . import formats
from .source import Ifcfg

_MAX = 2 ** 32 - 1
_BOOL = (0, 1)

# option of the kernel: (property of the keyfile, lowest, highest)
_OPTIONS: Dict[str, Tuple[str, int, int]] = {
    "ageing_time": ("ageing-time", 0, 1000000),
    "default_pvid": ("vlan-default-pvid", 0, 4094),
    "group_fwd_mask": ("group-forward-mask", 0, 65535),
    "hello_time": ("hello-time", 0, 10),
    "max_age": ("max-age", 0, 40),
    "multicast_hash_max": ("multicast-hash-max", 1, _MAX),
    "multicast_last_member_count": ("multicast-last-member-count", 0, _MAX),
    "multicast_last_member_interval": ("multicast-last-member-interval", 0, _MAX),
    "multicast_membership_interval": ("multicast-membership-interval", 0, _MAX),
    "multicast_querier": ("multicast-querier", *_BOOL),
    "multicast_querier_interval": ("multicast-querier-interval", 0, _MAX),
    "multicast_query_interval": ("multicast-query-interval", 0, _MAX),
    "multicast_query_response_interval": ("multicast-query-response-interval", 0, _MAX),
    "multicast_query_use_ifaddr": ("multicast-query-use-ifaddr", *_BOOL),
    "multicast_snooping": ("multicast-snooping", *_BOOL),
    "multicast_startup_query_count": ("multicast-startup-query-count", 0, _MAX),
    "multicast_startup_query_interval": ("multicast-startup-query-interval", 0, _MAX),
    "priority": ("priority", 0, 65535),
    "vlan_filtering": ("vlan-filtering", *_BOOL),
    "vlan_stats_enabled": ("vlan-stats-enabled", *_BOOL),
}
_TEXTS = {"group_address": "group-address", "multicast_router": "multicast-router",
          "vlan_protocol": "vlan-protocol"}
_SECONDS = ("ageing_time", "hello_time", "max_age")  # which initscripts took in 1/100 s
_WITH_STP = ("hello_time", "max_age", "priority")
_FLAGS = ("multicast_querier", "multicast_query_use_ifaddr", "multicast_snooping",
          "vlan_filtering", "vlan_stats_enabled")
_PORT = {"path_cost": ("path-cost", 0, 65535), "priority": ("priority", 0, 63)}
_DELAY = (2, 30)


def bridge(cfg: Ifcfg) -> Dict[str, str]:
    """The section [bridge]."""
    stp = cfg.text("STP").lower()
    if stp not in ("", "on", "yes", "off", "no"):
        cfg.note("STP", f"is neither on nor off: {stp}")
    spanning = stp in ("on", "yes")
    found = {"stp": "true" if spanning else "false"}
    if cfg.formed(formats.MAC, "BRIDGE_MACADDR"):
        found["mac-address"] = cfg.text("BRIDGE_MACADDR")
    if cfg.text("DELAY") and spanning:
        # without STP a bridge forwards at once, whatever DELAY says
        delay = cfg.number("DELAY", *_DELAY)
        if delay is not None:
            found["forward-delay"] = str(delay)
    for key, value in _words(cfg).items():
        if key in _WITH_STP and not spanning:
            cfg.note("BRIDGING_OPTS", f"{key} does nothing without STP")
        elif key in _TEXTS:
            found[_TEXTS[key]] = value
        else:
            if key in _SECONDS and cfg.by_initscripts and value.isdecimal():
                value = str(int(value) // 100)
            _number(cfg, found, key, value, _OPTIONS)
    return {**found, **_vlans(cfg, "BRIDGE_VLANS")}


def port(cfg: Ifcfg) -> Dict[str, str]:
    """The section [bridge-port]."""
    found: Dict[str, str] = {}
    for key, value in _words(cfg).items():
        if key == "hairpin_mode":
            found["hairpin-mode"] = "true" if value.lower() in ("on", "yes", "1") else "false"
        else:
            _number(cfg, found, key, value, _PORT, " of a port")
    return {**found, **_vlans(cfg, "BRIDGE_PORT_VLANS")}


def _words(cfg: Ifcfg) -> Dict[str, str]:
    found = {}
    for word in cfg.text("BRIDGING_OPTS").split():
        key, equals, value = word.partition("=")
        if key and equals and value:
            found[key] = value
        else:
            cfg.note("BRIDGING_OPTS", f"{word} is no option")
    return found


def _vlans(cfg: Ifcfg, key: str) -> Dict[str, str]:
    return {"vlans": cfg.text(key)} if cfg.formed(formats.BRIDGE_VLANS, key) else {}


def _number(cfg: Ifcfg, found: Dict[str, str], key: str, value: str,
            known: Dict[str, Tuple[str, int, int]], of: str = "") -> None:
    if key not in known:
        cfg.note("BRIDGING_OPTS", f"NetworkManager does not know {key}={value}{of}")
        return
    name, low, high = known[key]
    if value.isdecimal() and low <= int(value) <= high:
        found[name] = ("true" if int(value) else "false") if key in _FLAGS else str(int(value))
    else:
        cfg.note("BRIDGING_OPTS", f"{key} is no number from {low} to {high}: {value}")
