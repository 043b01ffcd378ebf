"""The section [ipv4]: addresses, DHCP, name servers, the default route."""

import ipaddress
from typing import Dict, List, Sequence, Tuple

from . import formats
from .keyfile import listed
from .source import Ifcfg, Refused, address

Section = Dict[str, str]

_INT = 2 ** 31 - 1
_UINT = 2 ** 32 - 1
_DAD_MAX = 30000  # ms, NM_SETTING_IP_CONFIG_DAD_TIMEOUT_MAX
_AUTO = ("dhcp", "bootp")
_STATIC = ("", "none", "static")
_METHODS = {"autoip": "link-local", "shared": "shared"}
_LINK_LOCAL = {"0": "0", "default": "0", "1": "1", "auto": "1", "2": "2", "disabled": "2",
               "3": "3", "enabled": "3", "4": "4", "fallback": "4"}


def ipv4(cfg: Ifcfg, network: Ifcfg, aliases: Sequence[Ifcfg], client_id: str) -> Section:
    """What `cfg` says of IPv4; `network` is /etc/sysconfig/network, `aliases` are ifcfg-X:N.

    `client_id` is what dhclient sent, empty where it did not ask.
    """
    given = _addresses(cfg, aliases)
    proto = cfg.text("BOOTPROTO").lower()
    if proto in _AUTO:
        method = "auto"
    elif proto in _STATIC:
        method = "manual" if given else "disabled"
    elif proto in _METHODS:
        method = _METHODS[proto]
    else:
        raise Refused(f"BOOTPROTO is not known: {proto}", cfg.line("BOOTPROTO"))
    found: Section = {"method": method}
    if method == "disabled":
        _unused(cfg)
        return found
    if method == "link-local":
        given = []
    found.update({f"address{n}": text for n, text in enumerate(given, 1)})
    if method in ("auto", "manual"):
        _default_route(cfg, network, found, bool(given))
    if method == "auto":
        _dhcp(cfg, found, client_id)
    if method in ("auto", "manual"):
        _names(cfg, network, found)
    _common(cfg, found)
    return found


def name_servers(cfg: Ifcfg, version: int) -> List[str]:
    """DNS1, DNS2, ... of one family; Refused for something that is no address at all."""
    found = []
    for key in sorted((k for k in cfg.keys if k[:3] == "DNS" and k[3:].isdecimal()),
                      key=lambda k: int(k[3:])):
        text = cfg.text(key).strip()
        if not text:
            continue
        try:
            server = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            raise Refused(f"{key} is no address: {text}", cfg.line(key)) from None
        if server.version == version and text not in found:
            found.append(text)
    return found


def _addresses(cfg: Ifcfg, aliases: Sequence[Ifcfg]) -> List[str]:
    found: List[str] = []
    for one in (cfg, *aliases):
        suffixes = sorted((k[6:] for k in one.keys if k[:6] == "IPADDR"
                           and (not k[6:] or k[6:].isdecimal())), key=lambda s: int(s or -1))
        for suffix in suffixes:
            ip = one.ipv4(f"IPADDR{suffix}")
            if ip:
                text = f"{ip}/{one.prefix(ip, suffix)}"
                found += [text] if text not in found else []
    return found


def _default_route(cfg: Ifcfg, network: Ifcfg, found: Section, static: bool) -> None:
    never = not cfg.flag("DEFROUTE", True)
    device = network.text("GATEWAYDEV") or cfg.text("GATEWAYDEV")
    if device and cfg.text("DEVICE"):
        never = cfg.text("DEVICE") != device
    keys = sorted(k for k in cfg.keys if k[:7] == "GATEWAY" and (not k[7:] or k[7:].isdecimal()))
    gateway = next((ip for ip in map(cfg.ipv4, keys) if ip), "")
    if not gateway and static and not device:
        gateway = _global_gateway(network, found)
    elif not gateway and static and not never:
        gateway = network.ipv4("GATEWAY")
    if gateway == "0.0.0.0":
        gateway = ""
    key = keys[0] if keys else "GATEWAY"
    if gateway and never:
        cfg.note(key, "is not used, since the interface is not to carry the default route")
    elif gateway and not static:
        cfg.note(key, "is not used, since the address comes with a default route of its own")
    elif gateway:
        found["gateway"] = gateway
    if never:
        found["never-default"] = "true"


def _global_gateway(network: Ifcfg, found: Section) -> str:
    """GATEWAY of /etc/sysconfig/network where it lies in a network of this connection."""
    gateway = network.ipv4("GATEWAY")
    nets = [ipaddress.ip_interface(v).network for k, v in found.items() if k.startswith("address")]
    return gateway if gateway and any(ipaddress.ip_address(gateway) in n for n in nets) else ""


def _dhcp(cfg: Ifcfg, found: Section, client_id: str) -> None:
    for name, key, form in (
            ("dhcp-hostname", "DHCP_HOSTNAME", formats.HOST),
            ("dhcp-fqdn", "DHCP_FQDN", formats.FQDN),
            ("dhcp-client-id", "DHCP_CLIENT_ID", formats.CLIENT_ID),
            ("dhcp-iaid", "DHCP_IAID", formats.IAID),
            ("dhcp-vendor-class-identifier", "DHCP_VENDOR_CLASS_IDENTIFIER", formats.ANYTHING)):
        if cfg.formed(form, key):
            found[name] = cfg.text(key)
    if "dhcp-fqdn" in found:
        found.pop("dhcp-hostname", None)
    if client_id:
        found.setdefault("dhcp-client-id", client_id)
    if not cfg.flag("DHCP_SEND_HOSTNAME", True):
        found["dhcp-send-hostname"] = "false"
    if cfg.flag("PERSISTENT_DHCLIENT", False):
        found["dhcp-timeout"] = str(_INT)
    numbers(cfg, found, {"dhcp-timeout": ("IPV4_DHCP_TIMEOUT", 0, _INT),
                         "dhcp-hostname-flags": ("DHCP_HOSTNAME_FLAGS", 0, _UINT)})
    hostname_flags(cfg, found, "DHCP_HOSTNAME_FLAGS")
    servers = cfg.words("DHCP_REJECT_SERVERS")
    if servers and all(formats.is_network(server, 4) for server in servers):
        found["dhcp-reject-servers"] = listed(servers)
    elif servers:
        cfg.note("DHCP_REJECT_SERVERS", f"are no addresses: {' '.join(servers)}")


def _names(cfg: Ifcfg, network: Ifcfg, found: Section) -> None:
    servers = name_servers(cfg, 4)
    if servers:
        found["dns"] = listed(servers)
    domains = cfg.words("DOMAIN", "SEARCH")
    if domains:
        found["dns-search"] = listed(domains)
    options = [*cfg.words("RES_OPTIONS"), *network.words("RES_OPTIONS")]
    if options:
        found["dns-options"] = listed(list(dict.fromkeys(options)))


def _common(cfg: Ifcfg, found: Section) -> None:
    if not cfg.flag("PEERDNS", True):
        found["ignore-auto-dns"] = "true"
    if not cfg.flag("PEERROUTES", True):
        found["ignore-auto-routes"] = "true"
    if cfg.flag("IPV4_FAILURE_FATAL", False):
        found["may-fail"] = "false"
    numbers(cfg, found, {
        "route-metric": ("METRIC", 0, _UINT), "route-table": ("IPV4_ROUTE_TABLE", 0, _UINT),
        "required-timeout": ("IPV4_REQUIRED_TIMEOUT", 0, _INT),
        "dns-priority": ("IPV4_DNS_PRIORITY", -_INT - 1, _INT)})
    numbers(cfg, found, {"route-metric": ("IPV4_ROUTE_METRIC", -1, _UINT)})
    ternaries(cfg, found, {"auto-route-ext-gw": "IPV4_AUTO_ROUTE_EXT_GW",
                           "replace-local-rule": "IPV4_REPLACE_LOCAL_RULE"})
    if cfg.text("IPV4_LINK_LOCAL"):
        local = _LINK_LOCAL.get(cfg.text("IPV4_LINK_LOCAL").lower())
        if local is None:
            cfg.note("IPV4_LINK_LOCAL", "is not known to NetworkManager")
        else:
            found["link-local"] = local
    if not cfg.flag("ARPCHECK", True):
        found["dad-timeout"] = "0"
    wait = cfg.number("ARPING_WAIT", -1, _DAD_MAX // 1000)
    if wait is not None:
        found["dad-timeout"] = str(wait * 1000 if wait > 0 else wait)
    numbers(cfg, found, {"dad-timeout": ("ACD_TIMEOUT", -1, _DAD_MAX)})


def _unused(cfg: Ifcfg) -> None:
    """Name servers without an address of this family: NetworkManager has no use for them."""
    for server in name_servers(cfg, 4):
        key = next(k for k in cfg.keys if k[:3] == "DNS" and cfg.text(k).strip() == server)
        cfg.note(key, "the connection has no IPv4 address, and so no IPv4 name servers")


def numbers(cfg: Ifcfg, found: Section, keys: Dict[str, Tuple[str, int, int]]) -> None:
    """Put the numbers that are given into `found`: property -> (key, lowest, highest)."""
    for name, (key, low, high) in keys.items():
        number = cfg.number(key, low, high)
        if number is not None:
            found[name] = str(number)


def hostname_flags(cfg: Ifcfg, found: Section, key: str) -> None:
    """NetworkManager refuses flags for a name that is not sent (as FQDN)."""
    sent = found.get("dhcp-send-hostname") != "false" and (
        "dhcp-fqdn" in found or (key.startswith("DHCPV6") and "dhcp-hostname" in found))
    if not sent and "dhcp-hostname-flags" in found:
        del found["dhcp-hostname-flags"]
        cfg.note(key, "no full host name is sent")


def ternaries(cfg: Ifcfg, found: Section, keys: Dict[str, str]) -> None:
    """Put the yes and no that are given into `found` as NMTernary: property -> key."""
    for name, key in keys.items():
        value = cfg.ternary(key)
        if value is not None:
            found[name] = str(int(value))


def plain_address(cfg: Ifcfg, key: str, text: str, version: int) -> str:
    """An address without a zone index."""
    return address(cfg, key, text.partition("%")[0], version)
