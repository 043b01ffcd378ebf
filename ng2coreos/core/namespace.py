"""A mount namespace of one's own, so that mounts made here exist for nobody else.

Python 3.9 has neither os.unshare nor os.setns, hence libc by ctypes.
"""

import ctypes
import os
from contextlib import contextmanager
from typing import Iterator

_CLONE_NEWNS = 0x00020000  # linux/sched.h
_MS_REC = 0x4000  # linux/mount.h
_MS_SLAVE = 0x80000


def unshare() -> None:
    """Give this process its own mount namespace, for good.

    Mounts made outside still come in (slave); those made inside never go out.
    """
    _call("unshare", _CLONE_NEWNS)
    _call("mount", b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_SLAVE), None)


@contextmanager
def private(*, live: bool = True) -> Iterator[None]:
    """Its own mount namespace for the block only; what is mounted in it goes with it.

    Only for a process with one thread.  With `live` false (a tree in a test) nothing is done.
    """
    if not live:
        yield
        return
    before = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    directory = os.getcwd()
    try:
        unshare()
        try:
            yield
        finally:
            _call("setns", before, _CLONE_NEWNS)
            os.chdir(directory)
    finally:
        os.close(before)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
