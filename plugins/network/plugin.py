"""The plug-in: facts in, keyfiles, pins, findings and checks out."""

import re
from collections import Counter
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import given_up, written

from . import daemon, reading, resolver
from .agreement import disagreements, hook_properties, switches, virtual_functions
from .checks import (
    count_checks,
    dynamic_checks,
    missing_addresses,
    profile_checks,
    structure_checks,
)
from .convert import Conversion, Made, Surroundings, convert
from .identity import identities
from .keyfile import DIRECTORY, IN_MEMORY, described
from .naming import pin
from .pins import mac_checks, pinned, pinned_macs
from .source import SCRIPTS, Ifcfg, Note

_OPENVSWITCH = re.compile(r"openvswitch[\d.]*")  # the NFV SIG's have a version in their name
_NM_OVS = "NetworkManager-ovs"
_NOTHING: Dict[str, Dict[str, Any]] = {"nets": {}, "bonds": {}, "devices": {}}


class Network:
    """Facts: the connections without their secrets, ifcfg files line by line, names of cards."""

    id = "network"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """See reading.py."""
        return reading.read(host)

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Keyfiles for what is stored otherwise, a pin for each card, and checks of all of it."""
        plain, live = mine.get("plain", {}), mine.get("volatile", {})
        macs = pinned_macs(plain, facts.nics, live.get("links", {}))
        kept = identities(mine, mine.get("profiles", []),
                          {n.mac.lower(): n.name for n in facts.nics if n.mac})
        pins = [pinned(file, plain[file], macs.get(file, ""), kept.wanted.get(file, {}))
                for file in sorted({*macs, *kept.wanted})]
        stored: List[Dict[str, Any]] = [
            {**p, "cloned_mac": macs.get(p["file"], p.get("cloned_mac", ""))}
            for p in mine.get("profiles", [])]
        persisted = facts.plugins.get("vdsm", {}).get("persisted") or _NOTHING
        counts = virtual_functions(persisted)
        made = convert(mine.get("ifcfg", []), _surroundings(mine, stored, set(counts)))
        made.made, nameless = resolver.tell(mine.get("resolver", {}), made.made, stored)
        profiles = [*stored, *(described(m.file, m.sections) for m in made.made)]
        names = pin(facts, mine, profiles)
        settings = daemon.decide(facts, mine.get("daemon", {}), target)
        resolv_conf = resolver.kept(facts, settings.main)
        ignored = [f"{DIRECTORY}/{name}" for name in mine.get("ignored", [])]
        missing = missing_addresses(profiles, facts.nics, live.get("addresses", {}))
        found = [*_conversion_findings(made), *_stored_findings(mine, profiles),
                 *_switch_findings(made, profiles, switches(persisted), target), *names.findings,
                 *_told({
                     "N2C_NET_KEYFILE_IGNORED": ([f"file:{path}" for path in ignored], ()),
                     "N2C_NET_RESOLVER": ((), () if resolv_conf else nameless),
                     "N2C_NET_DHCP_IDENTITY": ((), kept.left),
                     "N2C_NET_NM_CONF": ((), settings.left),
                     "N2C_NET_CUSTOM": ((), hook_properties(
                         persisted, {p.name for p in target.packages})),
                     "N2C_NET_DOWN": (sorted({f"nic:{device}" for device, _ in missing}),
                                      [f"{device}: {address}" for device, address in missing]),
                     "N2C_VDSM_NETWORK_DIFFERS": ((), _differences(facts, persisted, profiles))})]
        items = (*names.items, *pins, *settings.items, *map(_item, made.made),
                 *((resolv_conf,) if resolv_conf else ()),
                 *(given_up(path, "NG's NetworkManager does not read it either.", "network")
                   for path in ignored))
        return Contribution(
            findings=tuple(found), items=items,
            checks=(*names.checks, *mac_checks(macs, plain),
                    *profile_checks(profiles, facts.nics, missing),
                    *dynamic_checks(profiles, facts.nics, live.get("dynamic", {})),
                    *structure_checks(profiles, facts.nics, live.get("links", {})),
                    *count_checks(counts, live.get("links", {}))))


def _told(table: Mapping[str, Tuple[Sequence[str], Sequence[str]]]) -> List[Finding]:
    """The findings of a table (id: resources, evidence) that have something to say."""
    return [finding(id, resources, evidence) for id, (resources, evidence) in table.items()
            if resources or evidence]


def _differences(facts: HostFacts, persisted: Mapping[str, Any],
                 profiles: Sequence[Mapping[str, Any]]) -> List[str]:
    nics = {n.mac.lower(): n.name for n in facts.nics if n.mac}
    return disagreements(persisted, profiles, nics) if profiles else []


def _surroundings(mine: Mapping[str, Any], stored: Sequence[Mapping[str, Any]],
                  counted: Set[str]) -> Surroundings:
    return Surroundings(
        network=Ifcfg("network", tuple((int(n), str(k), v) for n, k, v in mine.get("network", []))),
        texts=mine.get("texts", {}), tables=mine.get("tables", {}),
        client_ids=mine.get("client_ids", {}), duids=mine.get("duids", {}),
        macs=mine.get("volatile", {}).get("macs", {}), counted=counted,
        daemon=mine.get("daemon", {}), leases=mine.get("leases", ()),
        taken={p["file"] for p in stored},
        uuids={p["uuid"] for p in stored if p["uuid"]})


def _item(made: Made) -> Item:
    return written(f"{DIRECTORY}/{made.file}", made.text,
                   "The target's NetworkManager reads keyfiles only.", "network",
                   source=f"{SCRIPTS}/{made.sources[0]}", mode=0o600)


def _conversion_findings(made: Conversion) -> List[Finding]:
    found = []
    if made.made:
        found.append(finding(
            "N2C_NET_IFCFG", [f"file:{SCRIPTS}/{m.sources[0]}" for m in made.made],
            [*(f"{', '.join(m.sources)}: {DIRECTORY}/{m.file}" for m in made.made),
             *(f"left out: {note}" for note in made.left)], count=len(made.made)))
    for id, notes in (("N2C_NET_IFCFG_KEY", made.notes), ("N2C_NET_IFCFG_FILE", made.refused)):
        if notes:
            found.append(finding(id, _files(notes), [str(note) for note in notes]))
    return found


def _switch_findings(made: Conversion, profiles: Sequence[Mapping[str, Any]],
                     networks: Sequence[str], target: TargetFacts) -> List[Finding]:
    """Team devices, and what stands on an Open vSwitch; the image must have one then."""
    found = []
    teams = [f"{DIRECTORY}/{p['file']}" for p in profiles if p["type"] in ("team", "team-port")]
    if made.teams or teams:
        found.append(finding("N2C_NET_TEAM", [*_files(made.teams), *(f"file:{t}" for t in teams)],
                             [*map(str, made.teams), *teams]))
    parts = [f"{DIRECTORY}/{p['file']}" for p in profiles if p["type"].startswith("ovs-")]
    if networks or parts:
        resources = [*(f"network:{n}" for n in networks), *(f"file:{p}" for p in parts)]
        found.append(finding("N2C_NET_OVS", resources))
        there = {package.name for package in target.packages}
        lacks = [] if any(map(_OPENVSWITCH.fullmatch, there)) else ["openvswitch"]
        lacks += [_NM_OVS] if parts and _NM_OVS not in there else []
        if lacks:
            found.append(finding("N2C_NET_OVS_TARGET", resources, lacks=" and ".join(lacks)))
    if made.switches:
        found.append(finding("N2C_NET_OVS_IFCFG", _files(made.switches),
                             [str(note) for note in made.switches]))
    return found


def _stored_findings(mine: Mapping[str, Any],
                     profiles: Sequence[Mapping[str, Any]]) -> List[Finding]:
    found = []
    if not profiles and not mine.get("ifcfg"):
        found.append(finding("N2C_NET_NO_CONNECTION"))
    if mine.get("memory"):
        found.append(finding("N2C_NET_MEMORY",
                             [f"file:{IN_MEMORY}/{p['file']}" for p in mine["memory"]],
                             [f"{p['id']}: {p['interface'] or p['mac'] or 'any interface'}"
                              for p in mine["memory"]]))
    devices = Counter(p["interface"] for p in profiles if p["autoconnect"] and p["interface"]
                      and not p["type"].startswith("ovs-"))
    twice = sorted(device for device, count in devices.items() if count > 1)
    if twice:
        found.append(finding("N2C_NET_DUPLICATE", [f"nic:{device}" for device in twice],
                             [f"{p['interface']}: {p['file']}" for p in profiles
                              if p["interface"] in twice]))
    return found + _told({
        "N2C_NET_NMSTATE": ([f"file:{reading.NMSTATE}/{name}" for name in mine.get("nmstate", [])],
                            ()),
        "N2C_NET_HOOKS": ([f"file:{path}" for path in mine.get("hooks", [])], ()),
        "N2C_NET_STATIC_ROUTES": ((), mine.get("static_routes", []))})


def _files(notes: Sequence[Note]) -> List[str]:
    return [f"file:{SCRIPTS}/{name}" for name in dict.fromkeys(note.file for note in notes)]
