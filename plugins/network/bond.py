"""BONDING_OPTS: the bonding driver's options as NetworkManager wants them."""

import ipaddress
from typing import Dict, List, Mapping, Tuple

from .source import Ifcfg

MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb",
         "balance-alb")

# Values by number, as the driver and the engine have them.
_NAMES: Dict[str, Tuple[str, ...]] = {
    "mode": MODES,
    "ad_select": ("stable", "bandwidth", "count"),
    "arp_all_targets": ("any", "all"),
    "arp_validate": ("none", "active", "backup", "all", "filter", "filter_active",
                     "filter_backup"),
    "fail_over_mac": ("none", "active", "follow"),
    "lacp_active": ("off", "on"),
    "lacp_rate": ("slow", "fast"),
    "primary_reselect": ("always", "better", "failure"),
    "xmit_hash_policy": ("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"),
}
_MAX = 2 ** 31 - 1
_NUMBERS = {
    "ad_actor_sys_prio": (1, 65535), "ad_user_port_key": (0, 1023), "all_slaves_active": (0, 1),
    "arp_interval": (0, _MAX), "downdelay": (0, _MAX), "lp_interval": (1, _MAX),
    "miimon": (0, _MAX), "min_links": (0, _MAX), "num_grat_arp": (0, 255),
    "num_unsol_na": (0, 255), "packets_per_slave": (0, 65535), "peer_notif_delay": (0, _MAX),
    "resend_igmp": (0, 255), "tlb_dynamic_lb": (0, 1), "updelay": (0, _MAX),
    "use_carrier": (0, 1), "arp_missed_max": (0, 255),
}
_TEXTS = ("active_slave", "ad_actor_system", "arp_ip_target", "ns_ip6_target", "primary")
_FAILOVER = ("active-backup", "balance-tlb", "balance-alb")
_NO_ARP = ("802.3ad", "balance-tlb", "balance-alb")

# Options that NetworkManager refuses (with the whole connection) outside these modes; the
# initscripts only saw the kernel refuse the one option.
_ONLY: Dict[str, Tuple[str, ...]] = {
    "active_slave": _FAILOVER, "primary": _FAILOVER, "tlb_dynamic_lb": ("balance-tlb",
                                                                       "balance-alb"),
    "ad_actor_sys_prio": ("802.3ad",), "ad_actor_system": ("802.3ad",),
    "ad_user_port_key": ("802.3ad",), "lacp_rate": ("802.3ad",), "lacp_active": ("802.3ad",),
    "packets_per_slave": ("balance-rr",),
    **{key: tuple(m for m in MODES if m not in _NO_ARP)
       for key in ("arp_interval", "arp_ip_target", "arp_validate", "arp_missed_max",
                   "ns_ip6_target")},
}
_WITH_MIIMON = ("updelay", "downdelay", "peer_notif_delay")
_WITH_ARP = ("arp_ip_target", "ns_ip6_target", "arp_validate", "arp_missed_max")


def bond(cfg: Ifcfg) -> Dict[str, str]:
    """The section [bond]; options that this mode or NetworkManager does not know are noted."""
    given: Dict[str, str] = {}
    for word in cfg.text("BONDING_OPTS").split():
        key, equals, value = word.partition("=")
        if key == "custom":
            continue  # a note of the engine to itself, which vdsm never gives to the kernel
        if not (key and equals and value):
            cfg.note("BONDING_OPTS", f"{word} is no option")
            continue
        known = _value(key, value)
        if known:
            given[key] = known
        else:
            cfg.note("BONDING_OPTS", f"NetworkManager does not know {word}")
    options = {"mode": given.pop("mode", MODES[0]), **given}
    for key, why in _conflicts(options):
        cfg.note("BONDING_OPTS", f"{key}={options.pop(key)} {why}")
    return options


def named(options: Mapping[str, str]) -> Dict[str, str]:
    """The options of a keyfile, values by name where they are numbers."""
    return {key: _value(key, value) or value for key, value in options.items()}


def follows_port(options: Mapping[str, str]) -> bool:
    """Does the bond have the MAC address of its active port?

    Its driver then takes no other and says that it did, whereupon NetworkManager gives the
    connection up (openshift/machine-config-operator#3202).
    """
    return (options.get("mode") == "active-backup"
            and options.get("fail_over_mac", "none") != "none")


def _value(key: str, value: str) -> str:
    """`value` by name and checked, or nothing if NetworkManager would not take it."""
    if key in _NAMES:
        names = _NAMES[key]
        if value.isdecimal() and int(value) < len(names):
            return names[int(value)]
        return value if value in names else ""
    if key in _NUMBERS:
        low, high = _NUMBERS[key]
        return value if value.isdecimal() and low <= int(value) <= high else ""
    if key in ("arp_ip_target", "ns_ip6_target"):
        # initscripts add and remove targets by sign, and quoted the list
        targets = value.translate(str.maketrans("", "", "+-'\"")).split(",")
        return ",".join(targets) if all(_is_address(t) for t in targets) else ""
    return value if key in _TEXTS else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _conflicts(options: Dict[str, str]) -> List[Tuple[str, str]]:
    """The options to leave out, and why; what hangs on one of them goes too."""
    mode = options["mode"]
    gone = [(key, f"does nothing in mode {mode}") for key in options
            if mode not in _ONLY.get(key, MODES)]
    left = {key: value for key, value in options.items() if key not in dict(gone)}
    arp = left.get("arp_interval", "0") != "0"
    if arp and not {"arp_ip_target", "ns_ip6_target"} & set(left):
        gone.append(("arp_interval", "watches no target"))
        arp = False
    if arp and left.get("miimon", "0") != "0":
        # the driver takes the last one given and switches the other off
        order = list(left)
        loser = min(("miimon", "arp_interval"), key=order.index)
        gone.append((loser, "gives way to the other monitor"))
        arp = loser == "miimon"
    if not arp:
        gone += [(key, "wants arp_interval") for key in _WITH_ARP
                 if key in left and key not in dict(gone)]
    if arp or left.get("miimon", "100") == "0":
        gone += [(key, "wants miimon") for key in _WITH_MIIMON
                 if left.get(key, "0") != "0" and key not in dict(gone)]
    if ("num_grat_arp" in left and "num_unsol_na" in left
            and left["num_grat_arp"] != left["num_unsol_na"]):
        gone.append(("num_grat_arp", "and num_unsol_na are one setting"))
    return gone
