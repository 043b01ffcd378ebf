"""Every place where a command can be cut, and what each cut leaves on the disks.

`watching` hooks all calls that change a file or make a change durable, the journal, and the
programs' models.  Between two of them nothing changes, so these points are all there are.  A cut is
an image of the disks, taken while the command goes on: exactly what SIGKILL or a power failure
leaves, since no handler of ours has run.
"""

import errno
import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import pytest

from ng2coreos.core import durable
from ng2coreos.core.journal import Journal
from tests.faults.media import KINDS, Node, Tree, torn
from tests.faults.programs import Lv, Programs

_CHANGING = ("mkdir", "rmdir", "unlink", "remove", "rename", "replace", "symlink", "link", "chmod",
             "fchmod", "chown", "fchown", "ftruncate", "truncate", "utime", "setxattr", "mknod",
             "pwrite")
_WRITES = os.O_CREAT | os.O_TRUNC
_ON_TWO = ("rename", "replace", "link")
TORN = "torn"


@dataclass(frozen=True)
class Cut:
    """A place in a command, and what a cut of a kind leaves there."""

    step: str
    place: str
    kind: str
    files: Mapping[str, Tree]
    lvs: Tuple[Lv, ...]

    @property
    def power(self) -> bool:
        """Was it the power, so that the host starts anew?"""
        return self.kind != "killed"

    def key(self) -> Any:
        """Equal for cuts that leave the same."""
        return (self.power, self.lvs, tuple(sorted(
            (name, frozenset(tree.items())) for name, tree in self.files.items())))

    def __str__(self) -> str:
        return f"{self.step}: {self.place} [{self.kind}]"


Place = Callable[[str, str, str], None]  # step, what, and the real path of what was written


class Watch:
    """The hooks of one command; see `watching`."""

    def __init__(self, host: Programs) -> None:
        self.host = host
        self.step = "begin"
        self.busy = False
        self.off = False  # the process that is watched is gone, whatever its handlers do now
        self.reached: List[Callable[[str], None]] = []  # told the name of each point
        self.fail: Callable[[str, str], Optional[OSError]] = lambda name, path: None
        self.tear: Optional[Callable[[str, str, List[bytes]], None]] = None

    def point(self, name: str) -> None:
        """The point `name` is reached."""
        if not self.busy and not self.off:
            with self.aside():
                for listener in list(self.reached):
                    listener(name)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What happens inside is the harness' own doing."""
        before, self.busy = self.busy, True
        try:
            yield
        finally:
            self.busy = before

    def short(self, path: str) -> str:
        """A path for a name."""
        top = str(self.host.root.parent)
        return path[len(top):] if path.startswith(top) else path

    def about(self, name: str, path: str) -> None:
        """Something is about to be written: does it fail?"""
        error = None if self.off else self.fail(name, path)
        if error is not None:
            raise error

    def hooked(self, function: str) -> Callable[..., Any]:
        """The function of `os`, with a point after it."""
        real = getattr(os, function)

        def call(*arguments: Any, **options: Any) -> Any:
            if self.busy or (function == "open" and not arguments[1] & _WRITES):
                return real(*arguments, **options)
            path = _path(arguments[1 if function in _ON_TWO else 0],
                         options.get("dir_fd", options.get("dst_dir_fd")))
            if not self.host.media.of(path):
                return real(*arguments, **options)
            name = f"{function} {self.short(path)}"
            self.about(name, path)
            result = real(*arguments, **options)
            self.point(name)
            return result
        return call

    def fsync(self, fd: int) -> None:
        """What the file holds is on the disk from here on; before that, parts of it may be."""
        path = os.readlink(f"/proc/self/fd/{fd}")
        if self.busy or not self.host.media.of(path) or path.endswith(" (deleted)"):
            return
        name = f"fsync {self.short(path)}"
        self.point(f"before {name}")
        if self.tear is not None and os.path.isfile(path):
            with self.aside():
                before = self.host.media.flushed(path)
                with open(path, "rb") as stream:
                    self.tear(name, path, torn(before, stream.read()))
        self.about(name, path)
        with self.aside():
            self.host.media.sync_file(path)
        self.point(name)

    def sync(self) -> None:
        """os.sync."""
        with self.aside():
            for name in self.host.media.places:
                self.host.media.sync_all(name)

    def ioctl(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """fcntl.ioctl, where a freeze flushes a file system."""
        def call(fd: int, request: int, argument: Any = 0) -> Any:
            if request not in (durable._FIFREEZE, durable._FITHAW):
                return real(fd, request, argument)
            path = os.readlink(f"/proc/self/fd/{fd}")
            name = self.host.media.of(path)
            if request == durable._FIFREEZE and name:
                self.about(f"freeze {self.short(path)}", path)
                with self.aside():
                    self.host.media.sync_all(name)
                self.point(f"freeze {self.short(path)}")
            return argument
        return call

    def append(self, real: Callable[..., None]) -> Callable[..., None]:
        """Journal.append; it also tells which step is at work."""
        def call(journal: Journal, record: Mapping[str, Any]) -> None:
            name = f"journal {record['event']} {record.get('change', '')}".strip()
            if record["event"] in ("intent", "undo"):
                self.step = str(record["change"]).partition(":")[0]
            self.point(f"before {name}")
            self.about(name, str(journal.path))
            real(journal, record)
            self.point(name)
            if record["event"] in ("done", "undone"):
                self.step = "end"
        return call


@contextmanager
def watching(host: Programs) -> Iterator[Watch]:
    """Hooks for the block; fsync is modelled and not made."""
    watch = Watch(host)

    def program(when: str, words: Sequence[str]) -> None:
        watch.busy = False
        watch.point(f"{when} {' '.join(map(watch.short, words))}"[:100])
        watch.busy = when != "after"

    with pytest.MonkeyPatch.context() as patch:
        for function in ("open", *_CHANGING):
            patch.setattr(os, function, watch.hooked(function))
        patch.setattr(os, "fsync", watch.fsync)
        patch.setattr(os, "sync", watch.sync)
        patch.setattr(fcntl, "ioctl", watch.ioctl(fcntl.ioctl))
        patch.setattr(Journal, "append", watch.append(Journal.append))
        patch.setattr(host, "reached", program)
        patch.setattr(host, "ended", lambda: setattr(watch, "busy", False))
        yield watch


@contextmanager
def recorded(host: Programs, kinds: Sequence[str] = (*KINDS, TORN)) -> Iterator[List[Cut]]:
    """All cuts of the block, as a list that grows."""
    found: List[Cut] = []
    with watching(host) as watch:
        def look(name: str) -> None:
            for kind in kinds:
                if kind != TORN:
                    found.append(taken(host, watch.step, name, kind))

        def tear(name: str, path: str, parts: List[bytes]) -> None:
            found.extend(torn_cuts(host, watch.step, name, path, parts))

        watch.reached.append(look)
        watch.tear = tear if TORN in kinds else None
        yield found


def taken(host: Programs, step: str, place: str, kind: str) -> Cut:
    """The cut of this kind at this moment."""
    lvs = tuple(sorted(host.lvs.values(), key=lambda lv: lv.name))
    if kind != "killed":  # the host starts anew, and activates what is not to be skipped
        lvs = tuple(replace(lv, active=not lv.skipped) for lv in lvs)
    return Cut(step, place, kind, host.media.image(kind), lvs)


def torn_cuts(host: Programs, step: str, place: str, path: str, parts: List[bytes]) -> List[Cut]:
    """Power failures while the file at `path` is being flushed."""
    base = taken(host, step, place, "ordered")
    name = host.media.of(path)
    below = os.path.relpath(path, host.media.places[name])
    there = base.files[name].get(below)
    if there is None:  # on a file system that does not outlive the power
        return []
    return [replace(base, kind=TORN, files={
        **base.files, name: {**base.files[name], below: there._replace(data=part)}})
        for part in parts]


def distinct(cuts: Sequence[Cut]) -> Dict[Any, List[Cut]]:
    """Cuts that leave the same, together."""
    found: Dict[Any, List[Cut]] = {}
    for cut in cuts:
        found.setdefault(cut.key(), []).append(cut)
    return found


def broken(number: int) -> OSError:
    """An error of the system."""
    return OSError(number, os.strerror(number))


FULL = (errno.ENOSPC, errno.EDQUOT)


def _path(given: Any, directory: Optional[int]) -> str:
    if isinstance(given, int):
        return os.readlink(f"/proc/self/fd/{given}")
    text = os.fsdecode(given)
    if directory is not None and not text.startswith("/"):
        text = os.path.join(os.readlink(f"/proc/self/fd/{directory}"), text)
    return text


__all__ = ["Cut", "FULL", "Node", "Watch", "broken", "distinct", "recorded", "taken", "torn_cuts",
           "watching"]
