"""ETHTOOL_OPTS: features, rings, interrupts, pause frames, link speed, Wake-on-LAN."""

from typing import Dict, List, Tuple

from .source import Ifcfg

Found = Tuple[Dict[str, str], Dict[str, str]]  # [ethernet], [ethtool]

_FEATURES = {"-K", "--features", "--offload"}
_COALESCE = {"-C", "--coalesce"}
_RING = {"-G", "--set-ring"}
_PAUSE = {"-A", "--pause"}
_CHANGE = {"-s", "--change"}

# What ethtool calls some features (left) and what NetworkManager does.
_FEATURE_NAMES = {
    "generic-receive-offload": "gro", "generic-segmentation-offload": "gso",
    "large-receive-offload": "lro", "ntuple-filters": "ntuple", "rx-checksumming": "rx",
    "receive-hashing": "rxhash", "rx-vlan-offload": "rxvlan", "scatter-gather": "sg",
    "tcp-segmentation-offload": "tso", "tx-checksumming": "tx", "tx-vlan-offload": "txvlan",
}
_FEATURE_KEYS = frozenset((
    "esp-hw-offload esp-tx-csum-hw-offload fcoe-mtu gro gso highdma hw-tc-offload l2-fwd-offload "
    "loopback lro macsec-hw-offload ntuple rx rxhash rxvlan rx-all rx-fcs rx-gro-hw rx-gro-list "
    "rx-udp-gro-forwarding rx-udp_tunnel-port-offload rx-vlan-filter rx-vlan-stag-filter "
    "rx-vlan-stag-hw-parse sg tls-hw-record tls-hw-rx-offload tls-hw-tx-offload tso tx txvlan "
    "tx-checksum-fcoe-crc tx-checksum-ipv4 tx-checksum-ipv6 tx-checksum-ip-generic "
    "tx-checksum-sctp tx-esp-segmentation tx-fcoe-segmentation tx-gre-csum-segmentation "
    "tx-gre-segmentation tx-gso-list tx-gso-partial tx-gso-robust tx-ipxip4-segmentation "
    "tx-ipxip6-segmentation tx-nocache-copy tx-scatter-gather tx-scatter-gather-fraglist "
    "tx-sctp-segmentation tx-tcp6-segmentation tx-tcp-ecn-segmentation "
    "tx-tcp-mangleid-segmentation tx-tcp-segmentation tx-tunnel-remcsum-segmentation "
    "tx-udp-segmentation tx-udp_tnl-csum-segmentation tx-udp_tnl-segmentation "
    "tx-vlan-stag-hw-insert").split())
_COALESCE_KEYS = frozenset((
    "adaptive-rx adaptive-tx rx-frames rx-frames-high rx-frames-irq rx-frames-low pkt-rate-high "
    "pkt-rate-low rx-usecs rx-usecs-high rx-usecs-irq rx-usecs-low sample-interval "
    "stats-block-usecs tx-frames tx-frames-high tx-frames-irq tx-frames-low tx-usecs "
    "tx-usecs-high tx-usecs-irq tx-usecs-low").split())
_RING_KEYS = frozenset(("rx", "rx-jumbo", "rx-mini", "tx"))
_PAUSE_KEYS = frozenset(("autoneg", "rx", "tx"))
_BOOL = {"on": "true", "off": "false"}
_ADAPTIVE = {"on": "1", "off": "0"}

# Wake-on-LAN by ethtool's letters: NM_SETTING_WIRED_WAKE_ON_LAN_*
_WAKE = {"p": 0x2, "u": 0x4, "m": 0x8, "b": 0x10, "a": 0x20, "g": 0x40}
_WAKE_IGNORE = 0x8000


def ethtool(cfg: Ifcfg) -> Found:
    """What belongs into [ethernet] and into [ethtool]; words that nobody knows are noted."""
    wired: Dict[str, str] = {}
    offload: Dict[str, str] = {}
    for part in cfg.text("ETHTOOL_OPTS").split(";"):
        words = part.split()
        if words and words[0].startswith("-"):
            _command(cfg, words, wired, offload)
        elif words:
            _link(cfg, words, wired)
    if cfg.text("ETHTOOL_WAKE_ON_LAN") == "ignore":
        wired["wake-on-lan"] = str(_WAKE_IGNORE)
    elif cfg.text("ETHTOOL_WAKE_ON_LAN"):
        cfg.note("ETHTOOL_WAKE_ON_LAN", "can only be ignore")
    magic = int(wired.get("wake-on-lan", "0")) & _WAKE["g"]
    if "wake-on-lan-password" in wired and not magic:
        del wired["wake-on-lan-password"]
    if ("speed" in wired) != ("duplex" in wired):
        # NetworkManager takes both or none
        for key in {"speed", "duplex"} & set(wired):
            cfg.note("ETHTOOL_OPTS", f"{key} {wired.pop(key)} needs speed and duplex")
    return wired, offload


def _command(cfg: Ifcfg, words: List[str], wired: Dict[str, str],
             offload: Dict[str, str]) -> None:
    """One call of ethtool: the option, the interface, then pairs."""
    option, pairs = words[0], words[2:]
    if option in _CHANGE:
        _link(cfg, pairs, wired)
        return
    for key, value in zip(pairs[::2], pairs[1::2]):
        made = _setting(option, key, value)
        if made:
            offload[made[0]] = made[1]
        else:
            cfg.note("ETHTOOL_OPTS", f"NetworkManager does not know {option} {key} {value}")
    if len(pairs) % 2 or len(words) < 3:
        cfg.note("ETHTOOL_OPTS", f"{option} {pairs[-1] if pairs else ''} lacks a value".strip())


def _setting(option: str, key: str, value: str) -> Tuple[str, ...]:
    name = _FEATURE_NAMES.get(key, key)
    if option in _FEATURES and name in _FEATURE_KEYS and value in _BOOL:
        return f"feature-{name}", _BOOL[value]
    if option in _COALESCE and key in _COALESCE_KEYS:
        number = _ADAPTIVE.get(value, value) if key.startswith("adaptive-") else value
        return (f"coalesce-{key}", number) if number.isdecimal() else ()
    if option in _RING and key in _RING_KEYS and value.isdecimal():
        return f"ring-{key}", value
    if option in _PAUSE and key in _PAUSE_KEYS and value in _BOOL:
        return f"pause-{key}", _BOOL[value]
    return ()


def _link(cfg: Ifcfg, words: List[str], wired: Dict[str, str]) -> None:
    """The words of ``ethtool -s``."""
    if len(words) % 2:
        cfg.note("ETHTOOL_OPTS", f"{words[-1]} lacks a value")
    for key, value in zip(words[::2], words[1::2]):
        if key == "autoneg" and value in _BOOL:
            wired["auto-negotiate"] = _BOOL[value]
        elif key == "speed" and value.isdecimal():
            wired["speed"] = value
        elif key == "duplex" and value in ("half", "full"):
            wired["duplex"] = value
        elif key == "sopass":
            wired["wake-on-lan-password"] = value
        elif key == "wol" and value == "d":
            wired["wake-on-lan"] = "0"
        elif key == "wol" and set(value) <= set(_WAKE):
            wired["wake-on-lan"] = str(sum(_WAKE[letter] for letter in set(value)))
        else:
            cfg.note("ETHTOOL_OPTS", f"NetworkManager does not know {key} {value}")
