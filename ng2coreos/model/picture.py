"""What a report shows of the host beside the decisions: packages, disk and network, for a drawing.

Nothing is decided with it; a plan without a picture is as good for a run.
"""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class PackageFate:
    """A package that somebody added to NG's image, and what the target has of it."""

    nevra: str
    vendor: str
    action: str  # in-image | left
    target: str = ""  # the image's own, by name


@dataclass(frozen=True)
class DrawnVolume:
    """A logical volume of NG. `kind`: pool | layer | base | init | swap | thin | thick."""

    name: str
    kind: str
    size_bytes: int
    used_bytes: int = 0
    mount: str = ""
    origin: str = ""
    current: bool = False


@dataclass(frozen=True)
class DrawnDisk:
    """A physical volume that the host sees."""

    device: str
    vg: str
    size_bytes: int


@dataclass(frozen=True)
class Disk:
    """NG's volume group, its pool, and the boot partition beside it."""

    vg: str
    size_bytes: int
    free_bytes: int
    pool: str
    pool_bytes: int
    pool_used_bytes: int
    metadata_bytes: int
    metadata_used_bytes: int
    disks: Tuple[DrawnDisk, ...]
    volumes: Tuple[DrawnVolume, ...]
    boot_source: str
    boot_fstype: str
    boot_bytes: int
    boot_free_bytes: int


@dataclass(frozen=True)
class Link:
    """A network interface: a card or what is made of others (`below`)."""

    name: str
    kind: str  # nic | bond | vlan | bridge | as NetworkManager calls it
    mac: str = ""
    driver: str = ""
    below: Tuple[str, ...] = ()
    addresses: Tuple[str, ...] = ()
    gateways: Tuple[str, ...] = ()
    networks: Tuple[str, ...] = ()  # the engine's networks on it
    pinned: bool = False  # keeps its name on the new system by its MAC address


@dataclass(frozen=True)
class Picture:
    """All of it."""

    arch: str
    firmware: str
    secure_boot: bool
    kernel: str
    packages_removed: Tuple[str, ...]
    target_packages: int
    packages: Tuple[PackageFate, ...]
    disk: Disk
    links: Tuple[Link, ...]
