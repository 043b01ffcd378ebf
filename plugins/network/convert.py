"""All files of network-scripts together become keyfiles. Pure: text and facts in, text out."""

import re
import shlex
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from . import routes, rules
from .daemon import asked_by_dhclient
from .identity import LEASES
from .ipv4 import ipv4
from .ipv6 import ipv6
from .keyfile import Sections, file_name, render
from .link import OpenVSwitch, Team, kind, link, pin_mac
from .source import PREFIX, Ifcfg, Note, Refused, verdict

_FAMILIES = ((4, "ipv4", "route-", "rule-", "ROUTING_RULE_"),
             (6, "ipv6", "route6-", "rule6-", "ROUTING_RULE6_"))
_OUTSIDE = ("auto", "dhcp")  # methods by which the network gives the address
_RULE_KEY = re.compile(r"(ROUTING_RULE6?_)(\d+)")


@dataclass(frozen=True)
class Made:
    """A keyfile, and the files of network-scripts that it stands for (the ifcfg file first)."""

    file: str
    sections: Mapping[str, Mapping[str, str]]
    sources: Tuple[str, ...]

    @property
    def text(self) -> str:
        """The keyfile's content."""
        return render({name: dict(keys) for name, keys in self.sections.items()})


@dataclass
class Conversion:
    """What became of all the files; each note names file and line."""

    made: List[Made] = field(default_factory=list)
    notes: List[Note] = field(default_factory=list)  # settings that no keyfile has
    refused: List[Note] = field(default_factory=list)  # files that became none
    teams: List[Note] = field(default_factory=list)
    switches: List[Note] = field(default_factory=list)
    left: List[Note] = field(default_factory=list)  # left out with reason, nothing to do


@dataclass(frozen=True)
class Surroundings:
    """What an ifcfg file means depends on these."""

    network: Ifcfg  # /etc/sysconfig/network
    texts: Mapping[str, str]  # route-*, rule-* and the like by file name
    tables: Mapping[str, int]  # names of routing tables
    client_ids: Mapping[str, str]  # by interface; "" is every other
    duids: Mapping[str, str]  # by path of the lease file
    macs: Mapping[str, str]  # present MAC addresses by interface
    counted: Set[str]  # interfaces whose virtual functions vdsm counts
    taken: Set[str]  # names of keyfiles that are there already
    uuids: Set[str]  # their UUIDs
    daemon: Mapping[str, Any] = field(default_factory=dict)  # NetworkManager's settings
    leases: Sequence[str] = ()  # names of its lease files


def convert(files: Sequence[Mapping[str, Any]], around: Surroundings) -> Conversion:
    """Keyfiles for `files`, which are facts as reading.py makes them, in the order of names."""
    result = Conversion()
    known = {entry["file"]: _ifcfg(entry) for entry in files}
    masters = {cfg.text("MASTER") for cfg in known.values()} - {""}
    aliases = _aliases(known)
    merged = {alias.file for extra in aliases.values() for alias in extra}
    taken, last = set(around.taken), rules.LAST_PRIORITY
    for name, cfg in sorted(known.items()):
        if name in merged or cfg.text("DEVICE") == "lo":
            continue
        entry = next(e for e in files if e["file"] == name)
        try:
            _keys(cfg, entry, result)
            sections = link(cfg, *_about(cfg, masters, around))
            extra = aliases.get(name, [])
            sources, last = _addressing(cfg, sections, extra, around, last, result)
            if sections["connection"]["uuid"] in around.uuids:
                raise Refused("a keyfile has the same UUID, and is what the target reads")
        except Team as error:
            result.teams.append(Note(name, error.line, error.why))
        except OpenVSwitch as error:
            result.switches.append(Note(name, error.line, error.why))
        except Refused as error:
            result.refused.append(Note(name, error.line, error.why))
        else:
            target = file_name(cfg.name, sections["connection"]["uuid"], taken)
            taken.add(target)
            kept = {n: keys for n, keys in sections.items()
                    if keys or n == sections["connection"]["type"]}
            result.made.append(Made(target, kept, (name, *sources)))
            result.notes += cfg.notes
            for alias in extra:
                result.notes += alias.notes
    _orphans(known, around, result)
    return result


def _ifcfg(entry: Mapping[str, Any]) -> Ifcfg:
    return Ifcfg(entry["file"], tuple((int(n), str(k), v) for n, k, v in entry["rows"]),
                 bool(entry.get("vdsm")), bool(entry.get("network_service")))


def _aliases(known: Mapping[str, Ifcfg]) -> Dict[str, List[Ifcfg]]:
    """ifcfg-X:N by the ifcfg-X that is there; the initscripts gave X their addresses too."""
    found: Dict[str, List[Ifcfg]] = {}
    for name, cfg in sorted(known.items()):
        base, colon, _ = name.rpartition(":")
        if colon and base in known:
            found.setdefault(base, []).append(cfg)
    return found


def _keys(cfg: Ifcfg, entry: Mapping[str, Any], result: Conversion) -> None:
    """Note what no keyfile can say; Refused where that changes what the connection is."""
    for line in entry.get("odd", ()):
        result.notes.append(Note(cfg.file, line, "is no assignment"))
    for _, key, value in cfg.rows:
        what, why = verdict(key)
        if what == "refused" and value != "":
            if key.startswith("TEAM_"):
                raise Team(why, cfg.line(key))
            raise Refused(f"{key}: {why}", cfg.line(key))
        if value is None:
            cfg.note(key, "only a shell could tell its value")
        elif what == "unknown" or (what == "unsupported" and value):
            cfg.note(key, why)


def _about(cfg: Ifcfg, masters: Set[str], around: Surroundings) -> Tuple[str, str, bool]:
    name = cfg.text("DEVICE")
    return kind(cfg, masters), around.macs.get(name, ""), name in around.counted


def _addressing(cfg: Ifcfg, made: Sections, aliases: Sequence[Ifcfg], around: Surroundings,
                last: int, result: Conversion) -> Tuple[List[str], int]:
    """Put [ipv4] and [ipv6] into `made`: methods, addresses, routes, rules."""
    name = cfg.text("DEVICE") or cfg.name
    sources = [f"{start}{cfg.name}" for _, _, *starts, _ in _FAMILIES for start in starts
               if f"{start}{cfg.name}" in around.texts]
    sources += [alias.file for alias in aliases]
    if "master" in made["connection"]:
        for key in ("IPADDR", "IPADDR0", "IPV6ADDR"):
            if cfg.text(key):
                cfg.note(key, "a port has no addresses of its own")
        return sources, last
    up = []
    for alias in aliases:
        if alias.flag("ONPARENT", True):
            up.append(alias)
        else:
            alias.note("ONPARENT", "the alias does not come up with its interface")
    uuid = made["connection"]["uuid"]
    asked = _by_dhclient(cfg, name, uuid, around)
    # dhclient told the server the MAC address only; this keeps the lease and reservations
    client_id = around.client_ids.get(name) or around.client_ids.get("") or "mac"
    made["ipv4"] = ipv4(cfg, around.network, up, client_id if asked else "")
    duid = _duid(cfg, name, uuid, around)
    made["ipv6"] = ipv6(cfg, around.network, duid if asked else "")
    for version, section, route, rule, key in _FAMILIES:
        last = _routing(cfg, made[section], version,
                        around.texts.get(f"{route}{cfg.name}", ""),
                        around.texts.get(f"{rule}{cfg.name}", ""), key, around, last, result)
    outside = {made["ipv4"]["method"], made["ipv6"]["method"]} & set(_OUTSIDE)
    if made["connection"]["type"] == "vlan" and outside:
        pin_mac(made, around.macs.get(name, ""))
    return sources, last


def _routing(cfg: Ifcfg, section: Dict[str, str], version: int, route_text: str, rule_text: str,
             key: str, around: Surroundings, last: int, result: Conversion) -> int:
    start = "" if version == 4 else "6"
    notes: List[Note] = []
    made = routes.routes(f"route{start}-{cfg.name}", route_text, version, around.tables, notes)
    asked = rules.rules(f"rule{start}-{cfg.name}", rule_text, version, around.tables, notes)
    if rules.drop_vdsm(made, asked):
        result.left.append(Note(f"rule{start}-{cfg.name}", 0,
                                "vdsm's own source routes, which it makes anew"))
    result.notes += notes
    texts, last = rules.rule_texts(asked, last)
    own = sorted((int(m.group(2)), k) for k in cfg.keys for m in [_RULE_KEY.fullmatch(k)]
                 if m and m.group(1) == key)
    for _, name in own:
        texts += _own_rule(cfg, name, version, around)
    if section["method"] in ("disabled", "ignore") and (made or texts):
        result.notes.append(Note(cfg.file, 0, f"its routes and rules of IPv{version} need an "
                                              f"address of IPv{version}"))
        return last
    default = section.pop("route1", "")
    keys = routes.route_keys(made, version)
    section.update(keys)
    if default:
        section[f"route{len(made) + 1}"] = default
    section.update({f"routing-rule{n}": text for n, text in enumerate(texts, 1)})
    return last


def _own_rule(cfg: Ifcfg, key: str, version: int, around: Surroundings) -> List[str]:
    """A rule that NetworkManager wrote, which always has a priority."""
    given: List[Note] = []
    found = rules.rules(cfg.file, cfg.text(key), version, around.tables, given)
    for note in given:
        cfg.note(key, note.text)
    if found and "priority" not in found[0]:
        cfg.note(key, f"{cfg.text(key)}: has no priority")
        return []
    return rules.rule_texts(found, rules.LAST_PRIORITY)[0]


def _by_dhclient(cfg: Ifcfg, name: str, uuid: str, around: Surroundings) -> bool:
    """Did dhclient get its addresses: for ifup, for vdsm, or for NetworkManager?"""
    return cfg.by_initscripts or bool(cfg.text("DHCLIENTARGS")) or asked_by_dhclient(
        around.daemon, around.leases, uuid, name)


def _duid(cfg: Ifcfg, name: str, uuid: str, around: Surroundings) -> str:
    """The DUID of the lease file that dhclient was told (vdsm did), or that it used by itself."""
    try:
        words = shlex.split(cfg.text("DHCLIENTARGS"))
    except ValueError:
        words = []
    told = words[words.index("-df") + 1] if "-df" in words[:-1] else ""
    if cfg.text("DHCLIENTARGS") and (not told or len(words) > 2):
        cfg.note("DHCLIENTARGS", "NetworkManager has a DHCP client of its own")
    places = [told, *(f"{top}/dhclient6-{uuid}-{name}.lease" for top in LEASES),
              *(f"{LEASES[1]}/{stem}" for stem in (
                  f"dhclient6--{name}.lease", f"dhclient6-{name}.leases", "dhclient6.leases"))]
    return next((around.duids[place] for place in places if place in around.duids), "")


def _orphans(known: Mapping[str, Ifcfg], around: Surroundings, result: Conversion) -> None:
    """Name route and rule files that no ifcfg file goes with."""
    for name, text in sorted(around.texts.items()):
        base = name.partition("-")[2]
        if f"{PREFIX}{base}" not in known and text.strip():
            result.notes.append(Note(name, 0, f"there is no {PREFIX}{base}"))
