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


def read_file(host: Host, path: str) -> FileFact:
    """The fact about `path` itself (a symlink is not followed); BadInput where nothing is."""
    fact = look(host, path)
    if fact is None:
        raise BadInput(f"{path} is not there.", hint="Has it gone since the plan was made?")
    return fact


def look(host: Host, path: str) -> Optional[FileFact]:
    """As `read_file`, or None where nothing is."""
    with readable(path):
        st = host.lstat(path)
        if st is None:
            return None
        real = str(host.path(path))
        kind, digest, size, link = "other", "", 0, ""
        if stat.S_ISREG(st.st_mode):
            kind = "file"
            digest, size = _digest(real)
        elif stat.S_ISLNK(st.st_mode):
            kind, link = "symlink", os.readlink(real)
        elif stat.S_ISDIR(st.st_mode):
            kind = "directory"
    return FileFact(kind, stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, size, digest, link)


def _digest(real: str) -> Tuple[str, int]:
    """SHA-256 and length of a regular file, whose access time stays as it is."""
    digest = hashlib.sha256()
    size = 0
    with os.fdopen(_open(real), "rb", buffering=0) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "no longer a regular file", real)
        while True:
            block = stream.read(_BLOCK_BYTES)
            if not block:
                return digest.hexdigest(), size
            digest.update(block)
            size += len(block)


def _open(real: str) -> int:
    # O_NONBLOCK: were it swapped for a fifo, open must not wait for a writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(real, flags | os.O_NOATIME)
    except PermissionError:  # O_NOATIME is for the owner and root only
        return os.open(real, flags)
