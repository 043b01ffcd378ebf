"""Files that somebody gave us, or may have put in the place of ours: read whole, and bounded."""

import errno
import os
import stat
from pathlib import Path
from typing import Collection, Optional

STATE_BYTES = 1 << 20  # the state file, an environment block, an entry of the boot menu
TEXT_BYTES = 16 << 20  # what a person or a program of ours has written
PLAN_BYTES = 256 << 20  # a plan holds the contents of converted files


def read_regular(path: Path, limit_bytes: int = TEXT_BYTES, *,
                 owners: Optional[Collection[int]] = None) -> bytes:
    """The content of the regular file at `path`, symlinks followed; OSError for anything else.

    A fifo or a device neither blocks nor floods the reader; of a larger file nothing is kept. With
    `owners`, PermissionError unless one of these owns it and nobody else may write to it.
    """
    fd = os.open(str(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as stream:
        info = os.fstat(stream.fileno())
        if stat.S_ISDIR(info.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(info.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if owners is not None and info.st_uid not in owners:
            raise PermissionError(errno.EPERM, f"it belongs to uid {info.st_uid}", str(path))
        if owners is not None and info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(errno.EPERM, f"others may write to it, its mode is "
                                  f"{stat.S_IMODE(info.st_mode):04o}", str(path))
        if info.st_size > limit_bytes:
            raise OSError(errno.EFBIG, f"larger than {limit_bytes} bytes", str(path))
        data = stream.read(min(info.st_size, limit_bytes) + 1)
    if len(data) > limit_bytes:
        raise OSError(errno.EFBIG, f"larger than {limit_bytes} bytes", str(path))
    return data
