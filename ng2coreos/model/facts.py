"""What is known about the NG host: read by inventory/, never guessed. Sizes are in bytes."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, Optional, Tuple


class ImageKind(Enum):
    """What an image volume is; decided by its name, since the first base is tagged as a layer."""

    INIT = "init"
    BASE = "base"
    LAYER = "layer"


@dataclass(frozen=True)
class LogicalVolume:
    """One LV of NG's VG (hidden ones left out), as lvs reports it."""

    name: str
    uuid: str
    attr: str
    size_bytes: int
    pool: str = ""
    origin: str = ""
    tags: Tuple[str, ...] = ()
    data_percent: Optional[float] = None

    @property
    def thin(self) -> bool:
        """Is it a thin volume?"""
        return self.attr[:1] == "V"


@dataclass(frozen=True)
class ThinPool:
    """The pool that holds NG's images."""

    name: str
    size_bytes: int
    used_bytes: int
    metadata_bytes: int
    metadata_used_bytes: int
    chunk_bytes: int
    profile: str = ""
    autoextend_percent: int = 100  # of data: LVM makes no volumes beyond it; 100: there is no limit


@dataclass(frozen=True)
class Image:
    """An image volume: init LV, base or layer."""

    volume: str
    kind: ImageKind
    nvr: str
    current: bool = False


@dataclass(frozen=True)
class PhysicalVolume:
    """A PV of any VG that the host sees."""

    device: str
    uuid: str
    vg: str
    size_bytes: int


@dataclass(frozen=True)
class Mount:
    """One line of the kernel's mount table, or of swap (`target` is ``swap`` then)."""

    source: str
    target: str
    fstype: str
    options: str
    uuid: str = ""
    volume: str = ""  # the LV's name where the source is an LV of NG's VG
    size_bytes: int = 0
    used_bytes: int = 0
    inodes_used: int = 0


@dataclass(frozen=True)
class Layout:
    """NG's volume group and everything that is mounted."""

    vg: str
    vg_uuid: str
    vg_size_bytes: int
    vg_free_bytes: int
    extent_bytes: int
    pool: ThinPool
    volumes: Tuple[LogicalVolume, ...]
    images: Tuple[Image, ...]
    mounts: Tuple[Mount, ...]
    pvs: Tuple[PhysicalVolume, ...]
    vg_tags: Tuple[str, ...] = ()

    def volume(self, name: str) -> Optional[LogicalVolume]:
        """The LV called `name`."""
        return next((v for v in self.volumes if v.name == name), None)

    def mount(self, target: str) -> Optional[Mount]:
        """What is mounted at `target` (the last one wins, as in the kernel)."""
        return next((m for m in reversed(self.mounts) if m.target == target), None)

    @property
    def layer(self) -> Optional[Image]:
        """The layer that is running."""
        return next((i for i in self.images if i.current), None)


@dataclass(frozen=True)
class BlsEntry:
    """A boot entry of /boot/loader/entries; paths as written there, ``//`` made ``/``."""

    id: str
    title: str
    version: str
    linux: str
    initrds: Tuple[str, ...]
    options: str

    @property
    def layer(self) -> str:
        """The image layer that the entry boots (img.bootid), or nothing."""
        words = [w for w in self.options.split() if w.startswith("img.bootid=")]
        return words[-1].partition("=")[2] if words else ""


@dataclass(frozen=True)
class Boot:
    """How the host boots: firmware, the /boot partition, GRUB's files and entries."""

    firmware: str  # bios | uefi
    secure_boot: bool
    boot_source: str
    boot_uuid: str
    boot_fstype: str
    boot_size_bytes: int
    boot_free_bytes: int
    boot_free_inodes: int
    grub_cfg: str
    grubenv: str
    custom_cfg: str
    grubenv_size_bytes: int
    grub_variables: Dict[str, str]
    sources_custom_cfg: bool
    handles_next_entry: bool
    blscfg: str  # "rhboot" (blsdir) | "upstream" (blscfg --path) | "" where unknown
    entries: Tuple[BlsEntry, ...]
    running_entry: str  # id of the entry that this boot came from, or nothing
    kernel_args: str  # /proc/cmdline without BOOT_IMAGE


@dataclass(frozen=True)
class Package:
    """A package of an rpm database."""

    name: str
    epoch: int
    version: str
    release: str
    arch: str
    vendor: str = ""

    @property
    def nevra(self) -> str:
        """name-epoch:version-release.arch, the epoch only where it is not 0."""
        epoch = f"{self.epoch}:" if self.epoch else ""
        return f"{self.name}-{epoch}{self.version}-{self.release}.{self.arch}"


@dataclass(frozen=True)
class Packages:
    """The layer's packages against the pristine image's (factory) ones."""

    total: int
    added: Tuple[Package, ...]
    removed: Tuple[Package, ...]
    persisted: Tuple[str, ...]  # file names below /var/imgbased/persisted-rpms
    # name of an added package -> those added ones that it brings along by their own name or library
    needs: Dict[str, Tuple[str, ...]] = field(default_factory=dict)
    # name of an added package -> the repository that it came from, where that is known
    origins: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileFact:
    """What lies at a path. kind: file|directory|symlink|other; the digest is of the content."""

    kind: str
    mode: int
    uid: int
    gid: int
    size_bytes: int = 0
    sha256: str = ""
    link: str = ""


class Difference(Enum):
    """How a path of /etc differs from the image's factory."""

    ADDED = "added"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True)
class EtcChange:
    """One path of /etc that is not as the image made it."""

    path: str  # absolute, below /etc
    difference: Difference
    host: Optional[FileFact] = None
    factory: Optional[FileFact] = None


@dataclass(frozen=True)
class User:
    """A line of passwd; the password hash is not a fact, it is read when it is written."""

    name: str
    uid: int
    gid: int
    gecos: str
    home: str
    shell: str
    hashed: bool = False  # has a password that can be typed


@dataclass(frozen=True)
class Group:
    """A line of group."""

    name: str
    gid: int
    members: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Nic:
    """A physical network interface."""

    name: str
    mac: str  # permanent
    driver: str = ""


@dataclass(frozen=True)
class Service:
    """An enabled or masked unit by the links in /etc/systemd/system."""

    unit: str
    state: str  # enabled | masked
    wanted_by: Tuple[str, ...] = ()


@dataclass(frozen=True)
class BootTimes:
    """How long the parts of NG's last boot took; None is what systemd does not know."""

    firmware_s: Optional[float] = None
    loader_s: Optional[float] = None
    kernel_s: Optional[float] = None  # kernel and initramfs, until the host's own systemd
    userspace_s: Optional[float] = None  # until all that is started at boot was up


@dataclass(frozen=True)
class TreeSize:
    """How much lies below a directory of NG's root that is copied (/root, /opt, ...)."""

    path: str
    bytes: int
    inodes: int


@dataclass(frozen=True)
class HostFacts:
    """Everything that a plan needs to know about the NG host."""

    fqdn: str
    machine_id: str
    arch: str
    product: str  # PRETTY_NAME
    variant_id: str
    kernel: str
    boot_id: str
    layout: Layout
    boot: Boot
    packages: Packages
    etc: Tuple[EtcChange, ...]
    users: Tuple[User, ...]
    groups: Tuple[Group, ...]
    nics: Tuple[Nic, ...]
    services: Tuple[Service, ...]
    memory_bytes: int = 0
    trees: Tuple[TreeSize, ...] = ()  # what was not measured is predicted with an allowance
    plugins: Dict[str, Any] = field(default_factory=dict)  # plugin id -> its own JSON facts
    # directories of /etc that are as the image has them, above a path that is not
    etc_above: Dict[str, FileFact] = field(default_factory=dict)
    programs: Tuple[str, ...] = ()  # those of model/programs.py that are installed
    boot_times: BootTimes = BootTimes()
