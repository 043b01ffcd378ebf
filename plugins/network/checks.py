"""How the new system proves its network: addresses, routes, what stands on what, how it is cut."""

import ipaddress
from typing import Any, List, Mapping, Sequence, Tuple

from ng2coreos.model.facts import Nic
from ng2coreos.model.item import Check

Live = Mapping[str, Mapping[str, Any]]  # by interface, as reading.py found it


def missing_addresses(profiles: Sequence[Mapping[str, Any]], nics: Sequence[Nic],
                      live: Mapping[str, Sequence[str]]) -> List[Tuple[str, str]]:
    """Interface and address of what is stored but not in force on NG; none where nobody knows."""
    names = {n.mac.lower(): n.name for n in nics if n.mac}
    return [(device, address) for p in profiles if live and p["autoconnect"]
            for device in [p["interface"] or names.get(p["mac"], "")] if device
            for address in p["addresses"] if not _has(live.get(device, ()), address)
            and not ipaddress.ip_interface(address).is_link_local]  # nobody listed these


def profile_checks(profiles: Sequence[Mapping[str, Any]], nics: Sequence[Nic],
                   missing: Sequence[Tuple[str, str]]) -> List[Check]:
    """Addresses (of health) and default routes of the connections that come up by themselves.

    What NG lacks too (`missing`: a cable may be out) is not asked of the new system.
    """
    checks = []
    names = {n.mac.lower(): n.name for n in nics if n.mac}
    for profile in profiles:
        device = profile["interface"] or names.get(profile["mac"], "")
        if not device or not profile["autoconnect"]:
            continue
        checks += [Check(f"address:{device}:{address}", "address", f"{device} has {address}",
                         {"interface": device, "address": address}, health=True)
                   for address in profile["addresses"] if (device, address) not in missing]
        down = profile["addresses"] and all((device, a) in missing for a in profile["addresses"])
        if not profile["never_default"] and not down:
            checks += [Check(f"route:{device}:{gateway}", "route",
                             f"The default route leads over {gateway}",
                             {"destination": "default", "via": gateway, "interface": device})
                       for gateway in profile["gateways"]]
    return checks


def dynamic_checks(profiles: Sequence[Mapping[str, Any]], nics: Sequence[Nic],
                   dynamic: Mapping[str, Sequence[str]]) -> List[Check]:
    """What came from DHCP or a router on NG comes again on the interfaces of the connections.

    It may be another address, since their servers decide; and no health hangs on them.
    """
    names = {n.mac.lower(): n.name for n in nics if n.mac}
    devices = {p["interface"] or names.get(p["mac"], "") for p in profiles if p["autoconnect"]}
    return [Check(f"dynamic-address:{device}:{address}", "dynamic-address",
                  f"{device} gets an address from outside, as {address} on NG",
                  {"interface": device, "address": address})
            for device in sorted(devices) for address in sorted(set(dynamic.get(device, ())))]


def structure_checks(profiles: Sequence[Mapping[str, Any]], nics: Sequence[Nic],
                     live: Live) -> List[Check]:
    """Interfaces belong to their bond or bridge and have their MTU, as connections say and NG has.
    """
    names = {n.mac.lower(): n.name for n in nics if n.mac}
    by_uuid = {p["uuid"]: p["interface"] for p in profiles if p["uuid"]}
    checks = []
    for profile in profiles:
        device = profile["interface"] or names.get(profile["mac"], "")
        now = live.get(device, {})
        asked = {"controller": by_uuid.get(profile["controller"], profile["controller"]),
                 "mtu": int(profile.get("mtu") or 0)}
        wanted = {key: value for key, value in asked.items() if value and value == now.get(key)}
        if device and profile["autoconnect"] and wanted and _is_linux(profile["type"]):
            checks.append(Check(f"link:{device}", "link", _title(device, wanted),
                                {"interface": device, **wanted}))
    return checks


def count_checks(counts: Mapping[str, int], live: Live) -> List[Check]:
    """Each card has as many virtual functions as vdsm gave it, where it has them on NG."""
    return [Check(f"vfs:{name}", "virtual-functions", f"{name} has {count} virtual functions",
                  {"interface": name, "count": count}) for name, count in sorted(counts.items())
            if live.get(name, {}).get("vfs") == count]


def _has(addresses: Sequence[str], wanted: str) -> bool:
    return any(ipaddress.ip_interface(a) == ipaddress.ip_interface(wanted) for a in addresses)


def _is_linux(kind: str) -> bool:
    """Is it an interface that the kernel knows (parts of an Open vSwitch are none)?"""
    return not kind.startswith("ovs-")


def _title(device: str, wanted: Mapping[str, Any]) -> str:
    parts = [f"belongs to {wanted['controller']}"] if "controller" in wanted else []
    parts += [f"has an MTU of {wanted['mtu']}"] if "mtu" in wanted else []
    return f"{device} {' and '.join(parts)}"
