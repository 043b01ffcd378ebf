"""Gives inodes the label that the target's policy wants, as `restorecon` on the new system would.

The running policy refuses labels that it does not know (EINVAL; only a few domains may set them).
These inodes keep the label that they have, and are listed for the new system, which knows them.
"""

import errno
import os
from pathlib import Path
from typing import List, Tuple

from ng2coreos.stage import inodes
from ng2coreos.stage.labels import Labels
from ng2coreos.stage.mounts import mounted

_OSTREE = b"/usr"
_CONTENT = (".file", ".filez")  # objects of a repository that are a commit's files
_LIST = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class Relabel:
    """Labels for the volume that the new system mounts at `mount`; `left` lists what is left.

    The list holds paths, each with a NUL behind it.  Several processes may share it.  Used as a
    context, it is there until the end, and then only if something is in it.
    """

    def __init__(self, labels: Labels, mount: str, left: Path) -> None:
        self.mount = os.fsencode(mount.rstrip("/"))
        self._labels = labels
        self._place = left
        self._left = -1

    def below(self, path: str) -> "Relabel":
        """The same for what lies below `path` of the volume."""
        found = Relabel(self._labels, f"{os.fsdecode(self.mount)}/{path}", self._place)
        found._left = self._left
        return found

    def __enter__(self) -> "Relabel":
        self._left = os.open(str(self._place), _LIST, 0o600)
        return self

    def __exit__(self, *_: object) -> None:
        empty = os.fstat(self._left).st_size == 0
        os.close(self._left)
        if empty:
            os.unlink(str(self._place))

    def one(self, directory: int, name: bytes, path: bytes, info: os.stat_result
            ) -> Tuple[bool, bool]:
        """Label one inode, `path` on the new system: was it changed, is it left?"""
        at = inodes.at(directory, name)
        have = inodes.get_xattr(at, inodes.LABEL)
        label = self._labels.merged(have.rstrip(b"\0") if have else None, path or b"/",
                                    info.st_mode)
        if label is None:
            return False, False
        try:
            os.setxattr(at, inodes.LABEL, label + b"\0", follow_symlinks=False)
        except OSError as error:
            if error.errno == errno.EINVAL:
                os.write(self._left, path + b"\0")
                return False, True
            if error.errno != errno.EPERM or not _unfixed(directory, name, info, label):
                raise
        return True, False


def _unfixed(directory: int, name: bytes, info: os.stat_result, label: bytes) -> bool:
    """Label an inode that is immutable, which it stays; False if it is not."""
    flags = inodes.set_fixed(directory, name, info, 0)
    if not flags:
        return False
    try:
        os.setxattr(inodes.at(directory, name), inodes.LABEL, label + b"\0",
                    follow_symlinks=False)
    finally:
        inodes.set_fixed(directory, name, info, flags)
    return True


def label_sysroot(root: Path, deployment: Path, labels: Relabel) -> Tuple[int, int]:
    """Label an ostree sysroot and the /etc of its deployment: how many changed, how many are left.

    Everything of ostree's own is labelled as /usr is; the files of a commit, in its deployment and
    in the repository, have the labels that the commit says.  What is mounted on /boot is NG's.
    """
    done = [0, 0]

    def one(directory: int, name: str, path: bytes) -> None:
        info = os.stat(name, dir_fd=directory, follow_symlinks=False)
        for n, counts in enumerate(labels.one(directory, os.fsencode(name), path, info)):
            done[n] += counts

    top = os.open(str(root), inodes.DIRECTORY)
    try:
        for name, path in ((".", b"/"), ("boot", b"/boot"), ("lost+found", b"/lost+found"),
                           ("ostree", _OSTREE)):
            if name == "." or ((root / name).is_dir() and mounted(root / name) is None):
                one(top, name, path)
    finally:
        os.close(top)
    for place, directories, files, fd in os.fwalk(str(root / "ostree")):
        parts = os.path.relpath(place, str(root / "ostree")).split("/")
        if len(parts) == 3 and parts[0] == parts[2] == "deploy":
            directories.clear()
        if parts[:2] == ["repo", "objects"]:
            files = [name for name in files if not name.endswith(_CONTENT)]
        for name in (*directories, *files):
            one(fd, name, _shown([*parts, name]))
    for place, directories, files, fd in os.fwalk(str(deployment / "etc")):
        shown = os.fsencode(place[len(str(deployment)):])
        if shown == b"/etc":
            one(fd, ".", shown)
        for name in (*directories, *files):
            one(fd, name, shown + b"/" + os.fsencode(name))
    return done[0], done[1]


def _shown(parts: List[str]) -> bytes:
    """What a path below /ostree is labelled as: the stateroot's /var is that of the system."""
    if parts[:1] == ["deploy"] and parts[2:3] == ["var"]:
        return b"/" + os.fsencode("/".join(parts[2:]))
    return _OSTREE
