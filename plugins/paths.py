"""paths: directories and mounts that a root which cannot be written may not have.

A system of ostree has exactly the directories in ``/`` that its image has.  What the image links
into /var or brings empty gets its place; of the rest the content is kept and the path is told, and
where the engine knows a host by such a path the plan stops.
"""

import re
import stat
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.core.redact import HIDDEN
from ng2coreos.model.facts import HostFacts, Mount
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item
from ng2coreos.model.places import STANDARD
from ng2coreos.model.plan import UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.fstab import NOFAIL, field
from ng2coreos.plan.paths import has_top, kept_at, top_name, unit_name, with_image
from ng2coreos.plan.written import given_up, written

from .lines import NETWORK, SECRETS, kept, unescaped

FSTAB = "/etc/fstab"
UNITS = "/etc/systemd/system"
RHEV = "/rhev"
RHEV_UNIT = "rhev.mount"
RHEV_DIRECTORIES = "/etc/tmpfiles.d/ng2coreos-rhev.conf"
# A storage domain is a directory named by its UUID; how deep the engine's path may lie
_DOMAIN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DEPTH = 4
_SEARCHED = ("/home", "/mnt", "/opt", "/srv", "/var")
_WHERE = re.compile(r"^(Where=)(.*)$", re.MULTILINE)
_FAR = re.compile(rf"^(?:Type=(?:{'|'.join(map(re.escape, NETWORK))})\s*$|What=(?://|[^/\s]\S*:)"
                  r"|Options=(?:.*,)?_netdev\b)", re.MULTILINE)
_RHEV_MOUNT = """\
# Written by ng2coreos: vdsm mounts storage domains here, and the image's root cannot be written.
[Unit]
Description=Storage domains of oVirt

[Mount]
What=tmpfs
Where=/rhev
Type=tmpfs
Options=mode=0755,nosuid,nodev,size=64m

[Install]
WantedBy=local-fs.target
"""
# tmpfiles, unlike mount units, gives the policy's label to what is there
_RHEV_LABEL = "d /rhev 0755 root root -\n"
_RHEV_TMPFILES = """\
# Written by ng2coreos: vdsm's directories for storage domains.
d /rhev/data-center 0755 vdsm kvm -
d /rhev/data-center/mnt 0755 vdsm kvm -
d /rhev/data-center/hsm-tasks 0755 vdsm kvm -
"""


class Paths:
    """Facts: what lies loose in ``/``, local storage domains, fstab, and mount units."""

    id = "paths"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Reads names, and files of mounts; looks for domains where nothing is a network's."""
        units = [n for n in host.names(UNITS) if n.endswith((".mount", ".automount"))]
        lines = host.read_text(FSTAB, default="").splitlines()
        return {
            "loose": _loose(host), "volatile": {"media": _media(host)}, "domains": _domains(host),
            "fstab": [_secretless(line.split()) for line in lines
                      if len(line.split()) >= 4 and not line.lstrip().startswith("#")],
            "units": {n: host.read_text(f"{UNITS}/{n}") for n in units if _plain(host, n)},
        }

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Lines of fstab and mount units for the new places, /rhev, and what has no place."""
        if not mine:
            return Contribution()
        top = target.top
        lines, left, far = kept(facts, mine["fstab"], top)
        items, states, lost = _units(facts, mine["units"], top)
        bricks = facts.plugins.get("gluster", {}).get("bricks", ())
        local = [path for path in mine["domains"]  # what a brick holds is asked of the brick
                 if not any(path.startswith(brick + "/") for brick in bricks)]
        found = [*_moved(facts, top), *_domain_findings(facts, local, top)]
        loose = [*mine["loose"], *mine["volatile"]["media"]]
        if loose:
            found.append(finding("N2C_PATHS_LOOSE", evidence=loose))
        if left or lost:
            found.append(finding("N2C_PATHS_MOUNT", evidence=[*left, *lost]))
        if facts.plugins.get("vdsm", {}).get("id"):
            more, found_rhev = _rhev(target)
            items += more
            found += found_rhev
            if any(item.path == f"{UNITS}/{RHEV_UNIT}" for item in more):
                links = (f"local-fs.target.wants/{RHEV_UNIT}",)
                states.append(UnitState(RHEV_UNIT, "enable", links,
                                        "vdsm mounts storage domains there."))
        checks = ((Check("mount:/rhev", "mount", "Storage domains can be mounted below /rhev",
                         {"target": RHEV, "uuid": ""}),)
                  if any(state.unit == RHEV_UNIT for state in states) else ())
        return Contribution(findings=tuple(found), items=tuple(items), units=tuple(states),
                            fstab=(*_binds(facts, top), *lines), checks=checks,
                            may_fail=(*far, *_far_units(mine["units"], top)))


PLUGIN = Paths


def _secretless(row: List[str]) -> List[str]:
    """A line of fstab with the values of passwords taken out of its options."""
    words = [next((secret + HIDDEN for secret in SECRETS if word.startswith(secret)), word)
             for word in row[3].split(",")]
    return [*row[:3], ",".join(words), *row[4:]]


def _plain(host: Host, name: str) -> bool:
    st = host.lstat(f"{UNITS}/{name}")
    return st is not None and stat.S_ISREG(st.st_mode)


def _loose(host: Host) -> List[str]:
    """Files and links of the admin's in ``/``."""
    found = []
    skipped = _network_mounts(host)
    for name in host.names("/"):
        st = None if f"/{name}" in skipped else host.lstat(f"/{name}")
        if st is not None and name not in STANDARD and not name.startswith(".") and (
                not stat.S_ISDIR(st.st_mode)):
            found.append(f"/{name}")
    return found


def _media(host: Host) -> List[str]:
    """What lies in /media: that may be a stick which is pulled before the run."""
    return [f"/media/{name}" for name in host.names("/media")]


def _domains(host: Host) -> List[str]:
    """Local storage domains, by their metadata."""
    skipped = _network_mounts(host)
    tops = [f"/{n}" for n in host.names("/") if n not in STANDARD] + list(_SEARCHED)
    found: List[str] = []
    todo = [(path, 0) for path in tops]
    while todo:
        path, depth = todo.pop()
        if path in skipped:  # before anything that would ask the server
            continue
        try:
            st = host.lstat(path)
            names = host.names(path) if st is not None and stat.S_ISDIR(st.st_mode) else []
        except OSError:  # a disk that fails, a helper that died: nothing is served from there
            continue
        for name in names:
            below = f"{path}/{name}"
            if not _DOMAIN.fullmatch(name):
                todo += [(below, depth + 1)] if depth < _DEPTH else []
            elif below not in skipped and _is_domain(host, below):
                found.append(below)
    return sorted(found)


def _is_domain(host: Host, path: str) -> bool:
    try:
        return host.exists(f"{path}/dom_md/metadata")
    except OSError:
        return False


def _network_mounts(host: Host) -> Set[str]:
    """Where a network's file system is mounted: a server that is gone would hang us.

    So would a helper of FUSE; most of these serve from a network too.
    """
    rows = [line.split() for line in host.read_text("/proc/self/mounts", default="").splitlines()]
    return {unescaped(row[1]) for row in rows
            if len(row) > 2 and (row[2] in (*NETWORK, "autofs") or row[2].startswith("fuse."))}


def _moved(facts: HostFacts, top: Mapping[str, str]) -> List[Finding]:
    trees = [t for t in facts.trees if top_name(t.path) and not has_top(top_name(t.path), top)]
    if not trees:
        return []
    return [finding("N2C_PATHS_MOVED", [f"file:{t.path}" for t in trees],
                    [f"{t.path} becomes {kept_at(top_name(t.path), top)}" for t in trees])]


def _covering(facts: HostFacts, path: str) -> Optional[Mount]:
    """The mount that `path` lies on."""
    inside = [m for m in facts.layout.mounts
              if path == m.target or path.startswith(m.target.rstrip("/") + "/")]
    return max(inside, key=lambda m: len(m.target), default=None)


def _domain_findings(facts: HostFacts, domains: List[str],
                     top: Mapping[str, str]) -> List[Finding]:
    mounts = {path: _covering(facts, path) for path in domains}
    on_root = [path for path, mount in mounts.items() if mount is None or mount.target == "/"]
    forbidden = [path for path in domains if path not in on_root
                 and with_image(path, top) is None]
    found = []
    if on_root:
        found.append(finding("N2C_PATHS_DOMAIN_ON_ROOT", [f"file:{p}" for p in on_root]))
    if forbidden:
        found.append(finding("N2C_PATHS_DOMAIN", [f"file:{p}" for p in forbidden]))
    return found


def _binds(facts: HostFacts, top: Mapping[str, str]) -> List[str]:
    """Directories that the image brings empty get the copied content bound to them."""
    names = [top_name(t.path) for t in facts.trees if top_name(t.path)]
    return [f"{field(kept_at(name, top))} {field('/' + name)} none bind,{NOFAIL} 0 0"
            for name in names if has_top(name, top) and not top[name]]


def _far_units(units: Dict[str, str], top: Mapping[str, str]) -> List[str]:
    """Mount units of a server's directories, by the names that they get: it may be down."""
    places = [_WHERE.search(text) for name, text in sorted(units.items())
              if name.endswith(".mount") and _FAR.search(text)]
    reals = [with_image(place.group(2).strip().rstrip("/"), top) for place in places if place]
    return [unit_name(real) for real in reals if real]


def _units(facts: HostFacts, units: Dict[str, str], top: Mapping[str, str],
           ) -> Tuple[List[Item], List[UnitState], List[str]]:
    """Mount units whose place has another real path: systemd mounts on no link."""
    items: List[Item] = []
    states: List[UnitState] = []
    lost: List[str] = []
    wanted = {s.unit: s for s in facts.services if s.state == "enabled"}
    ours = {unit_name(m.target) for m in facts.layout.mounts if m.volume}
    for name, text in sorted(units.items()):
        match = _WHERE.search(text)
        where = match.group(2).strip().rstrip("/") if match else ""
        if not where or name in ours:
            continue
        real = with_image(where, top)
        if real == where:
            continue
        items.append(given_up(f"{UNITS}/{name}", "Its place has another path there.", "paths"))
        if real is None:
            lost.append(f"{name} at {where}: the image has no such directory")
            continue
        new = unit_name(real, name.rpartition(".")[2])
        begin, end = match.span(2) if match else (0, 0)
        items.append(written(f"{UNITS}/{new}", text[:begin] + real + text[end:],
                             f"{where} is a link there, and systemd mounts on none.", "paths",
                             source=f"{UNITS}/{name}"))
        if name in wanted:
            states.append(UnitState(new, "enable", tuple(
                f"{place}/{new}" for place in wanted[name].wanted_by), "The admin enabled it."))
    return items, states, lost


def _rhev(target: TargetFacts) -> Tuple[List[Item], List[Finding]]:
    """A place where vdsm can mount storage domains, at the path that every engine knows."""
    if not target.top or RHEV_UNIT in target.units:
        return [], []
    if "rhev" not in target.top:
        return [], [finding("N2C_PATHS_RHEV")]
    ours = not target.top["rhev"]
    items = [written(RHEV_DIRECTORIES, _RHEV_TMPFILES + (_RHEV_LABEL if ours else ""),
                     "vdsm's directories for storage domains.", "paths")]
    if ours:
        items.append(written(f"{UNITS}/{RHEV_UNIT}", _RHEV_MOUNT,
                             "The image's root cannot be written.", "paths"))
    return items, []
