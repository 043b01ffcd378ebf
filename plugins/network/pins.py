"""MAC addresses that a bond or bridge only happens to have: its keyfile is told to keep them.

A bond takes the address of the port that comes first, and another may come first on the new
system; a bridge takes one of those of its ports.  DHCP reservations and the port security of a
switch know the address that was there on NG.  Only one that belongs to a card below is pinned: any
other was set by somebody, who will set it again.
"""

import re
from typing import Any, Dict, List, Mapping, Sequence, Set

from ng2coreos.model.facts import Nic
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.plan.written import written

from .bond import follows_port, named
from .keyfile import DIRECTORY, Sections, plain_type, sections_of

Wanted = Mapping[str, Mapping[str, str]]  # section -> key -> value
_WIRED = ("ethernet", "802-3-ethernet")
_FAMILIES = ("ipv4", "ipv6")
_HEAD = re.compile(r"\s*\[([^\]]*)\]\s*")
# No property of these is a secret to NetworkManager; a file with any other is carried as it is
_OPEN = frozenset((
    "connection", *_WIRED, "bond", "bond-port", "bridge", "bridge-port", "vlan", "ovs-interface",
    "ipv4", "ipv6", "ethtool", "link", "sriov", "match", "hostname", "dcb", "tc", "proxy",
    ".nmmeta"))


def is_open(sections: Mapping[str, Any]) -> bool:
    """May the file stand in a plan?"""
    return not sections.keys() - _OPEN


def pinned_macs(plain: Mapping[str, str], nics: Sequence[Nic],
                live: Mapping[str, Mapping[str, Any]]) -> Dict[str, str]:
    """The address to pin, by the file of each bond and bridge in `plain` that says none."""
    cards = {n.name: n.mac.lower() for n in nics if n.mac}
    found = {}
    for file, text in sorted(plain.items()):
        sections = sections_of(text)
        device = sections.get("connection", {}).get("interface-name", "")
        mac = str(live.get(device, {}).get("mac", ""))
        if mac and _is_free(sections) and mac in {
                cards[name] for name in _below(device, live) if name in cards}:
            found[file] = mac
    return found


def pinned(file: str, text: str, mac: str, more: Wanted) -> Item:
    """The keyfile with the address, where there is one, and `more`; otherwise as it is."""
    wired = {"ethernet": {"cloned-mac-address": mac.upper()}} if mac else {}
    reasons = (["It keeps the MAC address that it has on NG, whichever port comes first."]
               if mac else []) + (
        ["DHCP servers know it by what dhclient sent on NG."] if more else [])
    return written(f"{DIRECTORY}/{file}", with_keys(text, {**wired, **more}), " ".join(reasons),
                   "network", source=f"{DIRECTORY}/{file}", mode=0o600, outcome=Outcome.PINNED)


def mac_checks(macs: Mapping[str, str], plain: Mapping[str, str]) -> List[Check]:
    """Each of them has it on the new system."""
    devices = {sections_of(plain[file])["connection"]["interface-name"]: mac
               for file, mac in macs.items()}
    return [Check(f"mac:{device}", "link-mac", f"{device} has the MAC address that it had on NG",
                  {"interface": device, "mac": mac}) for device, mac in sorted(devices.items())]


def with_keys(text: str, wanted: Wanted) -> str:
    """`text` with these keys set, each once; every other line stays as it is."""
    left: Dict[str, Dict[str, str]] = {name: dict(keys) for name, keys in wanted.items()}
    section, lines = "", []
    for line in text.splitlines():
        head = _HEAD.fullmatch(line)
        if head:
            section = plain_type(head.group(1))
            lines += [line, *_lines(left.pop(section, {}))]
        elif line.partition("=")[0].strip() not in wanted.get(section, {}):
            lines.append(line)
    for name, keys in left.items():
        # without a section the method is auto, and a section must say one
        method = {"method": "auto"} if name in _FAMILIES else {}
        lines += ["", f"[{name}]", *_lines({**method, **keys})]
    return "".join(f"{line}\n" for line in lines)


def _lines(keys: Mapping[str, str]) -> List[str]:
    return [f"{key}={value}" for key, value in keys.items()]


def _is_free(sections: Sections) -> bool:
    """Is it a bond or bridge whose address nobody sets, and whose driver would take one?"""
    kind = sections.get("connection", {}).get("type", "")
    if kind not in ("bond", "bridge") or sections.get("bridge", {}).get("mac-address"):
        return False
    if any(sections.get(name, {}).get("cloned-mac-address") for name in _WIRED):
        return False
    return not follows_port(named(sections.get("bond", {})))


def _below(device: str, live: Mapping[str, Mapping[str, Any]]) -> Set[str]:
    """Every interface that stands below `device`, at any depth."""
    found: Set[str] = set()
    ahead = [device]
    while ahead:
        more = set(live.get(ahead.pop(), {}).get("lower", ())) - found
        found |= more
        ahead += sorted(more)
    return found
