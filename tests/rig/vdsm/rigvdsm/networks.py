"""vdsm's persisted networks, and whether the kernel's links are what they say."""

import ipaddress
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from .identity import Broken

MANAGEMENT = "ovirtmgmt"
_BOND_MODES = (
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
)

Config = Dict[str, Dict[str, Any]]
Link = Dict[str, Any]


@dataclass(frozen=True)
class Netconf:
    """The safe configuration that vdsm restores at boot."""

    nets: Config
    bonds: Config

    @staticmethod
    def read(root: Path) -> "Netconf":
        """From /var/lib/vdsm/persistence/netconf, which vdsm makes an absolute link."""
        top = root / "var/lib/vdsm/persistence/netconf"
        if top.is_symlink():
            target = os.readlink(top)
            top = root / target.lstrip("/") if target.startswith("/") else top.parent / target
        return Netconf(_read_directory(top / "nets"), _read_directory(top / "bonds"))


def live_links() -> List[Link]:
    """The kernel's links with their addresses, as `ip` reports them to any user."""
    done = subprocess.run(
        ["ip", "-json", "-details", "address", "show"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    links: List[Link] = json.loads(done.stdout)
    return links


def disagreements(wanted: Netconf, links: List[Link]) -> List[str]:
    """Each difference between the persisted networks and the links; none on a whole host."""
    live = {link["ifname"]: link for link in links if "ifname" in link}
    found: List[str] = []
    if MANAGEMENT not in wanted.nets:
        found.append(f"network {MANAGEMENT} is not persisted")
    for name, bond in sorted(wanted.bonds.items()):
        found += _bond(name, bond, live)
    for name, net in sorted(wanted.nets.items()):
        found += (f"network {name}: {text}" for text in _network(name, net, live, wanted.bonds))
    return found


def management_address(wanted: Netconf, links: List[Link]) -> str:
    """The address that serves: the persisted one, or the live one of a DHCP network."""
    net = wanted.nets[MANAGEMENT]
    if net.get("ipaddr"):
        return str(net["ipaddr"])
    for link in links:
        if link.get("ifname") == _top_device(MANAGEMENT, net):
            for address in _addresses(link):
                return str(address.ip)
    raise Broken(f"network {MANAGEMENT}: no address")


def _read_directory(directory: Path) -> Config:
    entries: Config = {}
    if not directory.is_dir():
        return entries
    for path in sorted(directory.iterdir()):
        try:
            value = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise Broken(f"{path} is not readable JSON: {error}") from error
        if not isinstance(value, dict):
            raise Broken(f"{path} is not a JSON object")
        entries[path.name] = value
    return entries


def _bond(name: str, bond: Dict[str, Any], live: Dict[str, Link]) -> Iterator[str]:
    link = live.get(name)
    if link is None or _kind(link) != "bond":
        yield f"bond {name}: no such bond"
        return
    members = sorted(other for other, value in live.items() if value.get("master") == name)
    if members != sorted(bond.get("nics", ())):
        yield f"bond {name}: members are {members}, not {sorted(bond.get('nics', ()))}"
    for option in str(bond.get("options", "")).split():
        key, _, value = option.partition("=")
        mode = _BOND_MODES[int(value)] if key == "mode" and value.isdigit() else value
        if key == "mode" and link["linkinfo"].get("info_data", {}).get("mode") != mode:
            yield f"bond {name}: mode is not {mode}"


def _network(name: str, net: Dict[str, Any], live: Dict[str, Link], bonds: Config) -> Iterator[str]:
    base: Optional[str] = net.get("bonding") or net.get("nic")
    device = base
    if net.get("bonding") and base not in bonds:
        yield f"bond {base} is not persisted"
    if base and base not in live:
        yield f"{base} is missing"
        return
    if base and "vlan" in net:
        device = f"{base}.{net['vlan']}"
        vlan = live.get(device)
        if vlan is None or _kind(vlan) != "vlan":
            yield f"VLAN device {device} is missing"
            return
        if vlan.get("link") != base or vlan["linkinfo"].get("info_data", {}).get("id") != int(
            net["vlan"]
        ):
            yield f"{device} is not VLAN {net['vlan']} on {base}"
    top = live.get(_top_device(name, net))
    if top is None:
        yield f"{_top_device(name, net)} is missing"
        return
    if net.get("bridged", True):
        if _kind(top) != "bridge":
            yield f"{name} is not a bridge"
        if device and live[device].get("master") != name:
            yield f"{device} is not a port of the bridge"
    if "mtu" in net and top.get("mtu") != net["mtu"]:
        yield f"MTU is {top.get('mtu')}, not {net['mtu']}"
    if "UP" not in top.get("flags", ()):
        yield f"{top['ifname']} is down"
    yield from _address(net, top)


def _address(net: Dict[str, Any], top: Link) -> Iterator[str]:
    have = _addresses(top)
    if net.get("ipaddr"):
        wanted = ipaddress.ip_interface(f"{net['ipaddr']}/{net.get('netmask', 32)}")
        if wanted not in have:
            yield f"address {wanted} is not on {top['ifname']}"
    elif net.get("bootproto") == "dhcp" and not have:
        yield f"{top['ifname']} has no address by DHCP"


def _top_device(name: str, net: Dict[str, Any]) -> str:
    """The device that carries the network's address."""
    if net.get("bridged", True):
        return name
    base = net.get("bonding") or net.get("nic")
    return f"{base}.{net['vlan']}" if "vlan" in net else str(base)


def _addresses(link: Link) -> List[Any]:
    return [
        ipaddress.ip_interface(f"{entry['local']}/{entry['prefixlen']}")
        for entry in link.get("addr_info", ())
        if entry.get("family") == "inet"
    ]


def _kind(link: Link) -> Optional[str]:
    kind: Optional[str] = link.get("linkinfo", {}).get("info_kind")
    return kind
