"""services: units and drop-ins of the admin that the new system reads otherwise, and rc.local."""

import re
import stat
from typing import Any, Dict, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.plan import UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import given_up, written

DIRECTORY = "/etc/systemd/system/"
DEFAULT = DIRECTORY + "default.target"
RC_LOCAL = "/etc/rc.d/rc.local"
RC_UNIT = "ng2coreos-rc-local.service"
EXECUTABLE = 0o111
# Settings of cgroup v1, which systemd 258 no longer reads (its NEWS), and how 257 read them
_RENAMED = {"MemoryLimit": "MemoryMax", "CPUShares": "CPUWeight", "StartupCPUShares":
            "StartupCPUWeight", "BlockIOWeight": "IOWeight", "StartupBlockIOWeight":
            "StartupIOWeight", "BlockIODeviceWeight": "IODeviceWeight",
            "BlockIOReadBandwidth": "IOReadBandwidthMax",
            "BlockIOWriteBandwidth": "IOWriteBandwidthMax", "BlockIOAccounting": "IOAccounting"}
_SETTING = re.compile(r"^(\s*)(\w+)(\s*=\s*)(.*?)\s*$")
_UNIT = re.compile(r"^/etc/systemd/system/([^/]+)\.d/[^/]+\.conf$")
_OWN = re.compile(r"^/etc/systemd/system/([^/]+\.(?:service|socket|timer|path|mount|target"
                  r"|slice))$")
_KINDS = ("service", "socket", "timer", "path", "mount", "target", "slice", "scope", "swap",
          "automount")


class Services:
    """Facts: old limits of units and drop-ins in /etc, and whether rc.local says something."""

    id = "services"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Only what names a setting that is read otherwise is kept of a text."""
        old: Dict[str, str] = {}
        replaces: List[str] = []
        for path in host.walk(DIRECTORY.rstrip("/")):
            st = host.lstat(path) if _UNIT.match(path) or _OWN.match(path) else None
            if st is None or not stat.S_ISREG(st.st_mode):
                continue
            text = host.read_text(path, default="")
            limits = _limits(text)
            if limits:
                old[path] = limits
            if _UNIT.match(path) and re.search(r"^\s*ExecStart\s*=\s*\S", text, re.MULTILINE):
                replaces.append(path)
        lines = host.read_text(RC_LOCAL, default="").splitlines()
        says = [line for line in lines if line.strip() and not line.lstrip().startswith("#")
                and line.strip() not in ("exit 0", "touch /var/lock/subsys/local")]
        return {"old": old, "replaces": replaces, "rc_local": bool(says)}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Units for cgroup v2, units that must not hide the image's, and rc.local's own unit."""
        if not mine:
            return Contribution()
        every = {c.path: c.host for c in facts.etc if c.host is not None}
        changed = {path: fact for path, fact in every.items() if fact.kind == "file"}
        there = {*target.units, *target.enabled_units}
        found: List[Finding] = []
        items: List[Item] = []
        hidden = sorted(p for p in changed if _OWN.match(p) and p[len(DIRECTORY):] in there)
        for path in hidden:
            items.append(given_up(path, "The image has a unit of that name.", self.id))
        if hidden:
            found.append(finding("N2C_UNIT_SHADOWS", [f"file:{p}" for p in hidden]))
        mapped = sorted(p for p in mine["old"] if p in changed and p not in hidden)
        for path in mapped:
            items.append(written(_beside(path), converted(mine["old"][path]), f"The limits of "
                                 f"{path}, as cgroup v2 names them.", self.id,
                                 mode=changed[path].mode & 0o7777))
        if mapped:
            found.append(finding("N2C_UNIT_CGROUP", [f"file:{p}" for p in mapped]))
        own = {path[len(DIRECTORY):] for path in changed if _OWN.match(path)}
        idle = sorted(p for p in changed if _lacks_unit(p, there | own))
        if idle:
            found.append(finding("N2C_UNIT_DROPIN", [f"file:{p}" for p in idle]))
        command = [p for p in mine["replaces"] if p in changed and p not in idle]
        if command:
            found.append(finding("N2C_UNIT_COMMAND", [f"file:{p}" for p in command]))
        if DEFAULT in every:
            items.append(given_up(DEFAULT, "The new system boots to its own default.", self.id,
                                  kind=every[DEFAULT].kind))
        more, states = _rc_local(changed, mine, there)
        if states:
            found.append(finding("N2C_UNIT_RC_LOCAL", [f"file:{RC_LOCAL}"]))
        return Contribution(findings=tuple(found), items=(*items, *more),
                            units=(*states, *_enabled(hidden, facts, target)))


PLUGIN = Services


def converted(text: str) -> str:
    """`text` with the limits of cgroup v1 as those of v2, converted as systemd did itself."""
    return "".join(_line(line) for line in text.splitlines(keepends=True))


def _limits(text: str) -> str:
    """The limits of cgroup v1 in `text` with their sections: the rest may hold secrets.

    One that `text` also gives by its new name is left out: systemd took the new one.
    """
    lines = text.splitlines()
    keys = {match.group(2) for match in map(_SETTING.match, lines) if match}
    section, found = "", ""
    for line in lines:
        match = _SETTING.match(line)
        if line.startswith("["):
            section = line.strip() + "\n"
        elif match and match.group(2) in _RENAMED and _RENAMED[match.group(2)] not in keys:
            found += f"{section}{line.strip()}\n"
            section = ""
    return found


def _beside(path: str) -> str:
    """A drop-in for the limits of `path`, read right before a drop-in, or first for a unit.

    systemd passes over the old names in `path` itself, which is carried as it is.
    """
    if _UNIT.match(path):
        return f"{path[:-len('.conf')]}-ng2coreos.conf"
    return f"{path}.d/00-ng2coreos.conf"


def _line(line: str) -> str:
    setting = _SETTING.match(line)
    if setting is None or setting.group(2) not in _RENAMED:
        return line
    space, key, equals, value = setting.groups()
    if key.endswith("CPUShares") and value.isdecimal():
        value = str(min(10000, max(1, int(value) * 100 // 1024)))
    elif key.endswith("BlockIOWeight") and value.isdecimal():
        value = str(min(10000, max(1, int(value) * 100 // 500)))
    end = "\n" if line.endswith("\n") else ""
    return f"{space}{_RENAMED[key]}{equals}{value}{end}"


def _lacks_unit(path: str, known: Any) -> bool:
    """Is it a drop-in of a unit that the new system does not have?"""
    match = _UNIT.match(path)
    if match is None:
        return False
    unit = match.group(1)
    name, dot, kind = unit.rpartition(".")
    if unit in _KINDS or name.endswith("-") or not dot or kind in ("slice", "scope"):
        return False  # of all units of a kind or a prefix, or of one that exists while it is used
    template = f"{name.partition('@')[0]}@.{kind}" if "@" in name else unit
    return unit not in known and template not in known and kind in _KINDS


def _enabled(hidden: List[str], facts: HostFacts, target: TargetFacts) -> Tuple[UnitState, ...]:
    """The image's units whose copies are left behind, enabled if the copies were."""
    on = {s.unit for s in facts.services if s.state == "enabled"}
    names = [path[len(DIRECTORY):] for path in hidden]
    return tuple(
        UnitState(name, "enable", tuple(f"{place}/{name}" for place in target.units[name]
                                        if place.endswith((".wants", ".requires", ".upholds"))),
                  "The admin enabled a copy of it on NG.")
        for name in names if name in on and name not in target.enabled_units
        and target.units.get(name))


def _rc_local(changed: Any, mine: Dict[str, Any], there: Any
              ) -> Tuple[Tuple[Item, ...], Tuple[UnitState, ...]]:
    """systemd runs it where it still has rc-local.service; elsewhere a unit of ours does."""
    fact = changed.get(RC_LOCAL)
    if fact is None or not fact.mode & EXECUTABLE or not mine["rc_local"]:
        return (), ()
    if "rc-local.service" in there:
        return (), ()
    # With "-": a script whose last command says no is no reason to take the new system back
    text = ("# Written by ng2coreos: what NG ran at the end of its boot.\n[Unit]\n"
            f"Description={RC_LOCAL} of oVirt Node NG\nConditionFileIsExecutable={RC_LOCAL}\n"
            "Wants=network-online.target\nAfter=network-online.target\n\n[Service]\n"
            f"Type=oneshot\nRemainAfterExit=yes\nTimeoutSec=300\nExecStart=-{RC_LOCAL}\n\n"
            "[Install]\nWantedBy=multi-user.target\n")
    why = "The admin's rc.local, which the target's systemd does not run."
    return ((written(DIRECTORY + RC_UNIT, text, why, "services"),),
            (UnitState(RC_UNIT, "enable", (f"multi-user.target.wants/{RC_UNIT}",), why),))
