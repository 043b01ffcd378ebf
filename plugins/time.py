"""time: chrony.conf without words that stop a newer chronyd, and ntp.conf in chrony's words."""

import ipaddress
import re
from typing import Any, Dict, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import given_up, written

CHRONY = "/etc/chrony.conf"
NTP = "/etc/ntp.conf"
NTPD = "ntpd.service"
# chronyd ends at a directive that it does not know (chrony: conf.c, CNF_ParseLine); these went
# with 2.0 to 4.0 (chrony's NEWS)
DEAD = ("generatecommandkey", "commandkey", "linux_hz", "linux_freq_scale")
LOCAL_CLOCK = re.compile(r"^127\.127\.1\.\d+$")
REFCLOCK = re.compile(r"^127\.127\.\d+\.\d+$")
REFUSED = ("ignore", "noserve")  # ntp.conf(5): no answer for whoever asks the time
SOURCES = ("server", "pool", "peer")
OPTIONS = ("iburst", "burst", "prefer", "minpoll", "maxpoll", "key")
WITH_VALUE = ("minpoll", "maxpoll", "key")
# What chrony has by itself, or what only ntpd needs
SILENT = ("driftfile", "includefile", "keysdir", "crypto", "statsdir", "logfile", "disable",
          "trustedkey", "requestkey", "controlkey", "fudge", "interface", "tinker", "tos",
          "restrict")


class Time:
    """Facts: the lines of chrony.conf and, where ntpd is on, of ntp.conf."""

    id = "time"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Lines without comments; keys lie in files of their own."""
        return {"chrony": _lines(host.read_text(CHRONY, default="")),
                "ntp": _lines(host.read_text(NTP, default=""))}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """chrony.conf for the target, from whichever of the two NG uses."""
        if not mine:
            return Contribution()
        changed = {c.path for c in facts.etc if c.host is not None}
        found: List[Finding] = []
        items: List[Item] = []
        if any(s.unit == NTPD and s.state == "enabled" for s in facts.services) and mine["ntp"]:
            lines, left = from_ntp(mine["ntp"])
            if left:
                found.append(finding("N2C_TIME_NTP", [f"file:{NTP}"], left))
            text = ("# Written by ng2coreos from oVirt Node NG's ntp.conf.\n"
                    + "\n".join([*lines, "driftfile /var/lib/chrony/drift", "makestep 1.0 3",
                                 "rtcsync", "leapsectz right/UTC"]) + "\n")
            items.append(written(CHRONY, text, "The time servers that ntpd used.", self.id,
                                 source=CHRONY))
            if NTP in changed:
                items.append(given_up(NTP, f"Its servers stand in {CHRONY}.", self.id))
        elif CHRONY in changed:
            dead = [line for line in mine["chrony"] if line.split()[0].lower() in DEAD]
            if dead:
                kept = [line for line in mine["chrony"] if line not in dead]
                items.append(written(CHRONY, "# Written by ng2coreos from oVirt Node NG's "
                                     "chrony.conf.\n" + "\n".join(kept) + "\n",
                                     "The time servers of this site, without words that a newer "
                                     "chronyd does not know.", self.id, source=CHRONY))
                found.append(finding("N2C_TIME_CHRONY", [f"file:{CHRONY}"], dead))
        return Contribution(findings=tuple(found), items=tuple(items))


PLUGIN = Time


def from_ntp(lines: List[str]) -> Tuple[List[str], List[str]]:
    """chrony's lines for those of ntp.conf, and those that have none."""
    kept: List[str] = []
    left: List[str] = []
    stratum = next((words[words.index("stratum") + 1] for words in (line.split() for line in lines)
                    if words[0] == "fudge" and "stratum" in words[:-1]), "10")
    for line in lines:
        words = line.split()
        key = words[0].lower()
        if key in SOURCES and len(words) > 1:
            address = words[2] if words[1] in ("-4", "-6") and len(words) > 2 else words[1]
            if LOCAL_CLOCK.match(address):
                kept.append(f"local stratum {stratum}")
            elif REFCLOCK.match(address):
                left.append(line)
            else:
                options, bare = _options(words)
                kept.append(" ".join([key, address, *options]))
                left += [f"{line}: {word} says no number" for word in bare]
                if "key" in options:
                    left.append(f"{line}: the key must be written to /etc/chrony.keys")
        elif key == "restrict" and "mask" in words[2:-1]:
            network = _network(words)
            if network and not set(REFUSED) & set(words):  # those that are refused ask in vain
                kept.append(f"allow {network}")
            elif not network:
                left.append(line)
        elif key not in SILENT:
            left.append(line)
    return kept, left


def _options(words: List[str]) -> Tuple[List[str], List[str]]:
    """Options that chrony knows too, and those without the number that chronyd would end at."""
    found: List[str] = []
    bare: List[str] = []
    for word, value in zip(words, [*words[1:], ""]):
        if word in WITH_VALUE:
            if value.isdecimal():
                found += [word, value]
            else:
                bare.append(word)
        elif word in OPTIONS:
            found.append(word)
    return found, bare


def _network(words: List[str]) -> str:
    """The network of a line `restrict ADDRESS mask MASK`, or nothing where chrony has no word."""
    address, mask = words[words.index("mask") - 1], words[words.index("mask") + 1]
    if address == "default":
        return ""
    try:
        if ":" in address:
            bits = bin(int(ipaddress.IPv6Address(mask))).count("1")
            return str(ipaddress.IPv6Network(f"{address}/{bits}", strict=False))
        return str(ipaddress.IPv4Network(f"{address}/{mask}", strict=False))
    except ValueError:
        return ""


def _lines(text: str) -> List[str]:
    return [" ".join(line.split()) for line in text.splitlines()
            if line.strip() and line.lstrip()[0] not in "#!;%"]
