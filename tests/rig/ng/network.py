"""ovirtmgmt as vdsm persists it and NetworkManager makes it: bridge, VLAN, bond of two NICs."""

import json
import os
import uuid
from pathlib import Path

from .names import ADDRESS, BOOT_UUID, GATEWAY, NIC_MACS, VLAN

NICS = ("enp0s1", "enp0s2")  # as udev names them where tests.rig.guest puts them
_NETCONF = Path("var/lib/vdsm/persistence/netconf")
_BOND_OPTIONS = "mode=1 miimon=100"


def install(host: Path) -> None:
    """Write both, for the same network."""
    _vdsm(host)
    connections = host / "etc/NetworkManager/system-connections"
    connections.mkdir(parents=True, exist_ok=True)
    for name, text in _keyfiles().items():
        path = connections / f"{name}.nmconnection"
        path.write_text(text, "ascii")
        path.chmod(0o600)


def _vdsm(host: Path) -> None:
    """What vdsm's setSafeNetworkConfig leaves: a directory below a link, one JSON file each."""
    real = host / f"{_NETCONF}.Ab3dE9xQ"
    link = host / _NETCONF
    link.parent.mkdir(parents=True, exist_ok=True)
    net = {
        "bonding": "bond0",
        "vlan": VLAN,
        "bridged": True,
        "mtu": 1500,
        "ipaddr": ADDRESS,
        "netmask": "255.255.255.0",
        "gateway": GATEWAY,
        "bootproto": "none",
        "dhcpv6": False,
        "ipv6autoconf": False,
        "defaultRoute": True,
        "stp": False,
        "switch": "legacy",
        "nameservers": ["192.0.2.53"],
    }
    bond = {"nics": list(NICS), "options": _BOND_OPTIONS, "switch": "legacy"}
    for name, value in (("nets/ovirtmgmt", net), ("bonds/bond0", bond)):
        path = real / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(value, indent=4), "ascii")
    (real / "devices").mkdir()
    link.symlink_to(f"/{_NETCONF}.Ab3dE9xQ")
    for parent, directories, files in os.walk(link.parent):
        for entry in ("", *directories, *files):
            os.chown(os.path.join(parent, entry), 36, 36, follow_symlinks=False)


def _keyfiles() -> "dict[str, str]":
    """NetworkManager's profiles; the NICs are found by their permanent address, not by name."""
    ignore = "\n[ipv4]\nmethod=disabled\n\n[ipv6]\nmethod=disabled\n"
    files = {
        "bond0": f"{_head('bond0', 'bond')}\n[bond]\nmiimon=100\nmode=active-backup\n{ignore}",
        "bond0.100": f"{_head('bond0.100', 'vlan', 'ovirtmgmt', 'bridge')}\n"
        f"[vlan]\nflags=1\nid={VLAN}\nparent=bond0\n",
        "ovirtmgmt": f"{_head('ovirtmgmt', 'bridge')}\n[bridge]\nstp=false\n\n"
        f"[ipv4]\naddress1={ADDRESS}/24,{GATEWAY}\ndns=192.0.2.53;\nmethod=manual\n\n"
        "[ipv6]\nmethod=disabled\n",
    }
    for name, mac in zip(NICS, NIC_MACS):
        files[name] = (
            f"{_head(name, 'ethernet', 'bond0', 'bond', device=False)}\n"
            f"[ethernet]\nmac-address={mac}\n"
        )
    return files


def _head(name: str, kind: str, master: str = "", port: str = "", device: bool = True) -> str:
    lines = [
        "[connection]",
        f"id={name}",
        f"uuid={uuid.uuid5(uuid.UUID(BOOT_UUID), f'nm {name}')}",
        f"type={kind}",
    ]
    if device:
        lines.append(f"interface-name={name}")
    if master:
        lines += [f"master={master}", f"slave-type={port}"]
    return "\n".join([*lines, ""])
