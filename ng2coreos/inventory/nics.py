"""The physical network interfaces with their permanent MAC addresses."""

import os
import re
from typing import Dict, Optional, Tuple

from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.inventory.devices import Devices
from ng2coreos.model.facts import Nic

_CLASS = "/sys/class/net"
_ETHERNET, _INFINIBAND = "1", "32"  # ARPHRD_*, linux/if_arp.h
_PERMANENT = "0"  # NET_ADDR_PERM, linux/netdevice.h: nobody has changed the address
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5,19}")


def read(host: Host, devices: Devices) -> Tuple[Nic, ...]:
    """Interfaces with hardware behind them, virtual functions of a NIC left out, sorted by name."""
    known = devices.nics()
    names = host.names(_CLASS) if known is None else sorted(known)
    return tuple(Nic(name=name, mac=_permanent(host, name),
                     driver=(known or {}).get(name) or _driver(host, name))
                 for name in names if _physical(host, name))


def _physical(host: Host, name: str) -> bool:
    return (_attribute(host, name, "type") in (_ETHERNET, _INFINIBAND)
            and host.exists(f"{_CLASS}/{name}/device")
            and host.lstat(f"{_CLASS}/{name}/device/physfn") is None)


def _permanent(host: Host, name: str) -> str:
    """The address that the hardware came with; a bond or an admin may have put another there.

    Asked in turn: the bond's own record, the kernel's word that the address is unchanged, the
    driver (ethtool), the bonds' tables; the present address if nobody knows.
    """
    present = _mac(_attribute(host, name, "address"))
    if _attribute(host, name, "addr_assign_type") == _PERMANENT and not _enslaved(host, name):
        return present
    return (_mac(_attribute(host, name, "bonding_slave/perm_hwaddr")) or _ethtool(host, name)
            or _bond_table(host).get(name, "") or present)


def _enslaved(host: Host, name: str) -> bool:
    return host.exists(f"{_CLASS}/{name}/bonding_slave")


def _ethtool(host: Host, name: str) -> str:
    try:
        output = host.run(["ethtool", "--show-permaddr", name]).stdout
    except (Unsupported, CommandFailed):
        return ""  # not installed, or the driver does not know
    return _mac(output.strip().rpartition(" ")[2])


def _bond_table(host: Host) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for bond in host.names("/proc/net/bonding"):
        slave: Optional[str] = None
        for line in host.read_text(f"/proc/net/bonding/{bond}", default="").splitlines():
            key, _, value = line.partition(": ")
            if key == "Slave Interface":
                slave = value.strip()
            elif key == "Permanent HW addr" and slave:
                found[slave] = _mac(value)
    return found


def _attribute(host: Host, name: str, attribute: str) -> str:
    try:
        return host.read_text(f"{_CLASS}/{name}/{attribute}", default="").strip()
    except (OSError, BadInput):  # some attributes answer EINVAL while the link is down
        return ""


def _driver(host: Host, name: str) -> str:
    link = f"{_CLASS}/{name}/device/driver"
    return os.path.basename(str(host.follow(link))) if host.lstat(link) is not None else ""


def _mac(text: str) -> str:
    """`text` as a MAC address in lower case, or nothing if it is none or all zero."""
    mac = text.strip().lower()
    return mac if _MAC.fullmatch(mac) and set(mac) != {"0", ":"} else ""
