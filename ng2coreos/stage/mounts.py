"""Mounts that vanish with the process that made them, and are undone in reverse order."""

import ctypes
import os
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Iterator, List, NamedTuple, Optional, Type

from ng2coreos.core.errors import CommandFailed, Ng2CoreosError
from ng2coreos.core.host import Host

_CLONE_NEWNS = 0x00020000  # linux/sched.h
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000  # linux/mount.h
_UNMOUNT_S = 600.0  # an unmount writes everything back


def private_namespace() -> None:
    """Give this process a mount namespace of its own, so that the host never sees its mounts.

    The kernel drops the namespace, and every mount made in it, when the last process in it ends,
    however it ends.  Call it before any thread is started: it moves the calling thread only.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        raise _os_error("unshare")
    if libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None):
        raise _os_error("make-rprivate")


class MountPoint(NamedTuple):
    """A line of the kernel's mount table as this process sees it."""

    device: str  # major:minor
    root: str  # what of the file system is mounted
    target: str
    options: str
    fstype: str
    source: str


def table() -> List[MountPoint]:
    """The mounts that this process sees, oldest first."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
        for line in stream:
            head, _, tail = line.partition(" - ")
            _, _, device, root, target, options, *_ = head.split(" ")
            fstype, source, *_ = tail.split(" ")
            found.append(MountPoint(device, _plain(root), _plain(target), options, fstype,
                                    _plain(source)))
    return found


def mounted(path: Path) -> Optional[MountPoint]:
    """What is mounted exactly at `path`, the topmost if several are."""
    real = os.path.realpath(str(path))
    return next((m for m in reversed(table()) if m.target == real), None)


class Mounts:
    """The mounts of a run, below `base` (0700); leaving the context unmounts them, newest first.

    The directory is made by the first mount: who undoes needs none, and may find /run full.
    """

    def __init__(self, host: Host, base: Path) -> None:
        self.base = base
        self._host = host
        self._made: List[Path] = []
        self._recursive: List[Path] = []

    def __enter__(self) -> "Mounts":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        try:
            self.unmount_all()
        except Ng2CoreosError:
            if error is None:  # else the first error is what the caller must see
                raise

    def volume(self, vg: str, name: str, directory: str, *options: str) -> Path:
        """Mount logical volume `vg`/`name` on `directory` below the base, unless it is already."""
        return self.device(f"/dev/{vg}/{name}", directory, *options)

    def device(self, device: str, directory: str, *options: str) -> Path:
        """Mount a block device on `directory` below the base, unless it is already."""
        target = self.base / directory
        if target in self._made:
            return target
        self.base.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(str(self.base), 0o700)
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = ["-o", ",".join(options)] if options else []
        self._host.run(["mount", *words, "--", device, str(target)], timeout_s=_UNMOUNT_S)
        self._made.append(target)
        return target

    def bind(self, source: Path, target: Path, *, recursive: bool = False) -> Path:
        """Make `target` show directory `source` too, and prove it by device and inode."""
        if target not in self._made:
            how = "--rbind" if recursive else "--bind"
            self._host.run(["mount", how, "--", str(source), str(target)])
            if recursive:
                self._recursive.append(target)
            self._made.append(target)
        wanted, found = os.stat(str(source)), os.stat(str(target))
        if (wanted.st_dev, wanted.st_ino) != (found.st_dev, found.st_ino) or not mounted(target):
            raise CommandFailed(f"{target} does not show {source} although the mount succeeded.",
                                hint="Look at `findmnt`; does something else mount there?")
        return target

    def unmount(self, target: Path) -> None:
        """Unmount what this object mounted at `target`; what it did not mount is left alone."""
        if target in self._made:
            # what was bound recursively may be busy below: let it go when it is free
            lazily = ["--lazy"] if target in self._recursive else []
            self._host.run(["umount", *lazily, "--", str(target)], timeout_s=_UNMOUNT_S)
            self._made.remove(target)

    def unmount_all(self) -> None:
        """Unmount everything, newest first; one error tells all that could not be unmounted."""
        problems = []
        for target in reversed(list(self._made)):
            try:
                self.unmount(target)
            except Ng2CoreosError as error:
                problems.append(error.message)
        if problems:
            raise CommandFailed("; ".join(problems), hint="See with fuser -vm who uses it.")


@contextmanager
def writable(host: Host, mountpoint: Path) -> Iterator[None]:
    """Make a file system that the host mounts read-only writable, for this process only.

    Works in a mount namespace of its own (`private_namespace` first): the other processes' mount
    stays read-only, as NG's /boot on CoreOS must.
    """
    at = mounted(mountpoint)
    read_only = at is not None and "ro" in at.options.split(",")
    if read_only:
        host.run(["mount", "-o", "remount,rw", "--", str(mountpoint)])
    try:
        yield
    finally:
        if read_only:
            host.run(["mount", "-o", "remount,bind,ro", "--", str(mountpoint)])




def _plain(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text


def _os_error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")
