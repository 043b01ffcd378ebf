"""Names of cards: one .link file for each, by its permanent MAC address, beside the admin's own."""

import fnmatch
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ng2coreos.model.facts import HostFacts, Nic
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

from .keyfile import plain_type
from .reading import LINKS, UDEV

OWN = "10-ng2coreos-"
NO_MAC = ("", "00:00:00:00:00:00")
_PHYSICAL = ("ethernet", "infiniband", "wifi")
_NAMING = ("Name", "NamePolicy", "AlternativeName", "AlternativeNamesPolicy")
_BY_MAC = ("MACAddress", "PermanentMACAddress")


@dataclass
class Names:
    """The pins of all cards, with the checks and findings that go with them."""

    items: List[Item] = field(default_factory=list)
    checks: List[Check] = field(default_factory=list)
    findings: List[Finding] = field(default_factory=list)


def pin(facts: HostFacts, mine: Mapping[str, Any],
        profiles: Sequence[Mapping[str, Any]]) -> Names:
    """Every card keeps its name, also one that nothing uses: the engine forgets the networks of a
    card that the host does not report.  Virtual functions are no cards (see inventory/nics.py).
    """
    made = Names()
    used = _used(facts.nics, profiles)
    counts = Counter(n.mac.lower() for n in facts.nics)
    plain = [n for n in facts.nics if n.mac.lower() not in NO_MAC and counts[n.mac.lower()] == 1
             and _is_text(n.name)]
    nameless = [n for n in facts.nics if n not in plain]
    for id, some in (("N2C_NET_MAC", [n for n in nameless if n.name in used]),
                     ("N2C_NET_UNPINNED", [n for n in nameless if n.name not in used])):
        if some:
            made.findings.append(finding(id, [f"nic:{n.name}" for n in some],
                                         [f"{n.name}: {_known(n)}" for n in some]))
    kernel = [n.name for n in plain if n.name.startswith("eth")]
    if len(kernel) > 1:
        made.findings.append(
            finding("N2C_NET_KERNEL_NAMES", [f"nic:{name}" for name in kernel]))
    odd: List[Tuple[str, str]] = []
    for nic in plain:
        if nic.name in used:
            made.checks.append(Check(
                f"mac:{nic.name}", "link-mac", f"{nic.name} is the same interface",
                {"interface": nic.name, "mac": nic.mac.lower()}))
        _one(nic, mine.get("links", []), made, odd)
    if odd:
        made.findings.append(finding("N2C_NET_LINK_FILE", sorted({f"file:{f}" for f, _ in odd}),
                                     [f"{file}: {why}" for file, why in odd]))
    stale = _stale(facts.nics, mine.get("udev", []))
    if stale:
        made.findings.append(finding("N2C_NET_UDEV_NAME", sorted({f"file:{f}" for f, _ in stale}),
                                     [why for _, why in stale]))
    return made


def _used(nics: Sequence[Nic], profiles: Sequence[Mapping[str, Any]]) -> Set[str]:
    """Interfaces that a connection is for, or that a VLAN or bridge stands on."""
    names: Set[str] = set()
    macs: Set[str] = set()
    for profile in profiles:
        names.add(profile["parent"])
        if plain_type(profile["type"]) in _PHYSICAL:
            names.add(profile["interface"])
            macs.add(profile["mac"])
    return {n.name for n in nics if n.name in names or (n.mac and n.mac.lower() in macs)}


def _one(nic: Nic, links: Sequence[Mapping[str, Any]], made: Names,
         odd: List[Tuple[str, str]]) -> None:
    """The pin of one card; an admin's file that gives it the same name by its MAC is enough."""
    first = next((link for link in links if _matches(link.get("match", {}), nic)), None)
    settings: Dict[str, str] = {}
    if first is not None:
        asked = first.get("link", {})
        place = f"{LINKS}/{first['file']}"
        if asked.get("Name") == nic.name and set(first["match"]) & set(_BY_MAC):
            return
        if first["file"] < OWN:
            odd.append((place, f"is applied to {nic.name} before the file that pins its name"))
        settings = {key: value for key, value in asked.items() if key not in _NAMING}
        if asked.get("Name") not in (None, nic.name):
            odd.append((place, f"calls {nic.name} {asked['Name']}, which it is not called now"))
    made.items.append(_item(nic, settings))


def _is_text(name: str) -> bool:
    """Is it UTF-8? Neither a keyfile nor Ignition can say another one, though the kernel can."""
    return not any("\ud800" <= c <= "\udfff" for c in name)


def _known(nic: Nic) -> str:
    return (nic.mac or "unknown") + ("" if _is_text(nic.name) else ", a name that is not UTF-8")


def _matches(match: Mapping[str, str], nic: Nic) -> bool:
    """Would systemd apply a file with this [Match] to the card? What is not known of it fits."""
    for key, value in match.items():
        if key in _BY_MAC:
            if nic.mac.lower() not in value.lower().replace("-", ":").split():
                return False
        elif key == "Driver" and nic.driver and not _glob(nic.driver, value):
            return False
        elif key == "Type" and not _glob("ether", value):
            return False
    return bool(match)


def _glob(text: str, patterns: str) -> bool:
    wanted = patterns.split()
    turned = wanted[:1] and wanted[0].startswith("!")
    hit = any(fnmatch.fnmatchcase(text, p.lstrip("!")) for p in wanted)
    return hit != bool(turned)


def _item(nic: Nic, settings: Mapping[str, str]) -> Item:
    # No alternative names: one of them might be the name that another card is pinned to.
    more = "".join(f"{key}={value}\n" for key, value in settings.items())
    text = (f"# Written by ng2coreos: {nic.name} keeps its name on the new system.\n"
            f"[Match]\nPermanentMACAddress={nic.mac.lower()}\n\n"
            f"[Link]\nNamePolicy=\nName={nic.name}\n{more}")
    return written(
        f"{LINKS}/{OWN}{nic.name}.link", text,
        "Connections and vdsm's networks name the interface; the target might name it otherwise.",
        "network", outcome=Outcome.PINNED)


def _stale(nics: Sequence[Nic], rules: Sequence[Mapping[str, Any]]) -> List[Tuple[str, str]]:
    """udev's names that are not in force: the card is missing, or is called otherwise now."""
    names = {n.mac.lower(): n.name for n in nics}
    found = []
    for rule in rules:
        now = names.get(rule["mac"])
        place = f"{UDEV}/{rule['file']}"
        if now is None:
            found.append((place, f"{place}:{rule['line']}: no card has {rule['mac']}, which is to "
                                 f"be called {rule['name']}"))
        elif now != rule["name"]:
            found.append((place, f"{place}:{rule['line']}: {rule['mac']} is called {now}, not "
                                 f"{rule['name']}; {now} is kept"))
    return found
