"""Probes of the network: addresses, routes, interfaces, virtual functions, a TLS service."""

import ipaddress
import json
import socket
import ssl
from typing import Any, Dict, List

from ng2coreos.firstboot.probe import Look, Params, Seen


def address(look: Look, params: Params) -> Seen:
    """address{interface,address}: the interface has the address (with or without /PREFIX)."""
    interface, wanted = params.text("interface"), params.text("address")
    want = ipaddress.ip_interface(wanted)
    found = [_written(entry) for entry in _addresses(look, interface)]
    have = [ipaddress.ip_interface(text) for text in found]
    exact = "/" in wanted
    if any(h == want if exact else h.ip == want.ip for h in have):
        return Seen(True, ", ".join(found))
    return Seen(False, f"{interface} has {', '.join(found) or 'no address'}, not {wanted}")


def dynamic_address(look: Look, params: Params) -> Seen:
    """dynamic-address{interface,address}: a server or a router gave it that address, or another.

    Which one is theirs to decide, so another of the same IP version is told and not wrong.
    """
    interface, wanted = params.text("interface"), params.text("address")
    version = ipaddress.ip_interface(wanted).version
    found = [_written(entry) for entry in _addresses(look, interface)
             if entry.get("dynamic") and entry.get("scope") == "global"
             and not entry.get("temporary")]
    same = [text for text in found if ipaddress.ip_interface(text).version == version]
    if wanted in same:
        return Seen(True, wanted)
    if same:
        return Seen(True, f"it is {', '.join(same)} now: the servers there decide")
    return Seen(False, f"{interface} has got no address of IPv{version}")


def route(look: Look, params: Params) -> Seen:
    """route{destination,via,interface}: there is such a route; an empty via or interface is any."""
    destination, via = params.text("destination"), params.text("via", "")
    interface = params.text("interface", "")
    family = "-6" if ":" in destination + via else "-4"
    routes = _ip(look, family, "route", "show", destination)
    hops = [hop for entry in routes for hop in (entry, *entry.get("nexthops", []))]
    if any((not via or hop.get("gateway") == via) and (not interface or hop.get("dev") == interface)
           for hop in hops):
        return Seen(True)
    seen = ", ".join(f"via {hop.get('gateway', 'link')} dev {hop.get('dev', '?')}" for hop in hops)
    return Seen(False, f"the route to {destination} is {seen or 'missing'}")


def link_mac(look: Look, params: Params) -> Seen:
    """link-mac{interface,mac}: the interface of that name is the card with that permanent MAC."""
    interface, mac = params.text("interface"), params.text("mac").lower()
    found = [str(link.get("permaddr") or link.get("address", "")).lower()
             for link in _ip(look, "link", "show", "dev", interface)]
    if mac in found:
        return Seen(True)
    return Seen(False, f"{interface} has {', '.join(found) or 'no MAC'}, not {mac}")


def link(look: Look, params: Params) -> Seen:
    """link{interface,controller,mtu}: it belongs to that bond or bridge and has that MTU."""
    interface = params.text("interface")
    found = _ip(look, "link", "show", "dev", interface)
    if not found:
        return Seen(False, f"there is no {interface}")
    controller, mtu = params.text("controller", ""), params.optional_number("mtu")
    wrong = []
    if controller and found[0].get("master") != controller:
        wrong.append(f"{interface} belongs to {found[0].get('master') or 'none'}, not {controller}")
    if mtu is not None and found[0].get("mtu") != mtu:
        wrong.append(f"the MTU of {interface} is {found[0].get('mtu')}, not {mtu}")
    return Seen(not wrong, "; ".join(wrong))


def virtual_functions(look: Look, params: Params) -> Seen:
    """virtual-functions{interface,count}: the card has so many SR-IOV virtual functions."""
    interface, count = params.text("interface"), params.number("count")
    path = f"/sys/class/net/{interface}/device/sriov_numvfs"
    seen = look.host.read_text(path, default="0").strip()
    if seen == str(count):
        return Seen(True)
    return Seen(False, f"{interface} has {seen} virtual functions, not {count}")


def tls(look: Look, params: Params) -> Seen:
    """tls{address,port,ca}: a TLS server with a certificate of that CA answers.

    `ca` is a file of the host; where it is empty any certificate will do.  `cert` and `key` are
    shown to a server that asks for them.
    """
    where, port, ca = params.text("address"), params.number("port"), params.text("ca", "")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # engine certificates name the FQDN, the check an address
    context.verify_mode = ssl.CERT_REQUIRED if ca else ssl.CERT_NONE
    if ca:
        context.load_verify_locations(cafile=str(look.host.follow(ca)))
    if params.text("cert", ""):
        context.load_cert_chain(str(look.host.follow(params.text("cert"))),
                                str(look.host.follow(params.text("key"))))
    with socket.create_connection((where, port), timeout=look.left_s) as plain, \
            context.wrap_socket(plain) as secure:
        return Seen(True, secure.version() or "")


def _addresses(look: Look, interface: str) -> List[Dict[str, Any]]:
    return [entry for link in _ip(look, "address", "show", "dev", interface)
            for entry in link.get("addr_info", []) if "local" in entry]


def _written(entry: Dict[str, Any]) -> str:
    return f"{entry['local']}/{entry.get('prefixlen', '')}"


def _ip(look: Look, *words: str) -> List[Dict[str, Any]]:
    data = json.loads(look.run("ip", "-details", "-json", *words).stdout or "[]")
    return [entry for entry in data if isinstance(entry, dict)]
