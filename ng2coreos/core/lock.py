"""One run at a time: a flock that the kernel frees when its holder dies.

The programs that the holder starts (command.py) inherit it: of a holder that was killed, a program
may go on for a while, and nobody else may begin beside it.
"""

import fcntl
import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, NamedTuple, Optional, Set, Tuple

from ng2coreos.core.errors import Locked

_LOCKS = "/proc/locks"
_held: Set[int] = set()


class Holder(NamedTuple):
    """Who holds a lock."""

    pid: int  # of the process that took it
    run_id: str
    alive: bool  # else a program goes on that it started before it was killed


def held() -> Tuple[int, ...]:
    """The descriptors of the locks that this process holds, for its programs to inherit."""
    return tuple(_held)


def holder(path: Path) -> Optional[Holder]:
    """Who holds the lock at `path` just now; None if nobody does.

    The kernel is asked, and the lock is not touched: whoever wants it meanwhile gets it.
    """
    try:
        info = os.stat(str(path))
        words = json.loads(path.read_bytes()[:4096])
    except OSError:
        return None
    except (ValueError, RecursionError):  # it was taken just now
        words = {}
    place = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}:{info.st_ino}"
    try:
        with open(_LOCKS, encoding="ascii", errors="replace") as stream:
            lines = stream.readlines()
    except OSError:  # no /proc: nobody can tell
        return None
    for line in lines:
        # "1: FLOCK  ADVISORY  WRITE 714 fd:01:131 0 EOF", or "1: -> FLOCK" for who waits
        fields = line.split()
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == place:
            pid = int(fields[4])
            known = isinstance(words, dict) and words.get("pid") == pid
            return Holder(pid, str(words.get("run", "")) if known else "",
                          os.path.exists(f"/proc/{pid}"))
    return None


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
