"""The volumes of the new system: a root of its own, and a snapshot of each data volume of NG."""

from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ng2coreos.core import globs
from ng2coreos.core.left import Left
from ng2coreos.model.facts import HostFacts, Mount
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import Tree, Volume
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.paths import ALIASES, kept_at, on_target, top_name, unit_name
from ng2coreos.plan.predict import GIB, rounded_up
from ng2coreos.plan.root_space import deployment_bytes
from ng2coreos.plan.rules import Action, Entry, Rules

PREFIX = "ng2coreos_"
ROOT = PREFIX + "root"
TAG = "ng2coreos"
MIN_ROOT_BYTES = 3 * GIB
DEPLOYMENTS = 3  # an upgrade keeps two and unpacks a third before the oldest goes
FILE_SYSTEMS = ("ext4", "xfs")  # whose UUID can be changed; a snapshot must not share NG's
# ng-host.md 1.6; /tmp is left out: its content does not outlive a boot
NIST = ("/home", "/var", "/var/crash", "/var/log", "/var/log/audit", "/var/tmp")
# The run's own: its exported secrets stay on NG, whatever a whitelist says
NEVER_IN_VAR = ("/var/lib/ng2coreos", "/var/tmp/ng2coreos-*")
TREES = ("/home", "/opt", "/root", "/srv", "/usr/local")
_ALL = "**"  # all of a volume


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
        left = decide_left(mount.target, rules, [m.target for m in mine])
        volumes.append(Volume(
            PREFIX + mount.volume, on_target(mount.target), mount.fstype, new_uuid(),
            origin.size_bytes if origin else mount.size_bytes, mount.volume, mount.target,
            left.patterns, keep=left.keep, never=left.never))
    if not any(v.source_mount == "/var" for v in volumes):
        found.append(finding("N2C_VAR_VOLUME"))
    found += _leftovers(facts, {v.name for v in volumes})
    return VolumePlan(tuple(volumes), _trees(facts, target, tuple(volumes), rules), tuple(found),
                      tuple(sorted(unit_name(m.target) for m in layout.mounts if m.volume)))


def _thin(facts: HostFacts, mount: Mount) -> bool:
    volume = facts.layout.volume(mount.volume) if mount.volume else None
    return volume is not None and volume.thin and volume.pool == facts.layout.pool.name


def decide_left(top: str, rules: Rules, deeper: Sequence[str] = ()) -> Left:
    """What stays behind of the volume or tree at `top`; not of what `deeper` volumes hold.

    A rule counts where it is the one that decides (Rules.find_above): so a drop-in may carry what
    ours drop, or a part of it, and drop a part of that.
    """
    def inside(pattern: str) -> str:
        outer = globs.outermost(pattern)
        if Left((outer,)).has(top):
            return _ALL
        holder = max((m for m in (top, *deeper) if outer.startswith(m + "/")), key=len, default="")
        return outer[len(top) + 1:] if holder == top and outer not in deeper else ""

    drops: Dict[str, int] = {}  # and the tier
    spared: Dict[str, int] = {}
    for tier, layers in enumerate(rules.tiers):
        for entry in (entry for layer in layers for entry in layer.entries):
            mine, others = (drops, spared) if _drops(entry) else (spared, drops)
            for pattern in entry.paths:
                if inside(pattern) and rules.find_above(globs.sample(pattern)) == entry:
                    mine.setdefault(inside(pattern), tier)
            for pattern in entry.exclude:
                decides = rules.find_above(globs.sample(pattern))
                if inside(pattern) and _drops(decides) is not _drops(entry):
                    others.setdefault(inside(pattern), tier)
    ours = tuple(sorted({inside(pattern) for pattern in NEVER_IN_VAR} - {""}))
    keep = {one: tier for one, tier in spared.items() if one != _ALL and _matter(one, drops)
            and not Left(ours).has(globs.sample(one))}
    whole = (f"{one}/**" for one, tier in keep.items() if _outranks(one, tier, drops))
    never = (one for one, tier in drops.items() if _outranks(one, tier, keep))
    return Left(tuple(sorted({*drops, *ours})), tuple(sorted((*keep, *whole))),
                tuple(sorted({*ours, *never})))


def _matter(one: str, drops: Iterable[str]) -> bool:
    """May something that fits `one` be in what `drops` leave behind?"""
    if Left(tuple(drops)).has(globs.sample(one)):
        return True
    return any(globs.start(one).startswith(globs.start(drop)) or (
        not globs.literal(one) and globs.start(drop).startswith(globs.start(one)))
        for drop in drops if not (globs.literal(one) and globs.literal(drop)))


def _outranks(one: str, tier: int, others: Mapping[str, int]) -> bool:
    """Does it decide whatever `others` say there, or below, all of which is of a lower tier?

    A plain path is more exact than any other pattern that fits it.
    """
    path = globs.sample(one)
    below = [rank for other, rank in others.items() if globs.leads(other, path)]
    beside = [rank for other, rank in others.items() if globs.matches(other, path)]
    least = min((*below, *(() if globs.literal(one) else beside)), default=tier + 1)
    return bool(below or beside) and least > tier


def _drops(entry: Optional[Entry]) -> bool:
    return entry is not None and entry.action is Action.DROP


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
        left = decide_left(source, rules)
        name = top_name(source)
        real = kept_at(name, target.top) if name else ALIASES[source]
        found.append(Tree(source, var.name, real[len("/var/"):], left.patterns, left.keep,
                          left.never))
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
