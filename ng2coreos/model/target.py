"""What is known about the target image: read from the ostree commit without checking it out."""

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

from ng2coreos.model.facts import FileFact, Group, Package, User
from ng2coreos.model.packages import RepositoryFile


@dataclass(frozen=True)
class TargetSource:
    """Where the commit comes from. `kind`: repo (local directory) | tar | url."""

    kind: str
    location: str
    ref: str
    key: str = ""  # GPG public key file; empty: the source's own trusted keys are asked
    insecure: bool = False  # the admin said --insecure: signature not checked


@dataclass(frozen=True)
class Signature:
    """The commit's signature: `verified` only if a good one by a given key was found."""

    verified: bool
    key_ids: Tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Initramfs:
    """What the commit's initramfs holds."""

    bytes: int
    has_lvm: bool
    has_thin_tools: bool
    has_ostree: bool
    has_ignition: bool
    devices_file: bool  # etc/lvm/devices/system.devices is inside: PVs that it lacks stay unseen
    first_boot_units: Tuple[str, ...]  # "TARGET.requires/UNIT" links below etc/systemd/system


@dataclass(frozen=True)
class Stored:
    """The commit in a repository and checked out, by the sizes of all its objects.

    `_bytes` are counted in whole blocks of 4 KiB, as file systems give them.
    """

    objects: int  # distinct files and symlinks: one inode each, hard-linked into a checkout
    object_bytes: int
    metadata: int  # distinct dirtrees and dirmetas
    metadata_bytes: int
    directories: int
    directory_bytes: int  # in ext4's format


@dataclass(frozen=True)
class PolicyFacts:
    """What the image's SELinux policy knows, by its store."""

    types: Tuple[str, ...]  # with aliases and attributes
    booleans: Tuple[str, ...]
    users: Tuple[str, ...]
    roles: Tuple[str, ...]
    modules: Tuple[str, ...]  # "PRIORITY/NAME"
    records: Tuple[str, ...]  # of the image's own, as lines for `semanage import`
    equivalences: Tuple[str, ...]  # "PATH LIKE_WHICH"


@dataclass(frozen=True)
class TargetFacts:
    """Everything that a plan needs to know about the target image."""

    source: TargetSource
    ref: str
    commit: str
    version: str
    timestamp: int  # seconds since 1970
    signature: Signature
    os_release: Dict[str, str]
    kernel_version: str
    kernel_bytes: int
    initramfs: Initramfs
    ignition_version: str  # "2.14.0"
    files: int
    bytes: int  # content of the checked-out tree
    packages: Tuple[Package, ...]
    users: Tuple[User, ...]  # of /usr/lib/passwd and /usr/etc/passwd
    groups: Tuple[Group, ...]
    etc_groups: Tuple[str, ...]  # groups kept in /usr/etc/group, whose members can be changed
    etc: Dict[str, FileFact]  # "/etc/..." -> what /usr/etc has there
    units: Dict[str, Tuple[str, ...]]  # unit file -> WantedBy=/RequiredBy= ("T.wants", ...)
    enabled_units: Tuple[str, ...]  # already enabled by links in /usr/etc or /usr/lib
    ostree_composefs: bool = False
    selinux: Optional[str] = None  # policy type, or None where the image has none
    selinux_mode: str = ""  # enforcing, permissive or disabled, as the image's configuration says
    policy: Optional[PolicyFacts] = field(default=None, repr=False)  # where its store is there
    firewall_services: Tuple[str, ...] = ()  # names that zones of firewalld may use
    modules: Tuple[str, ...] = ()  # of the kernel, built in or not, with _ for -
    stored: Optional[Stored] = None  # None: estimated by `files` and `bytes`
    top: Dict[str, str] = field(default_factory=dict)  # directory in / -> what it links to, or ""
    python: bool = False  # is there a Python that the tool's part on the new system can run on?
    repositories: Tuple[RepositoryFile, ...] = ()  # of /usr/etc/yum.repos.d
    # measured while it was read, 0 where it was not; another reading has other figures
    read_bytes_per_s: float = field(default=0.0, compare=False)
    objects_per_s: float = field(default=0.0, compare=False)
    # contents of files of /usr/etc that were asked for ("/etc/..."), which NG has otherwise
    texts: Dict[str, str] = field(default_factory=dict, repr=False)

    def user(self, name: str) -> Optional[User]:
        """The image's user called `name`."""
        return next((u for u in self.users if u.name == name), None)

    def group(self, name: str) -> Optional[Group]:
        """The image's group called `name`."""
        return next((g for g in self.groups if g.name == name), None)
