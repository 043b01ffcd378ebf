"""The plan: decisions about the host and the target, and the exact changes that the run makes."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, Optional, Tuple

from ng2coreos.core.left import Left
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.item import Check, Item
from ng2coreos.model.packages import AddedPackage, Fate
from ng2coreos.model.picture import Picture
from ng2coreos.model.restart import RestartPart
from ng2coreos.model.target import TargetSource


@dataclass(frozen=True)
class IdChange:
    """A user's or group's number on both systems; `target` is what the new system has."""

    name: str
    source_id: int
    target_id: int
    action: str  # same | mapped | created


@dataclass(frozen=True)
class NewUser:
    """A user whom the image lacks and Ignition makes."""

    name: str
    uid: int
    primary_group: str
    groups: Tuple[str, ...]
    gecos: str
    home: str
    shell: str
    system: bool


@dataclass(frozen=True)
class NewGroup:
    """A group that the image lacks and Ignition makes."""

    name: str
    gid: int
    system: bool


@dataclass(frozen=True)
class Identities:
    """How owners are translated: by name, in one pass, ids that swap included."""

    users: Tuple[IdChange, ...]
    groups: Tuple[IdChange, ...]
    new_users: Tuple[NewUser, ...]
    new_groups: Tuple[NewGroup, ...]
    passwords: Tuple[str, ...]  # users whose password hash is carried (read at export)


class ArgAction(Enum):
    """What becomes of a kernel argument."""

    KEEP = "keep"
    DROP = "drop"
    TRANSLATE = "translate"
    ADD = "add"


@dataclass(frozen=True)
class KernelArg:
    """A kernel argument of NG (`arg`), of the new system (`result`), or both."""

    arg: str
    action: ArgAction
    reason: str
    result: str = ""


@dataclass(frozen=True)
class Volume:
    """A volume of the new system, made by the run. `origin` is the LV that it is a snapshot of."""

    name: str
    mount: str  # on the new system; "/" is the ostree sysroot
    fstype: str
    fs_uuid: str
    size_bytes: int
    origin: str = ""
    source_mount: str = ""  # where NG mounts the origin
    remove: Tuple[str, ...] = ()  # NG-only content, relative to the volume, removed in the snapshot
    thick: bool = False
    keep: Tuple[str, ...] = ()  # of that, what a whitelist of the admin's or a plug-in's carries
    never: Tuple[str, ...] = ()  # removed whatever is kept: the run's own, say

    @property
    def left(self) -> Left:
        """What of NG's volume stays behind."""
        return Left(self.remove, self.keep, self.never)


@dataclass(frozen=True)
class Tree:
    """A directory of NG's root that is copied into one of the new volumes."""

    source: str
    volume: str
    path: str  # below the volume
    exclude: Tuple[str, ...] = ()
    keep: Tuple[str, ...] = ()  # of what is excluded
    never: Tuple[str, ...] = ()  # excluded whatever is kept

    @property
    def left(self) -> Left:
        """What of NG's directory stays behind."""
        return Left(self.exclude, self.keep, self.never)


@dataclass(frozen=True)
class UnitState:
    """A unit that is enabled (with explicit links) or masked on the new system."""

    unit: str
    action: str  # enable | mask
    links: Tuple[str, ...]  # paths below /etc/systemd/system
    reason: str


@dataclass(frozen=True)
class Pace:
    """How fast the host did, while it planned, what a run does too."""

    read_bytes_per_s: float  # the image's kernel, read and hashed
    objects_per_s: float  # its directories, read and checked one by one
    lvm_s: float  # one `vgs`
    inventory_s: float  # the host's facts, all of them


@dataclass(frozen=True)
class StepNeed:
    """What one change of the run is expected to take."""

    step: str
    volume: str = ""  # which one, of a step that has a change for each
    pool_bytes: int = 0
    boot_bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Prediction:
    """What the run will need, as docs/predictions.md works it out; each is measured afterwards.

    What is expected and what is kept free for the case that it was wrong are two things: a
    ``margin`` is never a part of the expectation, and always a part of what must be free.
    """

    pool_bytes: int
    pool_free_bytes: int
    pool_reserve_bytes: int  # stays free in any case: both systems live in the pool
    metadata_bytes: int
    boot_bytes: int
    boot_free_bytes: int
    seconds: float
    downtime_s: float
    reboots: int
    pool_margin_bytes: int = 0
    metadata_margin_bytes: int = 0
    boot_margin_bytes: int = 0
    boot_inodes: int = 0
    root_inodes: int = 0  # of the new root's file system
    steps: Tuple[StepNeed, ...] = ()
    pace: Optional[Pace] = None  # None: not measured, a slow host was assumed
    restart: Tuple[RestartPart, ...] = ()  # each trial boot is one

    @property
    def pool_most_bytes(self) -> int:
        """What may be needed at worst, as far as anyone can tell."""
        return self.pool_bytes + self.pool_margin_bytes

    @property
    def metadata_most_bytes(self) -> int:
        """The same, of the pool's metadata."""
        return self.metadata_bytes + self.metadata_margin_bytes

    @property
    def boot_most_bytes(self) -> int:
        """The same, of the /boot partition."""
        return self.boot_bytes + self.boot_margin_bytes

    def need(self, step: str, volume: str = "") -> StepNeed:
        """What this step, or its change for this volume, is expected to take."""
        return next((n for n in self.steps if (n.step, n.volume) == (step, volume)),
                    StepNeed(step, volume))


def _setting(default: Any, doc: str, *choices: Any) -> Any:
    """A field of Policy: its default, its line in ng2coreos-answers(5), all that it may be."""
    metadata = {"doc": doc, "choices": choices}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Policy:
    """The admin's standing choices (defaults, answers file and options)."""

    trial_boots: int = _setting(
        2, "One-shot boots in which the new system must prove itself healthy before it can become "
        "the default. With 1 the permanent boot path is first taken after the confirmation.", 1, 2)
    confirm: str = _setting(
        "auto", "Who makes a system that proved itself healthy the default: the last trial itself, "
        "or the admin with `ng2coreos confirm`. Until then any reset boots NG.", "auto", "manual")
    health_deadline_s: int = _setting(
        900, "Seconds that the health checks of a trial may take to hold all at once. Then the "
        "trial has failed and the host restarts into NG.")
    deadman_s: int = _setting(
        1800, "Seconds after the start of the kernel at which a trial that has not ended is "
        "restarted by force. It must leave room for the boot and for health_deadline_s.")
    unknown_etc: str = _setting(
        "carry", "What becomes of changed files of /etc that no whitelist names. They are "
        "reported either way.", "carry", "drop")
    conflict: str = _setting(
        "keep-ng", "What becomes of a file that NG's admin changed and that the image has in "
        "another version than NG was installed with. With merge, both changes are put together; "
        "where they clash, the run waits for an answer.", "keep-ng", "take-target", "merge")
    added_packages: str = _setting(
        "layer", "What becomes of a distributor's package that was added to NG and that the "
        "image lacks: laid over the image after the confirmation, for a restart that you ask for, "
        "or left behind. Each is reported either way.", "layer", "drop")
    packages: Dict[str, str] = _setting(
        {}, "Name of an added package to layer or drop, whatever added_packages says. Another "
        "vendor's is layered only by its name here; its repository must be carried to "
        "/etc/yum.repos.d.", "layer", "drop")
    overrides: Dict[str, str] = _setting(
        {}, "Overridable findings that are accepted, as with --override: id and reason.")
    answers: Dict[str, str] = _setting(
        {}, "Path of /etc to keep-ng, take-target or merge: the answer to one conflict. For what "
        "was deleted on NG and for what is a file on one side and a directory on the other, "
        "only keep-ng and take-target mean something, and the target's is the default.",
        "keep-ng", "take-target", "merge")


@dataclass(frozen=True)
class BootPlan:
    """Names and numbers of the boot hand-over."""

    stateroot: str
    boot_uuid: str
    boot_fstype: str
    grub_cfg: str
    grubenv: str
    custom_cfg: str
    blscfg: str
    saved_entry: str  # NG's, to come back to
    rollback_linux: str
    rollback_initrds: Tuple[str, ...]
    rollback_options: str
    drop_units: Tuple[str, ...]  # "TARGET.requires/UNIT" taken out of the first boot


@dataclass(frozen=True)
class Labelling:
    """How what the new system gets is labelled: by the image's SELinux policy of that type.

    The lines are file contexts and equivalences of the admin's, as the new system will have them.
    """

    policy: str
    contexts: Tuple[str, ...] = ()
    equivalences: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Decisions:
    """Everything that was decided, before it is cut into changes: the pure result of plan/."""

    findings: Tuple[Finding, ...]
    items: Tuple[Item, ...]
    identities: Identities
    kernel_args: Tuple[KernelArg, ...]
    volumes: Tuple[Volume, ...]
    trees: Tuple[Tree, ...]
    units: Tuple[UnitState, ...]
    checks: Tuple[Check, ...]
    boot: BootPlan
    prediction: Prediction
    labelling: Optional[Labelling] = None  # None where the image has no policy
    packages: Tuple[AddedPackage, ...] = ()  # that the admin added

    @property
    def layers(self) -> Tuple[str, ...]:
        """The packages that are laid over the image once the move is confirmed."""
        return tuple(p.name for p in self.packages if p.fate is Fate.LAYER)

    @property
    def along(self) -> Tuple[str, ...]:
        """The packages that come as dependencies of those."""
        return tuple(p.name for p in self.packages if p.fate is Fate.ALONG)

    @property
    def inhibitors(self) -> Tuple[Finding, ...]:
        """The findings that stop the run whatever the admin says."""
        return tuple(f for f in self.findings if f.kind is Kind.INHIBITOR)

    @property
    def overridables(self) -> Tuple[Finding, ...]:
        """The findings that stop the run unless the admin overrides them."""
        return tuple(f for f in self.findings if f.kind is Kind.OVERRIDABLE)


@dataclass(frozen=True)
class Change:
    """One thing that the run does. `id` is unique in the plan; `params` are the step's own."""

    id: str
    step: str
    summary: str
    params: Dict[str, Any] = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Source:
    """Which host the plan was made for; a plan that no longer fits is stale."""

    fqdn: str
    machine_id: str
    product: str
    layer: str
    base: str
    vg: str
    vg_uuid: str
    pool: str
    packages_total: int
    packages_added: Tuple[str, ...]
    digests: Dict[str, str]  # SHA-256 of the facts that the changes depend on, by part
    ng_volumes: Tuple[str, ...] = ()  # what finalize removes: images and NIST origins


@dataclass(frozen=True)
class Target:
    """Which image the plan leads to."""

    source: TargetSource
    ref: str
    commit: str
    version: str
    signed: bool
    signature_key: str
    kernel_version: str
    ignition_version: str


@dataclass(frozen=True)
class Plan:
    """The dry run's result and the run's only input."""

    schema: str
    run_id: str
    tool_version: str
    created: str  # RFC 3339, UTC
    source: Source
    target: Target
    policy: Policy
    decisions: Decisions
    changes: Tuple[Change, ...]
    incomplete: Optional[str] = None
    picture: Optional[Picture] = None  # for the report only


SCHEMA = "ng2coreos-plan/1"
NG_PVS = "pvs"  # the check that the disks of NG's own volume group are there
# On the new system: for each volume a list of what NG's kernel would not label, a NUL behind each
RELABEL = "/etc/ng2coreos/relabel"
