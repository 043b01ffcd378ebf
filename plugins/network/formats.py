"""Forms of values that NetworkManager insists on: for a bad one it refuses the connection."""

import ipaddress
import re

_HOST = r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_VLAN = r"([1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4])"
_VLANS = rf"\s*{_VLAN}(-{_VLAN})?(\s+(pvid|untagged))*\s*"

ANYTHING = re.compile(r".+", re.DOTALL)
MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
INFINIBAND_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19}")
URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[!-~]*)?")
USER = re.compile(r"[A-Za-z0-9_.@-]+")
FQDN = re.compile(rf"{_HOST}(\.{_HOST})+\.?")
HOST = re.compile(rf"{_HOST}(\.{_HOST})*\.?")
CLIENT_ID = re.compile(r"[ -~]{2,}|[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2})+")
IAID = re.compile(r"mac|perm-mac|ifname|stable|[0-9]{1,9}|0x[0-9A-Fa-f]{1,8}")
DUID = re.compile(r"lease|llt|ll|stable-llt|stable-ll|stable-uuid|"
                  r"[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2}){2,129}")
BRIDGE_VLANS = re.compile(rf"{_VLANS}(,{_VLANS})*")
PRIORITY_MAP = re.compile(r"[0-7]:[0-9]{1,9}")
VLAN_PROTOCOL = re.compile(r"802\.1Q|802\.1ad", re.IGNORECASE)
UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
INTERFACE = re.compile(r"(?!\.{1,2}$)[^/:%\s]{1,15}")


def is_network(text: str, *versions: int) -> bool:
    """Is it an address (of one of the IP versions), with or without a prefix length?"""
    try:
        return ipaddress.ip_interface(text).version in (versions or (4, 6))
    except ValueError:
        return False


def is_token(text: str) -> bool:
    """Is it an IPv6 interface identifier: an address of which only the lower half is set?"""
    try:
        return 0 < int(ipaddress.IPv6Address(text)) < 2 ** 64
    except ValueError:
        return False
