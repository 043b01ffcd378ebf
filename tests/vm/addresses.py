"""Connections that get their addresses from outside, and what the host has of them.

Two VLANs on the bond: one with NetworkManager's own ways to show who the host is, one with the
other ways.  Between them the addresses hang on the machine's id, NetworkManager's secret key, the
connection's UUID, and the bond's name and MAC address.
"""

import re
import time
from typing import Dict, List

from tests.rig.dhcp import Router

from .scene import Scene

ROUTERS = {200: ("198.51.100.0/24", "2001:db8:200::/64"),
           201: ("203.0.113.0/24", "2001:db8:201::/64")}
_OTHERWISE = {201: "ipv4.dhcp-client-id stable ipv6.dhcp-duid stable-uuid "
                   "ipv6.addr-gen-mode eui64"}
# The default route stays ovirtmgmt's; NG's NetworkManager has but one IPv6 route for one metric
_METRICS = {200: 900, 201: 901}
# An IPv4 address, a SLAAC address, one by DHCPv6, the link's own; their networks, two defaults
_EACH = {".ADDRESS:": 4, ".ROUTE:": 5}
_LINK_ROUTE = "dst = fe80::/64"  # newer NetworkManager leaves its metric to the kernel
_DEADLINE_S = 600.0  # under emulation, on a noisy machine

Held = Dict[str, List[str]]


def routers() -> Dict[int, Router]:
    """The stations for the switch."""
    return {vlan: Router(*networks) for vlan, networks in ROUTERS.items()}


def asking(vlan: int) -> str:
    """The settings of the connection of a VLAN, as nmcli wants them."""
    return (f"ipv4.method auto ipv4.route-metric {_METRICS[vlan]} "
            f"ipv6.method auto ipv6.route-metric {_METRICS[vlan]} {_OTHERWISE.get(vlan, '')}")


def question(device: str) -> str:
    """The command that says what NetworkManager has on a device, for `answer`."""
    fields = "GENERAL.CONNECTION,IP4.ADDRESS,IP4.ROUTE,IP6.ADDRESS,IP6.ROUTE"
    return f"nmcli -t -e no -f {fields} device show {device}"


def answer(text: str) -> List[str]:
    """Its lines, in an order of their own."""
    return sorted(re.sub(r"\[\d+\]", "", line) for line in text.splitlines()
                  if _LINK_ROUTE not in line)


def is_complete(held: Held) -> bool:
    """Has each device all of its addresses and routes?"""
    return all(sum(kind in line for line in lines) >= count
               for lines in held.values() for kind, count in _EACH.items())


def ask(scene: Scene) -> None:
    """Add the connections on NG, as an admin does."""
    for vlan in ROUTERS:
        scene.guest.ssh(f"nmcli connection add type vlan con-name outside{vlan} "
                        f"ifname bond0.{vlan} dev bond0 id {vlan} {asking(vlan)}")


def held(scene: Scene) -> Held:
    """What NetworkManager has on each of the VLANs, once it has all of its addresses."""
    limit = time.monotonic() + _DEADLINE_S
    while True:
        found = {device: answer(scene.guest.ssh(question(device), check=False).stdout)
                 for device in (f"bond0.{vlan}" for vlan in ROUTERS)}
        if is_complete(found):
            return found
        assert time.monotonic() < limit, found
        time.sleep(2)


def clients(scene: Scene) -> Dict[int, List[object]]:
    """Each client that the routers ever knew, in any boot."""
    found: Dict[int, List[object]] = {}
    for vlan, station in scene.switch.stations.items():
        assert isinstance(station, Router)
        found[vlan] = [*station.leases.items(), *station.leases6.items()]
    return found
