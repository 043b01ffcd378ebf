"""vdsm's persisted networks against the connections: vdsm rebuilds what differs, at the boot."""

import ipaddress
from typing import AbstractSet, Any, Dict, List, Mapping, Optional, Sequence, Tuple

Persisted = Mapping[str, Mapping[str, Mapping[str, Any]]]
Profile = Mapping[str, Any]

_DEFAULT_MTU = 1500
_FROM_OUTSIDE = "auto"
_OWN_PROPERTIES = ("bridge_opts", "default_route")  # vdsm heeds them by itself
_HOOKS = {"ethtool_opts": "vdsm-hook-ethtool-options", "fcoe": "vdsm-hook-fcoe",
          "ipv4_addrs": "vdsm-hook-extra-ipv4-addrs"}


def disagreements(persisted: Persisted, profiles: Sequence[Profile],
                  nics: Mapping[str, str]) -> List[str]:
    """Where the connections do not describe what vdsm will restore; `nics` are names by MAC."""
    by_device: Dict[str, Profile] = {p["interface"] or nics.get(p["mac"], ""): p for p in profiles}
    wrong = []
    for name, bond in sorted(persisted["bonds"].items()):
        if bond.get("switch", "legacy") != "legacy":
            continue
        if name not in by_device:
            wrong.append(f"bond {name}: no connection")
        kept = by_device.get(name, {}).get("cloned_mac", "")
        if kept and str(bond.get("hwaddr") or kept).lower() != kept:
            wrong.append(f"bond {name}: the MAC address of its connection is {kept}, not "
                         f"{str(bond['hwaddr']).lower()}")
        wrong += [f"bond {name}: {nic} is no port of it" for nic in bond.get("nics", ())
                  if by_device.get(nic, {}).get("controller") not in _names(by_device, name)]
    for name, net in sorted(persisted["nets"].items()):
        if net.get("switch", "legacy") == "legacy":  # the other: nmstate writes it from the JSON
            wrong += _network(name, net, by_device)
    return wrong


def switches(persisted: Persisted) -> List[str]:
    """The networks that stand on an Open vSwitch."""
    return sorted(name for name, net in persisted["nets"].items()
                  if net.get("switch", "legacy") == "ovs")


def virtual_functions(persisted: Persisted) -> Dict[str, int]:
    """How many virtual functions vdsm gives to which card."""
    found = {}
    for name, device in sorted(persisted["devices"].items()):
        count = (device.get("sriov") or {}).get("numvfs")
        if isinstance(count, int) and not isinstance(count, bool):
            found[name] = count
    return found


def hook_properties(persisted: Persisted, packages: AbstractSet[str]) -> List[str]:
    """Properties of networks for which the target lacks vdsm's hook."""
    return [f"network {name}: {key}={value} needs {_HOOKS.get(key, 'a hook of the admin')}"
            for name, net in sorted(persisted["nets"].items())
            for key, value in sorted((net.get("custom") or {}).items())
            if key not in _OWN_PROPERTIES and _HOOKS.get(key) not in packages]


def _network(name: str, net: Mapping[str, Any], by_device: Mapping[str, Profile]) -> List[str]:
    base = net.get("bonding") or net.get("nic") or ""
    device = f"{base}.{net['vlan']}" if base and "vlan" in net else base
    bridged = net.get("bridged", True)
    top = name if bridged else device
    wrong = [f"network {name}: no connection for {dev}"
             for dev in sorted({device, top} - {""}) if dev not in by_device]
    port = by_device.get(device)
    if bridged and port and name in by_device and port["controller"] not in _names(by_device, name):
        wrong.append(f"network {name}: {device} is no port of the bridge")
    if port and "vlan" in net and (port.get("parent") not in ("", *_names(by_device, base))
                                   or port.get("vlan", "") not in ("", str(net["vlan"]))):
        wrong.append(f"network {name}: {device} is another VLAN")
    return wrong + _addressing(name, net, by_device.get(top))


def _addressing(name: str, net: Mapping[str, Any], profile: Optional[Profile]) -> List[str]:
    if profile is None:
        return []
    wrong = []
    if net.get("bootproto") == "dhcp" and _FROM_OUTSIDE not in profile["methods"][:1]:
        wrong.append(f"network {name}: its connection does not ask for an address by DHCP")
    given = [f"{net['ipaddr']}/{net.get('netmask') or 32}"] if net.get("ipaddr") else []
    given += [str(net["ipv6addr"])] if net.get("ipv6addr") else []
    known = [ipaddress.ip_interface(a) for a in profile["addresses"]]
    for text in given:
        try:
            wanted = ipaddress.ip_interface(text)
        except ValueError:
            wrong.append(f"network {name}: {text} is no address")
        else:
            if wanted not in known:
                wrong.append(f"network {name}: {wanted} is not an address of its connection")
    mtu, own = str(net.get("mtu") or _DEFAULT_MTU), profile.get("mtu") or ""
    if own and own != mtu:
        wrong.append(f"network {name}: the MTU of its connection is {own}, not {mtu}")
    return wrong


def _names(by_device: Mapping[str, Profile], device: str) -> Tuple[str, ...]:
    """What a port may call its controller: the interface or the connection's UUID."""
    return (device, str(by_device.get(device, {}).get("uuid", device)))
