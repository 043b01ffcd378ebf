"""The boot entry that ostree wrote into the private boot directory: read, never constructed."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import STATE_BYTES, read_regular

PREFIX = "/coreos"  # where the private directory is as GRUB sees the partition
_HINT = "Run `ng2coreos rollback`, then apply again."


@dataclass(frozen=True)
class BootEntry:
    """A kernel, its initrds and arguments; paths from the top of the boot partition."""

    linux: str
    initrds: Tuple[str, ...]
    options: str


@dataclass(frozen=True)
class Deployed:
    """The one deployment of a staged sysroot, and its boot entry as GRUB can load it."""

    commit: str
    deployment: str  # its directory, relative to the sysroot
    bls: str  # the entry's file, relative to the private directory
    bootcsum: str
    entry: BootEntry


def entries(private: Path) -> Tuple[str, ...]:
    """File names of the entries of the active loader directory, relative to `private`."""
    loader = private / "loader"
    if not loader.is_symlink():
        return ()
    active = os.readlink(str(loader))
    try:
        names = sorted(os.listdir(str(private / active / "entries")))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return tuple(f"{active}/entries/{name}" for name in names if name.endswith(".conf"))


def only_entry(private: Path) -> str:
    """The only boot entry below `private`, relative to it; BadInput if there is none or more."""
    found = entries(private)
    if len(found) != 1:
        raise BadInput(f"{private}/loader has {len(found)} boot entries, not one.", hint=_HINT)
    return found[0]


def read(private: Path, name: str) -> BootEntry:
    """The entry in file `name` of `private`, its files checked to be there.

    ostree's paths are relative to the private directory; here they start at the partition's top.
    """
    try:
        text = read_regular(private / name, STATE_BYTES).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise BadInput(f"{private / name} cannot be read: {error.strerror}.", hint=_HINT) from None
    keys = parse(text)
    for key in ("linux", "initrd", "options"):
        if not keys.get(key):
            raise BadInput(f"{private / name} has no {key}.", hint=_HINT)
    linux = _inside(keys["linux"][0])
    initrds = tuple(_inside(path) for line in keys["initrd"] for path in line.split())
    for path in (linux, *initrds):
        real = private / path.lstrip("/")
        if not real.is_file() or not real.stat().st_size:
            raise BadInput(f"{private / name} names {path}, which is missing or empty.", hint=_HINT)
    return BootEntry(PREFIX + linux, tuple(PREFIX + path for path in initrds),
                     " ".join(keys["options"]))


def ostree_argument(options: str) -> str:
    """The value of ``ostree=`` in kernel arguments; BadInput if there is none."""
    found = [word[len("ostree="):] for word in options.split() if word.startswith("ostree=")]
    if not found:
        raise BadInput("The boot entry has no ostree= argument.", hint=_HINT)
    return found[-1]


def parse(text: str) -> Dict[str, List[str]]:
    """Keys of a boot entry with all their values, in order (initrd may come more than once)."""
    keys: Dict[str, List[str]] = {}
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if key and not key.startswith("#"):
            keys.setdefault(key, []).append(value.strip())
    return keys


def _inside(path: str) -> str:
    """`path` without the ``/boot`` that ostree writes when bootprefix is on."""
    return path[len("/boot"):] if path.startswith("/boot/") else path
