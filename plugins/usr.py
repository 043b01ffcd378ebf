"""usr: files below /usr that no package brought: hooks, units and rules move, others are told."""

import stat
from dataclasses import replace
from typing import Any, Dict, List, Set, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.inventory import files, packages
from ng2coreos.model import codec
from ng2coreos.model.facts import FileFact, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.plan import UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.paths import unit_name
from ng2coreos.plan.written import carried, written

HOOKS = "/usr/libexec/vdsm/hooks"
KEPT_HOOKS = "/usr/local/libexec/vdsm/hooks"  # where the policy labels programs as programs
# What a directory of /etc is read for as well
MOVES = {
    "/usr/lib/systemd/system": "/etc/systemd/system", "/usr/lib/udev/rules.d": "/etc/udev/rules.d",
    "/usr/lib/tmpfiles.d": "/etc/tmpfiles.d", "/usr/lib/sysctl.d": "/etc/sysctl.d",
    "/usr/lib/modprobe.d": "/etc/modprobe.d", "/usr/lib/modules-load.d": "/etc/modules-load.d",
    "/usr/lib/vdsm/vdsm.conf.d": "/etc/vdsm/vdsm.conf.d"}
TOLD = ("/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/share/vdsm", "/usr/share/cockpit",
        "/usr/share/ovirt-vmconsole", "/usr/lib/udev")
_SMALL = (HOOKS, "/usr/lib/vdsm/vdsm.conf.d")  # rpm may own no file there
_MERGED = ("/bin", "/sbin", "/lib")  # as packages of old releases name them
_SHOWN = 100
_OVERLAY = f"""\
# Written by ng2coreos: the admin's hooks besides those of the image.
[Unit]
Description=vdsm's hooks, those of the admin included
ConditionPathIsDirectory={HOOKS}
RequiresMountsFor=/var
Before=vdsm-network.service supervdsmd.service vdsmd.service

[Mount]
What=overlay
Where={HOOKS}
Type=overlay
Options=lowerdir=/var/usrlocal/libexec/vdsm/hooks:{HOOKS}

[Install]
WantedBy=multi-user.target
"""


class Usr:
    """Facts: files that no package owns, or that are not as their package brought them."""

    id = "usr"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Compares names, sizes and times with rpm's database, as `rpm -Va` does."""
        tops = (HOOKS, *MOVES, *TOLD)
        known = packages.files(host, (*tops, *(t[len("/usr"):] for t in tops
                                               if t[len("/usr"):].startswith(_MERGED))))
        owned = {"/usr" + path if path.startswith(_MERGED) else path: fact
                 for path, fact in known.items()}
        added: Dict[str, Any] = {}
        changed: List[str] = []
        for top in tops:
            here = [path for path in _files(host, top) if path not in added]
            mine = [path for path in here if path not in owned]
            if top in _SMALL or len(mine) < len(here) - len(mine):  # else rpm knows nothing of it
                added.update((path, codec.dump(files.look(host, path))) for path in mine)
                changed += [path for path in here if path in owned
                            and _changed(host, path, owned[path])]
        return {"added": added, "changed": sorted(set(changed))}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Hooks as an overlay, settings as files of /etc, and a list of the rest."""
        if not mine:
            return Contribution()
        added: Dict[str, FileFact] = {path: codec.load(FileFact, fact)
                                      for path, fact in mine["added"].items()}
        items, states = _hooks(added)
        moved, more = _moved(facts, added, {*target.units, *target.enabled_units})
        settled = {item.source for item in (*items, *moved)}
        rest = sorted({*(p for p in added if p not in settled), *mine["changed"]})
        found: List[Finding] = []
        if rest:
            found.append(finding("N2C_USR_CHANGED", evidence=rest[:_SHOWN], count=len(rest)))
        if items:
            found.append(finding("N2C_USR_HOOKS", [f"file:{i.source}" for i in items if i.source]))
        return Contribution(findings=tuple(found), items=(*items, *moved), units=(*states, *more))


PLUGIN = Usr


def _files(host: Host, top: str) -> List[str]:
    """The files below a directory; links only among hooks, where they are as good."""
    found = []
    for path in host.walk(top) if host.exists(top) else ():
        st = host.lstat(path)
        if st is not None and not path.endswith((".pyc", ".pyo")) and (
                stat.S_ISREG(st.st_mode) or (top == HOOKS and stat.S_ISLNK(st.st_mode))):
            found.append(path)
    return found


def _changed(host: Host, path: str, known: Tuple[int, int]) -> bool:
    st = host.lstat(path)
    return st is not None and (st.st_size, int(st.st_mtime)) != known


def _hooks(added: Dict[str, FileFact]) -> Tuple[List[Item], List[UnitState]]:
    paths = sorted(path for path in added if path.startswith(HOOKS + "/"))
    if not paths:
        return [], []
    items = [replace(carried(path, added[path], "A hook of the admin's.", "usr"),
                     path=KEPT_HOOKS + path[len(HOOKS):]) for path in paths]
    unit = unit_name(HOOKS)
    items.append(written(f"/etc/systemd/system/{unit}", _OVERLAY,
                         "The image's directory of hooks cannot be written.", "usr"))
    return items, [UnitState(unit, "enable", (f"multi-user.target.wants/{unit}",),
                             "vdsm looks for hooks there.")]


def _moved(facts: HostFacts, added: Dict[str, FileFact],
           units: Set[str]) -> Tuple[List[Item], List[UnitState]]:
    """Settings of programs that read /etc as well, unless a file there has the name already.

    Nor do those that would hide one of the image's `units`.
    """
    there = {c.path for c in facts.etc if c.host is not None}
    enabled = {s.unit: s for s in facts.services if s.state == "enabled"}
    items: List[Item] = []
    states: List[UnitState] = []
    for path, fact in sorted(added.items()):
        directory, _, name = path.rpartition("/")
        place = MOVES.get(directory)
        if place is None or f"{place}/{name}" in there or (
                place == "/etc/systemd/system" and name in units):
            continue
        items.append(replace(carried(path, fact, "Added below /usr, which the image owns.", "usr"),
                             path=f"{place}/{name}"))
        if place == "/etc/systemd/system" and name in enabled:
            links = tuple(f"{wanting}/{name}" for wanting in enabled[name].wanted_by)
            states.append(UnitState(name, "enable", links, "The admin enabled it on NG."))
    return items, states
