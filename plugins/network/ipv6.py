"""The section [ipv6]: SLAAC, DHCPv6 and its DUID, addresses, how the host's part is made."""

import ipaddress
from typing import Dict, List, Tuple

from . import formats
from .ipv4 import Section, hostname_flags, name_servers, numbers, plain_address, ternaries
from .keyfile import listed
from .source import Ifcfg, Refused

_INT = 2 ** 31 - 1
_UINT = 2 ** 32 - 1
_GENERATED = {"eui64": "eui64", "0": "eui64", "stable-privacy": "stable-privacy",
              "1": "stable-privacy", "default-or-eui64": "default-or-eui64",
              "default": "default"}
_TEMPORARY = ("rfc3041", "rfc4941")
_NO_NAMES = ("link-local", "shared")
_OFF = ("disabled", "ignore")


def ipv6(cfg: Ifcfg, network: Ifcfg, duid: str) -> Section:
    """What `cfg` says of IPv6; `duid` is the identifier that dhclient used for it."""
    method = _method(cfg, network)
    found: Section = {"method": method}
    if method in _OFF:
        for server in name_servers(cfg, 6):
            key = next(k for k in cfg.keys if k[:3] == "DNS" and cfg.text(k).strip() == server)
            cfg.note(key, "the connection has no IPv6 address, and so no IPv6 name servers")
        for key in ("IPV6ADDR", "IPV6ADDR_SECONDARIES"):
            if cfg.text(key):
                cfg.note(key, "IPv6 is switched off for this connection")
        return found
    given = _addresses(cfg)
    found.update({f"address{n}": text for n, text in enumerate(given, 1)})
    _default_route(cfg, network, found, bool(given))
    _generation(cfg, found)
    _dhcp(cfg, found, duid, method)
    servers = name_servers(cfg, 6)
    if method in _NO_NAMES and cfg.text("IPV6_DOMAIN"):
        cfg.note("IPV6_DOMAIN", f"method {method} has no names")
    if servers and method not in _NO_NAMES:
        found["dns"] = listed(servers)
    for key, name in (("IPV6_DOMAIN", "dns-search"), ("IPV6_RES_OPTIONS", "dns-options")):
        if cfg.words(key) and (method not in _NO_NAMES or name != "dns-search"):
            found[name] = listed(cfg.words(key))
    _common(cfg, found)
    return found


def _method(cfg: Ifcfg, network: Ifcfg) -> str:
    static = bool(cfg.text("IPV6ADDR", "IPV6ADDR_SECONDARIES"))
    wanted = cfg.ternary("IPV6INIT")
    if wanted is None:
        wanted = network.ternary("IPV6INIT")
    if wanted is None:
        # initscripts: on unless switched off; NetworkManager: off unless switched on
        wanted = cfg.by_initscripts and (static or cfg.flag("DHCPV6C", False)
                                         or cfg.ternary("IPV6_AUTOCONF") is True)
    if cfg.flag("IPV6_DISABLED", False):
        return "disabled"
    if not wanted:
        # vdsm switches IPv6 off in the kernel too; others left the kernel to its own defaults
        return "disabled" if cfg.by_vdsm else "ignore"
    auto = cfg.text("IPV6_AUTOCONF")
    if auto == "shared":
        return "shared"
    forwarding = cfg.flag("IPV6FORWARDING", network.flag("IPV6FORWARDING", False))
    if cfg.flag("IPV6_AUTOCONF", not forwarding):
        return "auto"
    if cfg.flag("DHCPV6C", False):
        return "dhcp"
    return "manual" if static else "link-local"


def _addresses(cfg: Ifcfg) -> List[str]:
    found: List[str] = []
    for key in ("IPV6ADDR", "IPV6ADDR_SECONDARIES"):
        for word in cfg.text(key).split():
            try:
                text = str(ipaddress.IPv6Interface(word if "/" in word else f"{word}/64"))
            except ValueError:
                raise Refused(f"{key} is no IPv6 address: {word}", cfg.line(key)) from None
            found += [text] if text not in found else []
    return found


def _default_route(cfg: Ifcfg, network: Ifcfg, found: Section, static: bool) -> None:
    never = not cfg.flag("IPV6_DEFROUTE", True)
    everywhere = network.text("IPV6_DEFAULTGW")
    device = everywhere.partition("%")[2] or network.text("IPV6_DEFAULTDEV") \
        or cfg.text("IPV6_DEFAULTDEV")
    if device and cfg.text("DEVICE"):
        never = cfg.text("DEVICE") != device
    own = cfg.text("IPV6_DEFAULTGW")
    gateway = plain_address(cfg, "IPV6_DEFAULTGW", own, 6)
    if not gateway and static and not never:
        gateway = plain_address(network, "IPV6_DEFAULTGW", everywhere, 6)
    if gateway and never:
        cfg.note("IPV6_DEFAULTGW",
                 "is not used, since the interface is not to carry the default route")
    elif gateway and static:
        found["gateway"] = gateway
    elif gateway and own:
        # a gateway beside addresses from outside: NetworkManager takes it as a route
        found["route1"] = f"::/0,{gateway}"
    if never:
        found["never-default"] = "true"


def _generation(cfg: Ifcfg, found: Section) -> None:
    """How the interface identifier comes about; the address changes if this changes."""
    given = cfg.text("IPV6_ADDR_GEN_MODE").lower()
    if given in _GENERATED:
        found["addr-gen-mode"] = _GENERATED[given]
    else:
        if given:
            cfg.note("IPV6_ADDR_GEN_MODE", f"is not known to NetworkManager: {given}")
        found["addr-gen-mode"] = "eui64"  # the kernel's way, and NetworkManager's for ifcfg files
    if cfg.text("IPV6_TOKEN") and found["addr-gen-mode"] not in ("eui64", "default-or-eui64"):
        cfg.note("IPV6_TOKEN", "needs IPV6_ADDR_GEN_MODE=eui64")
    elif cfg.text("IPV6_TOKEN") and not formats.is_token(cfg.text("IPV6_TOKEN")):
        cfg.note("IPV6_TOKEN", f"is no interface identifier: {cfg.text('IPV6_TOKEN')}")
    elif cfg.text("IPV6_TOKEN"):
        found["token"] = cfg.text("IPV6_TOKEN")
    privacy = cfg.text("IPV6_PRIVACY").lower()
    if privacy:
        on = privacy in _TEMPORARY or cfg.flag("IPV6_PRIVACY", False)
        public = cfg.flag("IPV6_PRIVACY_PREFER_PUBLIC_IP", False)
        found["ip6-privacy"] = ("1" if public else "2") if on else "0"


def _dhcp(cfg: Ifcfg, found: Section, duid: str, method: str) -> None:
    for name, form, keys in (
            ("dhcp-duid", formats.DUID, ("DHCPV6_DUID", "DHCPv6_DUID")),
            ("dhcp-iaid", formats.IAID, ("DHCPV6_IAID", "DHCPv6_IAID")),
            ("dhcp-hostname", formats.HOST, ("DHCPV6_HOSTNAME",))):
        if cfg.formed(form, *keys):
            found[name] = cfg.text(*keys)
    hint = cfg.text("DHCPV6_PD_HINT")
    if "/" in hint and ":" in hint and formats.is_network(hint, 6):
        found["dhcp-pd-hint"] = hint
    elif hint:
        cfg.note("DHCPV6_PD_HINT", f"is no prefix: {hint}")
    if method in ("auto", "dhcp"):
        if "." in cfg.text("DHCP_HOSTNAME"):
            found.setdefault("dhcp-hostname", cfg.text("DHCP_HOSTNAME"))
        if duid:
            found.setdefault("dhcp-duid", duid)
            found.setdefault("dhcp-iaid", "mac")  # as dhclient does (isc-dhcp: client/dhc6.c)
    if not cfg.flag("DHCPV6_SEND_HOSTNAME", True):
        found["dhcp-send-hostname"] = "false"
    numbers(cfg, found, {"dhcp-timeout": ("IPV6_DHCP_TIMEOUT", 0, _INT),
                         "ra-timeout": ("IPV6_RA_TIMEOUT", 0, _INT),
                         "dhcp-hostname-flags": ("DHCPV6_HOSTNAME_FLAGS", 0, _UINT)})
    hostname_flags(cfg, found, "DHCPV6_HOSTNAME_FLAGS")


def _common(cfg: Ifcfg, found: Section) -> None:
    flags: Dict[str, Tuple[str, bool]] = {
        "ignore-auto-dns": ("IPV6_PEERDNS", True), "ignore-auto-routes": ("IPV6_PEERROUTES", True)}
    for name, (key, default) in flags.items():
        if cfg.flag(key, default) != default:
            found[name] = "true"
    if cfg.flag("IPV6_FAILURE_FATAL", False):
        found["may-fail"] = "false"
    numbers(cfg, found, {
        "route-metric": ("IPV6_ROUTE_METRIC", -1, _UINT),
        "route-table": ("IPV6_ROUTE_TABLE", 0, _UINT),
        "required-timeout": ("IPV6_REQUIRED_TIMEOUT", 0, _INT),
        "dns-priority": ("IPV6_DNS_PRIORITY", -_INT - 1, _INT), "mtu": ("IPV6_MTU", 1280, _UINT)})
    ternaries(cfg, found, {"auto-route-ext-gw": "IPV6_AUTO_ROUTE_EXT_GW",
                           "replace-local-rule": "IPV6_REPLACE_LOCAL_RULE"})
