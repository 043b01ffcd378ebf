"""What a DHCP server knows a connection by, where NG's NetworkManager had dhclient do the asking.

The target's NetworkManager asks by itself and reads neither dhclient's settings nor its leases
(NetworkManager: src/core/dhcp/nm-dhcp-dhclient.c), so the keyfile has to say what dhclient sent: an
identifier of dhclient.conf, else the MAC address, which is all that the server saw; for IPv6 the
DUID of its lease file, and the last bytes of the MAC address as IAID (isc-dhcp: client/dhc6.c),
where NetworkManager would take a hash of the interface's name.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Sequence

from .daemon import asked_by_dhclient, has_default
from .keyfile import DIRECTORY, plain_type

LEASES = ("/var/lib/NetworkManager", "/var/lib/dhclient")
_SHARED = f"{LEASES[1]}/dhclient6.leases"
_MAC = "mac"
_WITH_MAC = ("ethernet", "bond", "bridge", "vlan", "ovs-interface")

Keys = Dict[str, Dict[str, str]]


@dataclass
class Kept:
    """By keyfile the keys that it lacks, and what cannot be put into one."""

    wanted: Dict[str, Keys] = field(default_factory=dict)
    left: List[str] = field(default_factory=list)


def identities(mine: Mapping[str, Any], stored: Sequence[Mapping[str, Any]],
               names: Mapping[str, str]) -> Kept:
    """What the keyfiles must say besides; `names` are interfaces by MAC address."""
    made = Kept()
    said = mine.get("daemon", {})
    for one in stored:
        device = one["interface"] or names.get(one["mac"], "")
        if not device or plain_type(one["type"]) not in _WITH_MAC or not (
                asked_by_dhclient(said, mine.get("leases", ()), one["uuid"], device)):
            continue
        keys = {section: keys for section, keys in (
            ("ipv4", _ipv4(mine, one, device)), ("ipv6", _ipv6(mine, one, device))) if keys}
        if one["file"] in mine.get("plain", {}):
            if keys:
                made.wanted[one["file"]] = keys
        else:
            # the MAC address is what the target sends anyway
            made.left += [f"{DIRECTORY}/{one['file']}: {section}.{key}={value}"
                          for section, some in keys.items() for key, value in some.items()
                          if (key, value) != ("dhcp-client-id", _MAC)]
    return made


def _ipv4(mine: Mapping[str, Any], one: Mapping[str, Any], device: str) -> Dict[str, str]:
    if 4 not in one.get("asks", ()) or one.get("client_id") or (
            has_default(mine.get("daemon", {}), "ipv4.dhcp-client-id")):
        return {}
    told = mine.get("client_ids", {})
    return {"dhcp-client-id": told.get(device) or told.get("") or _MAC}


def _ipv6(mine: Mapping[str, Any], one: Mapping[str, Any], device: str) -> Dict[str, str]:
    if 6 not in one.get("asks", ()) or one.get("duid") not in (None, "", "lease") or (
            has_default(mine.get("daemon", {}), "ipv6.dhcp-duid")):
        return {}
    duids = mine.get("duids", {})
    places = [f"{top}/dhclient6-{one['uuid']}-{device}.lease" for top in LEASES]
    duid = next((duids[place] for place in (*places, _SHARED) if place in duids), "")
    if not duid:
        return {}
    return {"dhcp-duid": duid, **({} if one.get("iaid") else {"dhcp-iaid": _MAC})}
