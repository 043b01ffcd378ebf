"""/etc/resolv.conf: kept where the admin writes it, and otherwise told by the connections."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ng2coreos.core.host import Host
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Item
from ng2coreos.plan.written import carried

from .convert import Made
from .formats import is_network
from .keyfile import listed

PATH = "/etc/resolv.conf"
_GENERATED = ("networkmanager", "systemd-resolved", "dhclient")
_BY_HAND = (("dns", "none"), ("rc-manager", "unmanaged"))
_LEFT_ALONE = "NetworkManager is told to leave it alone."


def read(host: Host) -> Dict[str, List[str]]:
    """Its name servers and search list; nothing of what a program wrote, maybe from a lease."""
    text = host.read_text(PATH, default="")
    found: Dict[str, List[str]] = {"servers": [], "search": []}
    head = text.partition("\n")[0].lower()
    if head.startswith(("#", ";")) and any(g in head for g in _GENERATED):
        return found
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and len(words) > 1 and is_network(words[1].split("%")[0]):
            found["servers"].append(words[1])
        elif words[:1] in (["search"], ["domain"]):
            found["search"] = words[1:]
    return found


def kept(facts: HostFacts, settings: Sequence[Tuple[str, str]]) -> Optional[Item]:
    """The file itself, if NetworkManager's `settings` say that it is the admin's."""
    change = next((c for c in facts.etc if c.path == PATH), None)
    if change is None or change.host is None or change.host.kind != "file":
        return None
    if not set(settings) & set(_BY_HAND):
        return None
    return carried(PATH, change.host, _LEFT_ALONE, "network")


def tell(said: Mapping[str, Any], made: Sequence[Made],
         stored: Sequence[Mapping[str, Any]]) -> Tuple[List[Made], List[str]]:
    """`made` with the name servers that no connection knows, and those that none could be told.

    The initscripts leave a file alone that no ifcfg file has name servers for; NetworkManager
    writes it anew from the connections.
    """
    servers = list(said.get("servers", []))
    if not servers or _has_servers(made, stored):
        return list(made), []
    chosen = next((m for m in made if "gateway" in m.sections.get("ipv4", {})),
                  next((m for m in made if "gateway" in m.sections.get("ipv6", {})), None))
    if chosen is None:
        return list(made), servers
    left, sections = [], {name: dict(keys) for name, keys in chosen.sections.items()}
    for family, dotted in (("ipv4", True), ("ipv6", False)):
        own = [s for s in servers if ("." in s and ":" not in s) == dotted]
        usable = sections.get(family, {}).get("method") in ("manual", "auto", "dhcp")
        if own and usable:
            sections[family]["dns"] = listed(own)
        else:
            left += own
    search = [word for word in said.get("search", []) if ";" not in word]
    family = "ipv4" if "gateway" in sections["ipv4"] else "ipv6"
    if search:
        sections[family].setdefault("dns-search", listed(search))
    told = Made(chosen.file, sections, chosen.sources)
    return [told if m is chosen else m for m in made], left


def _has_servers(made: Sequence[Made], stored: Sequence[Mapping[str, Any]]) -> bool:
    """Does any connection have name servers, or get them from outside?"""
    own = [keys for m in made for name, keys in m.sections.items() if name in ("ipv4", "ipv6")]
    return (any("dns" in keys or keys.get("method") in ("auto", "dhcp") for keys in own)
            or any(p.get("dns") or {"auto", "dhcp"} & set(p["methods"]) for p in stored))
