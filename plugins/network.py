"""Network: what the stored connections say, names pinned by MAC address, and proof of both."""

import base64
import configparser
import hashlib
import json
from collections import Counter
from typing import Any, Dict, List, Set, Tuple

from ng2coreos.core.errors import CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts, Nic
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

KEYFILES = "/etc/NetworkManager/system-connections"
IFCFG = "/etc/sysconfig/network-scripts"
NO_MAC = ("", "00:00:00:00:00:00")
PHYSICAL = ("ethernet", "802-3-ethernet", "infiniband", "wifi", "802-11-wireless")


class Network:
    """Facts: the connections without their secrets, and the names of ifcfg files."""

    id = "network"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Reads keyfiles; a file that is not one is passed over, as NetworkManager does."""
        profiles = []
        for name in host.names(KEYFILES):
            if not name.startswith(".") and not name.endswith("~"):
                profile = _profile(name, host.read_text(f"{KEYFILES}/{name}"))
                if profile:
                    profiles.append(profile)
        return {
            "profiles": profiles,
            "ifcfg": [name for name in host.names(IFCFG)
                      if name.startswith("ifcfg-") and name != "ifcfg-lo"],
            "volatile": {"addresses": _live_addresses(host)},
        }

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A .link file for each interface that carries a connection, and checks of all of it."""
        profiles: List[Dict[str, Any]] = mine.get("profiles", [])
        used = _used(facts.nics, profiles)
        counts = Counter(n.mac.lower() for n in facts.nics)
        plain = [n for n in used if n.mac.lower() not in NO_MAC and counts[n.mac.lower()] == 1]
        found: List[Finding] = []
        if mine.get("ifcfg"):
            found.append(finding("N2C_NET_IFCFG", [f"file:{IFCFG}/{n}" for n in mine["ifcfg"]]))
        elif not profiles:
            found.append(finding("N2C_NET_NO_CONNECTION"))
        if len(plain) < len(used):
            found.append(finding("N2C_NET_MAC", [f"nic:{n.name}" for n in used if n not in plain],
                                 [f"{n.name}: {n.mac or 'unknown'}" for n in used]))
        kernel = [n.name for n in plain if n.name.startswith("eth")]
        if len(kernel) > 1:
            found.append(finding("N2C_NET_KERNEL_NAMES", [f"nic:{name}" for name in kernel]))
        return Contribution(
            findings=tuple(found), items=tuple(_link(n) for n in plain),
            checks=(*(Check(f"mac:{n.name}", "link-mac", f"{n.name} is the same interface",
                            {"interface": n.name, "mac": n.mac.lower()}) for n in plain),
                    *_profile_checks(profiles, facts.nics)))


PLUGIN = Network


def _profile(name: str, text: str) -> Dict[str, Any]:
    """What a keyfile says that others must know; empty where it is no connection."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",),
                                       comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment]
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    if not parser.has_section("connection"):
        return {}
    connection = parser["connection"]
    device = next((parser.get(section, "mac-address") for section in parser.sections()
                   if parser.has_option(section, "mac-address")), "")
    families = [parser[f] for f in ("ipv4", "ipv6") if parser.has_section(f)]
    addresses, gateways = [], []
    for family in families:
        for key, value in family.items():
            if key.startswith("address") and key[7:].isdigit():
                address, _, gateway = value.replace(" ", "").partition(",")
                addresses.append(address)
                gateways += [gateway] if gateway else []
        gateways += [family["gateway"]] if family.get("gateway") else []
    return {
        "file": name, "id": connection.get("id", name), "uuid": connection.get("uuid", ""),
        "type": connection.get("type", ""), "interface": connection.get("interface-name", ""),
        "controller": connection.get("controller", connection.get("master", "")),
        "parent": parser.get("vlan", "parent", fallback=""), "mac": device.lower(),
        "methods": [family.get("method", "") for family in families],
        "addresses": addresses, "gateways": [g for g in gateways if g not in ("0.0.0.0", "::")],
        "autoconnect": connection.get("autoconnect", "true") != "false",
        "never_default": any(f.get("never-default", "false") == "true" for f in families),
    }


def _live_addresses(host: Host) -> Dict[str, List[str]]:
    """Global addresses of each interface, as the kernel has them now; empty where ip is missing."""
    try:
        links = json.loads(host.run(["ip", "-j", "address", "show", "scope", "global"]).stdout)
    except (CommandFailed, Unsupported, ValueError):
        return {}
    return {link["ifname"]: [f"{a['local']}/{a['prefixlen']}" for a in link.get("addr_info", [])
                             if a.get("local")]
            for link in links if link.get("ifname") and link.get("addr_info")}


def _used(nics: Tuple[Nic, ...], profiles: List[Dict[str, Any]]) -> List[Nic]:
    """Interfaces that a connection is for, or that a VLAN or bridge stands on."""
    names: Set[str] = set()
    macs: Set[str] = set()
    for profile in profiles:
        names.add(profile["parent"])
        if profile["type"] in PHYSICAL:
            names.add(profile["interface"])
            macs.add(profile["mac"])
    return [n for n in nics if n.name in names or (n.mac and n.mac.lower() in macs)]


def _link(nic: Nic) -> Item:
    data = (f"# Written by ng2coreos: {nic.name} keeps its name on the new system.\n"
            f"[Match]\nPermanentMACAddress={nic.mac.lower()}\n\n"
            f"[Link]\nNamePolicy=\nName={nic.name}\n").encode()
    return Item(
        f"/etc/systemd/network/10-ng2coreos-{nic.name}.link", "file", Outcome.PINNED,
        "Connections and vdsm's networks name the interface; the target might name it otherwise.",
        "network", sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
        content=base64.b64encode(data).decode())


def _profile_checks(profiles: List[Dict[str, Any]], nics: Tuple[Nic, ...]) -> List[Check]:
    checks = []
    names = {n.mac.lower(): n.name for n in nics if n.mac}
    for profile in profiles:
        device = profile["interface"] or names.get(profile["mac"], "")
        if not device or not profile["autoconnect"]:
            continue
        checks += [Check(f"address:{device}:{address}", "address", f"{device} has {address}",
                         {"interface": device, "address": address}, health=True)
                   for address in profile["addresses"]]
        if not profile["never_default"]:
            checks += [Check(f"route:{device}:{gateway}", "route",
                             f"The default route leads over {gateway}",
                             {"destination": "default", "via": gateway, "interface": device})
                       for gateway in profile["gateways"]]
    return checks
