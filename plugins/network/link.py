"""What an ifcfg file says below IP: the kind of interface, its parent, MAC address and options."""

from typing import AbstractSet, Dict, List, Pattern

from . import formats
from .bond import bond, follows_port
from .bridge import bridge, port
from .connection import connection
from .ethtool import ethtool
from .keyfile import Sections, listed
from .source import Ifcfg, Refused

KINDS = ("ethernet", "bond", "bridge", "vlan", "infiniband")
_INT = 2 ** 31 - 1
_OVS = ("ovsbridge", "ovsport", "ovsintport", "ovsbond", "ovstunnel", "ovspatchport", "ovsdpdk")
_REORDER, _GVRP, _LOOSE, _MVRP = 1, 2, 4, 8  # NM_VLAN_FLAG_*
_MAC_WORDS = ("preserve", "permanent", "random", "stable")


class Team(Refused):
    """The file is about a team device or a port of one."""


class OpenVSwitch(Refused):
    """The file is about a part of an Open vSwitch."""


def kind(cfg: Ifcfg, masters: AbstractSet[str]) -> str:
    """One of KINDS; `masters` are the interfaces that other files call the bond they belong to."""
    given = cfg.text("TYPE").lower()
    device_type = cfg.text("DEVICETYPE").lower()
    if (given.startswith("team") or device_type.startswith("team")
            or cfg.text("TEAM_CONFIG", "TEAM_MASTER", "TEAM_MASTER_UUID")):
        raise Team("teamd is gone from the target", cfg.line("TYPE") or cfg.line("DEVICETYPE"))
    if given in _OVS or device_type == "ovs":
        raise OpenVSwitch("a part of an Open vSwitch", cfg.line("TYPE"))
    device = cfg.text("DEVICE")
    if given in ("", "ethernet"):
        if cfg.flag("BONDING_MASTER", False) or cfg.text("BONDING_OPTS") or device in masters:
            return "bond"
        if cfg.flag("VLAN", False):
            return "vlan"
        if not given and not device and not cfg.text("HWADDR"):
            raise Refused("has neither TYPE nor DEVICE nor HWADDR")
        return "ethernet"
    if given not in KINDS:
        raise Refused(f"interfaces of type {cfg.text('TYPE')} are not converted", cfg.line("TYPE"))
    if given != "bond" and cfg.flag("BONDING_MASTER", False):
        raise Refused("is no bond and says BONDING_MASTER=yes", cfg.line("BONDING_MASTER"))
    return given


def link(cfg: Ifcfg, what: str, live_mac: str, counted_vfs: bool) -> Sections:
    """The sections of the keyfile but for ipv4 and ipv6.

    `live_mac` is the address that the interface has now; `counted_vfs` says that vdsm counts its
    virtual functions, so that the connection must not.
    """
    made: Sections = {"connection": connection(cfg, what)}
    wired, offload = ethtool(cfg)
    if what == "bond":
        made["bond"] = bond(cfg)
    elif what == "bridge":
        made["bridge"] = bridge(cfg)
    elif what == "vlan":
        made["vlan"] = _vlan(cfg, made["connection"]["interface-name"])
    elif what == "infiniband":
        made["infiniband"] = _infiniband(cfg)
    if what != "infiniband":
        made["ethernet"] = {**_wired(cfg, what), **wired}
    elif wired:
        cfg.note("ETHTOOL_OPTS", "an IPoIB interface has no such settings")
    if what == "bond" and follows_port(made["bond"]):
        if made["ethernet"].pop("cloned-mac-address", ""):
            cfg.note("MACADDR", "with fail_over_mac the bond has the address of its port")
    if what == "bridge" and live_mac and not cfg.text("MACADDR", "BRIDGE_MACADDR"):
        made["ethernet"]["cloned-mac-address"] = live_mac.upper()
    if what == "bond":
        pin_mac(made, live_mac)
    made["ethtool"] = offload
    if cfg.text("BRIDGE", "BRIDGE_UUID"):
        made["bridge-port"] = port(cfg)
    if made["connection"].get("slave-type") == "bond":
        made["bond-port"] = _bond_port(cfg)
    made["sriov"] = {} if counted_vfs else _sriov(cfg)
    if counted_vfs and cfg.text("SRIOV_TOTAL_VFS"):
        cfg.note("SRIOV_TOTAL_VFS", "vdsm keeps the number of virtual functions")
    made["hostname"] = _hostname(cfg)
    return made


def pin_mac(made: Sections, live_mac: str) -> None:
    """Keep the MAC address of a bond, or of a VLAN whose IP address the network gives by it."""
    follows = follows_port(made.get("bond", {}))
    if live_mac and not follows and not made["ethernet"].get("cloned-mac-address"):
        made["ethernet"]["cloned-mac-address"] = live_mac.upper()


def _wired(cfg: Ifcfg, what: str) -> Dict[str, str]:
    found = {}
    if cfg.text("HWADDR") and what == "ethernet":
        found["mac-address"] = _mac(cfg, "HWADDR")
    elif cfg.text("HWADDR"):
        cfg.note("HWADDR", "the interface is virtual: its name says which it is")
    mtu = cfg.number("MTU", 0, 65535)
    if mtu:
        found["mtu"] = str(mtu)
    clone = cfg.text("MACADDR")
    if clone:
        found["cloned-mac-address"] = clone if clone in _MAC_WORDS else _mac(cfg, "MACADDR")
    masks = _macs(cfg, "GENERATE_MAC_ADDRESS_MASK")
    if masks:
        found["generate-mac-address-mask"] = " ".join(masks)
    banned = _macs(cfg, "HWADDR_BLACKLIST")
    if banned:
        found["mac-address-blacklist"] = listed(banned)
    promiscuous = cfg.ternary("ACCEPT_ALL_MAC_ADDRESSES")
    if promiscuous is None and cfg.flag("PROMISC", False):
        promiscuous = True
    if promiscuous is not None:
        found["accept-all-mac-addresses"] = str(int(promiscuous))
    return found


def _mac(cfg: Ifcfg, key: str, form: Pattern[str] = formats.MAC) -> str:
    text = cfg.text(key).strip().replace("-", ":")
    if not form.fullmatch(text):
        raise Refused(f"{key} is no MAC address: {text}", cfg.line(key))
    return text.upper()


def _macs(cfg: Ifcfg, key: str) -> List[str]:
    words = cfg.words(key)
    if all(formats.MAC.fullmatch(word) for word in words):
        return words
    cfg.note(key, f"are no MAC addresses: {' '.join(words)}")
    return []


def _vlan(cfg: Ifcfg, name: str) -> Dict[str, str]:
    parent, number = cfg.text("PHYSDEV"), cfg.number("VLAN_ID", 0, 4095)
    base, dot, tail = name.partition(".")
    if dot and not parent and not base.startswith("vlan"):
        parent = base
    if number is None:
        digits = tail if dot else name[4:] if name.startswith("vlan") else ""
        number = int(digits) if digits.isdecimal() and int(digits) <= 4095 else None
    if number is None or not formats.INTERFACE.fullmatch(parent):
        raise Refused("says neither by its name nor otherwise which VLAN of which interface it is")
    flags = _REORDER | (_GVRP if cfg.flag("GVRP", False) else 0)
    flags |= _MVRP if cfg.flag("MVRP", False) else 0
    words = set(cfg.text("VLAN_FLAGS").replace(",", " ").split())
    flags |= _GVRP if "GVRP" in words and cfg.ternary("GVRP") is None else 0
    flags |= _LOOSE if "LOOSE_BINDING" in words else 0
    if "NO_REORDER_HDR" in words or (cfg.by_initscripts and not cfg.flag("REORDER_HDR", True)):
        flags &= ~_REORDER
    found = {"id": str(number), "parent": parent, "flags": str(flags)}
    if cfg.formed(formats.VLAN_PROTOCOL, "VLAN_PROTOCOL"):
        found["protocol"] = cfg.text("VLAN_PROTOCOL")
    for key, prop in (("VLAN_INGRESS_PRIORITY_MAP", "ingress-priority-map"),
                      ("VLAN_EGRESS_PRIORITY_MAP", "egress-priority-map")):
        pairs = [word for word in cfg.text(key).split(",") if word]
        if pairs and all(formats.PRIORITY_MAP.fullmatch(pair) for pair in pairs):
            found[prop] = listed(pairs)
        elif pairs:
            cfg.note(key, f"is no map: {cfg.text(key)}")
    return found


def _infiniband(cfg: Ifcfg) -> Dict[str, str]:
    found = {"transport-mode": "connected" if cfg.flag("CONNECTED_MODE", False) else "datagram"}
    mtu = cfg.number("MTU", 0, 65535)
    if mtu:
        found["mtu"] = str(mtu)
    if cfg.text("HWADDR"):
        found["mac-address"] = _mac(cfg, "HWADDR", formats.INFINIBAND_MAC)
    if cfg.flag("PKEY", False):
        full = 0 if cfg.text("PKEY_ID_NM") else 0x8000  # initscripts' keys are of full members
        try:
            key = int(cfg.text("PKEY_ID_NM", "PKEY_ID"), 0) | full
        except ValueError:
            key = -1
        if not 0 <= key <= 0xFFFF or not formats.INTERFACE.fullmatch(cfg.text("PHYSDEV")):
            raise Refused("says PKEY=yes without a good PKEY_ID and PHYSDEV", cfg.line("PKEY"))
        found["p-key"], found["parent"] = str(key), cfg.text("PHYSDEV")
    return found


def _bond_port(cfg: Ifcfg) -> Dict[str, str]:
    found = {}
    for name, key, low, high in (("queue-id", "BOND_PORT_QUEUE_ID", 0, 65535),
                                 ("prio", "BOND_PORT_PRIO", -_INT - 1, _INT)):
        number = cfg.number(key, low, high)
        if number is not None:
            found[name] = str(number)
    return found


def _sriov(cfg: Ifcfg) -> Dict[str, str]:
    found = {}
    total = cfg.number("SRIOV_TOTAL_VFS", 0, 2 ** 32 - 1)
    for key in cfg.keys:
        if key.startswith("SRIOV_VF") and key[8:].isdecimal() and cfg.text(key):
            if int(key[8:]) < (total or 0):
                found[f"vf.{int(key[8:])}"] = cfg.text(key)
            else:
                cfg.note(key, "there are not so many virtual functions")
    probe = cfg.number("SRIOV_AUTOPROBE_DRIVERS", -1, 1)
    if total is not None:
        found["total-vfs"] = str(total)
    if probe is not None:
        found["autoprobe-drivers"] = str(probe)
    return found


def _hostname(cfg: Ifcfg) -> Dict[str, str]:
    found = {}
    priority = cfg.number("HOSTNAME_PRIORITY", -_INT - 1, _INT)
    if priority is not None:
        found["priority"] = str(priority)
    for name, key in (("from-dhcp", "HOSTNAME_FROM_DHCP"),
                      ("from-dns-lookup", "HOSTNAME_FROM_DNS_LOOKUP"),
                      ("only-from-default", "HOSTNAME_ONLY_FROM_DEFAULT")):
        value = cfg.ternary(key)
        if value is not None:
            found[name] = str(int(value))
    return found
