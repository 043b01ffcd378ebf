"""The volumes of the new system: a root of its own, and a snapshot of each data volume of NG."""

from dataclasses import dataclass
from typing import Callable, List, Set, Tuple

from ng2coreos.model.facts import HostFacts, Mount
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import Tree, Volume
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.paths import ALIASES, kept_at, on_target, top_name, unit_name
from ng2coreos.plan.predict import GIB, rounded_up
from ng2coreos.plan.root_space import deployment_bytes
from ng2coreos.plan.rules import Action, Rules

PREFIX = "ng2coreos_"
ROOT = PREFIX + "root"
TAG = "ng2coreos"
MIN_ROOT_BYTES = 3 * GIB
DEPLOYMENTS = 3  # an upgrade keeps two and unpacks a third before the oldest goes
FILE_SYSTEMS = ("ext4", "xfs")  # whose UUID can be changed; a snapshot must not share NG's
# ng-host.md 1.6; /tmp is left out: its content does not outlive a boot
NIST = ("/home", "/var", "/var/crash", "/var/log", "/var/log/audit", "/var/tmp")
TREES = ("/home", "/opt", "/root", "/srv", "/usr/local")


@dataclass(frozen=True)
class VolumePlan:
    """What was decided; `mount_units` are units of NG that must not mount NG's volumes again."""

    volumes: Tuple[Volume, ...]
    trees: Tuple[Tree, ...]
    findings: Tuple[Finding, ...]
    mount_units: Tuple[str, ...]


def decide_volumes(facts: HostFacts, target: TargetFacts, rules: Rules,
                   new_uuid: Callable[[], str]) -> VolumePlan:
    """The root, the snapshots (parents before what is mounted below them), and the copied trees."""
    found: List[Finding] = []
    layout = facts.layout
    root = layout.mount("/")
    size = max(MIN_ROOT_BYTES, DEPLOYMENTS * deployment_bytes(target))
    fstype = root.fstype if root is not None and root.fstype in FILE_SYSTEMS else "ext4"
    volumes = [Volume(ROOT, "/", fstype, new_uuid(), rounded_up(size, layout.extent_bytes))]
    mine = [m for m in (layout.mount(path) for path in NIST) if m is not None and _thin(facts, m)]
    mine.sort(key=lambda m: (on_target(m.target).count("/"), on_target(m.target)))
    for mount in mine:
        if mount.fstype not in FILE_SYSTEMS:
            found.append(finding("N2C_VOLUME_FSTYPE", [f"lv:{mount.volume}"],
                                 mount=mount.target, fstype=mount.fstype))
        origin = layout.volume(mount.volume)
        volumes.append(Volume(
            PREFIX + mount.volume, on_target(mount.target), mount.fstype, new_uuid(),
            origin.size_bytes if origin else mount.size_bytes, mount.volume, mount.target,
            _removed(mount.target, [m.target for m in mine], rules)))
    if not any(v.source_mount == "/var" for v in volumes):
        found.append(finding("N2C_VAR_VOLUME"))
    found += _leftovers(facts, {v.name for v in volumes})
    return VolumePlan(tuple(volumes), _trees(facts, target, tuple(volumes), rules), tuple(found),
                      tuple(sorted(unit_name(m.target) for m in layout.mounts if m.volume)))


def _thin(facts: HostFacts, mount: Mount) -> bool:
    volume = facts.layout.volume(mount.volume) if mount.volume else None
    return volume is not None and volume.thin and volume.pool == facts.layout.pool.name


def _removed(top: str, mounts: List[str], rules: Rules) -> Tuple[str, ...]:
    """NG-only content of the volume at `top`, relative to it; not what a deeper volume holds."""
    found: Set[str] = set()
    for entry in rules.entries:
        if entry.action is not Action.DROP:
            continue
        for pattern in entry.paths:
            holder = max((m for m in mounts if pattern.startswith(m + "/")), key=len, default="")
            if holder == top:
                relative = pattern[len(top) + 1:]
                found.add(relative[:-3] if relative.endswith("/**") else relative)
    return tuple(sorted(found))


def _trees(facts: HostFacts, target: TargetFacts, volumes: Tuple[Volume, ...],
           rules: Rules) -> Tuple[Tree, ...]:
    """What is copied: the directories that the image links into /var, and the admin's own."""
    var = next((v for v in volumes if v.mount == "/var"), None)
    if var is None:
        return ()
    found = []
    own = [t.path for t in facts.trees if t.path not in TREES]
    for source in (*TREES, *own):
        if facts.layout.mount(source) is not None:
            continue  # a file system of its own: a volume of ours or a line of fstab
        exclude = sorted(p[len(source) + 1:] for entry in rules.entries
                         if entry.action is Action.DROP
                         for p in entry.paths if p.startswith(source + "/"))
        name = top_name(source)
        real = kept_at(name, target.top) if name else ALIASES[source]
        found.append(Tree(source, var.name, real[len("/var/"):], tuple(exclude)))
    return tuple(found)


def _leftovers(facts: HostFacts, names: Set[str]) -> List[Finding]:
    found: List[Finding] = []
    ours = sorted(v.name for v in facts.layout.volumes
                  if any(tag == TAG or tag.startswith(TAG + ".") for tag in v.tags))
    taken = sorted(v.name for v in facts.layout.volumes if v.name in names and v.name not in ours)
    if ours:
        found.append(finding("N2C_LEFTOVERS", [f"lv:{name}" for name in ours]))
    if taken:
        found.append(finding("N2C_VOLUME_NAME_TAKEN", [f"lv:{name}" for name in taken]))
    foreign = sorted(t for t in facts.layout.vg_tags
                     if not t.startswith("imgbased:") and not t.startswith(TAG))
    if foreign:
        found.append(finding("N2C_VG_FOREIGN_TAG", [f"vg:{facts.layout.vg}"], foreign,
                             vg=facts.layout.vg))
    return found
