"""One run at a time: a flock that the kernel frees when its holder dies.

The programs that the holder starts (command.py) inherit it: of a holder that was killed, a program
may go on for a while, and nobody else may begin beside it.
"""

import fcntl
import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, Set, Tuple

from ng2coreos.core.errors import Locked

_held: Set[int] = set()


def held() -> Tuple[int, ...]:
    """The descriptors of the locks that this process holds, for its programs to inherit."""
    return tuple(_held)


@contextmanager
def exclusive(path: Path, *, run_id: str = "") -> Iterator[None]:
    """Hold the lock at `path`, or raise Locked at once, naming the holder's pid and run."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(f"Another ng2coreos is at work: {_holder(fd)}.",
                         hint="Wait for it, or look at `ng2coreos status`. "
                              "The lock goes by itself when that process ends.") from None
        with suppress(OSError):  # a full disk must not keep anybody from rolling back
            os.ftruncate(fd, 0)
            os.pwrite(fd, json.dumps({"pid": os.getpid(), "run": run_id}).encode(), 0)
        _held.add(fd)
        try:
            yield
        finally:
            _held.discard(fd)
            fcntl.flock(fd, fcntl.LOCK_UN)  # also for a daemon that a program left behind
    finally:
        os.close(fd)


def _holder(fd: int) -> str:
    try:
        holder = json.loads(os.pread(fd, 4096, 0))
        pid, run = int(holder["pid"]), f", run {holder['run']}" if holder["run"] else ""
        if not os.path.exists(f"/proc/{pid}"):
            return f"a program that pid {pid}{run} started before it was killed"
        return f"pid {pid}{run}"
    except (ValueError, KeyError, TypeError):
        return "a process that has just started"
