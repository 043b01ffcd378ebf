"""What lies at a path, without following or opening anything but regular files."""

import errno
import hashlib
import os
import stat
from typing import Optional, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import FileFact

_BLOCK_BYTES = 1024 * 1024
_WHITEOUT = os.makedev(0, 0)  # Documentation/filesystems/overlayfs.rst


def read_file(host: Host, path: str) -> FileFact:
    """The fact about `path` itself (a symlink is not followed); BadInput where nothing is."""
    fact = look(host, path)
    if fact is None:
        raise BadInput(f"{path} is not there.", hint="Has it gone since the plan was made?")
    return fact


def look(host: Host, path: str) -> Optional[FileFact]:
    """As `read_file`, or None where nothing is; an overlay's whiteout says that nothing is."""
    with readable(path):
        try:
            with host.parent(path) as (directory, name):
                return _look(directory, name)
        except (FileNotFoundError, NotADirectoryError):
            return None


def _look(directory: int, name: str) -> FileFact:
    st = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if stat.S_ISCHR(st.st_mode) and st.st_rdev == _WHITEOUT:
        raise FileNotFoundError(errno.ENOENT, "an overlay's whiteout", name)
    kind, digest, size, link = "other", "", 0, ""
    if stat.S_ISREG(st.st_mode):
        kind = "file"
        digest, size = _digest(directory, name, st.st_size)
    elif stat.S_ISLNK(st.st_mode):
        kind, link = "symlink", os.readlink(name, dir_fd=directory)
    elif stat.S_ISDIR(st.st_mode):
        kind = "directory"
    return FileFact(kind, stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, size, digest, link)


def _digest(directory: int, name: str, expected: int) -> Tuple[str, int]:
    """SHA-256 and length of a regular file, whose access time stays as it is."""
    digest = hashlib.sha256()
    size = 0
    fd = _open(directory, name)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "no longer a regular file", name)
        amount = min(expected + 1, _BLOCK_BYTES)  # a large buffer costs more than a small file
        while True:
            block = os.read(fd, amount)
            if not block:
                return digest.hexdigest(), size
            digest.update(block)
            size += len(block)
            amount = _BLOCK_BYTES
    finally:
        os.close(fd)


def _open(directory: int, name: str) -> int:
    # O_NONBLOCK: were it swapped for a fifo, open must not wait for a writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(name, flags | os.O_NOATIME, dir_fd=directory)
    except PermissionError:  # O_NOATIME is for the owner and root only
        return os.open(name, flags, dir_fd=directory)
