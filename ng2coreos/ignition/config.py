"""The Ignition config as a typed model, independent of any spec version.

Contents and password hashes never show in a repr.  What Ignition could express and we must not use
has no place here: disks, and units with presets (the machine-id is carried, presets never run).
Kernel arguments are for a reinstallation: in a move Ignition would edit NG's boot entries and
reboot (coreos-target.md 2.6).
"""

from dataclasses import dataclass, field
from typing import Optional, Tuple, Union

from ng2coreos.core.secret import Secret
from ng2coreos.ignition.contents import Contents

Owner = Union[str, int]  # a name, or a number where the account is made by the same config


@dataclass(frozen=True)
class File:
    """A regular file; it replaces whatever file is there."""

    path: str
    contents: Contents = field(repr=False)
    mode: int
    user: Owner = "root"
    group: Owner = "root"


@dataclass(frozen=True)
class Directory:
    """A directory that is made or, with its content, kept."""

    path: str
    mode: int
    user: Owner = "root"
    group: Owner = "root"
    replaces: bool = False  # something that is no directory lies there and goes


@dataclass(frozen=True)
class Link:
    """A symlink; it replaces whatever file is there."""

    path: str
    target: str
    user: Owner = "root"
    group: Owner = "root"


@dataclass(frozen=True)
class Filesystem:
    """A file system that exists and is mounted at `path` before anything is written."""

    device: str
    path: str
    format: str


@dataclass(frozen=True)
class Group:
    """A group that Ignition makes."""

    name: str
    gid: int
    system: bool


@dataclass(frozen=True)
class User:
    """A user that Ignition makes (`uid`), or one of the image whose password it sets."""

    name: str
    uid: Optional[int] = None
    gecos: str = ""
    home: str = ""
    primary_group: str = ""
    groups: Tuple[str, ...] = ()
    shell: str = ""
    system: bool = False
    make_home: bool = True
    password_hash: Optional[Secret] = None


@dataclass(frozen=True)
class Config:
    """A whole config; every path is in it once."""

    files: Tuple[File, ...] = ()
    directories: Tuple[Directory, ...] = ()
    links: Tuple[Link, ...] = ()
    filesystems: Tuple[Filesystem, ...] = ()
    groups: Tuple[Group, ...] = ()
    users: Tuple[User, ...] = ()
    kernel_arguments: Tuple[str, ...] = ()
