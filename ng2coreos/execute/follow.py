"""Progress of a run for other processes: a file in /run, and whoever reads it meanwhile.

The file holds the events of `--progress-fd` (data/schema/progress-1.json) of the process that
works on a run, or did last. It is a help only: nothing is synced, nothing depends on it, and what
cannot be written is not written.
"""

import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Callable, Dict, Iterator, List, Optional

from ng2coreos.core import lock
from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.host import Host
from ng2coreos.core.progress import Both, JsonProgress, Progress, Steadfast
from ng2coreos.core.reading import read_regular
from ng2coreos.execute.store import Store

FILE = "/run/ng2coreos.progress"  # one run holds the host; gone with the next boot, as it should
INTERVAL_S = 1.0  # between two events of a task: an hour's run writes less than a megabyte
POLL_S = 0.5

Event = Dict[str, Any]


@contextmanager
def recorded(host: Host, run_id: str, progress: Progress) -> Iterator[Progress]:
    """`progress`, with the file listening too; the end of the block is the end event."""
    stream = _begun(host.path(FILE))
    if stream is None:
        yield progress
        return
    try:
        file = _listener(stream, run_id)
        try:
            yield Both(progress, file)
        except Ng2CoreosError as error:
            file.end(int(error.exit_code))
            raise
        file.end(0)
    finally:
        with suppress(OSError):  # what could not be written is tried again here
            stream.close()


def events(host: Host, store: Store, pause: Callable[[], None]) -> Iterator[Event]:
    """What the process at work tells, from its start on and as it comes; ends when that does.

    The last event is its ``end``, unless it was killed. Nothing where nobody is at work. `pause`
    waits a moment.
    """
    first = lock.holder(store.lock_file)
    if first is None:
        return
    stream: Optional[IO[bytes]] = None
    rest = b""
    try:
        while True:
            now = lock.holder(store.lock_file)  # asked before reading: its last words are read
            if stream is None:
                stream = _opened(host, first.pid)
            if stream is not None:
                *lines, rest = (rest + stream.read()).split(b"\n")
                for event in map(_decoded, lines):
                    if event is not None:
                        yield event
                        if event["event"] == "end":
                            return
            if now is None or now.pid != first.pid:
                return
            pause()
    finally:
        if stream is not None:
            stream.close()


def latest(host: Host, pid: int) -> str:
    """What process `pid` is at, as one line; empty where it does not tell."""
    try:
        lines = read_regular(host.path(FILE)).split(b"\n")
    except (OSError, Ng2CoreosError):
        return ""
    found: List[Event] = [event for event in map(_decoded, lines[:-1]) if event is not None]
    if not found or found[0].get("pid") != pid:
        return ""
    text, task = "", ""
    for event in found:
        if event["event"] == "note":
            text, task = str(event.get("text", "")), ""
        elif event["event"] == "progress" and event.get("total"):
            with suppress(TypeError, KeyError, ZeroDivisionError):
                task = f" ({100 * event['done'] // event['total']} %)"
        elif event["event"] in ("task", "done"):
            task = ""
    return text + task


class Replay:
    """Tells a listener here what a process elsewhere has told."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: Dict[str, Any] = {}  # name -> context, its advance, what was done

    def tell(self, event: Event) -> None:
        """One event, in order."""
        kind, name = event["event"], str(event.get("task", ""))
        if kind == "note":
            self._progress.note(str(event.get("text", "")))
        elif kind == "task":
            total = event.get("total")
            context = self._progress.task(name, str(event.get("text", "")),
                                          total if isinstance(total, int) else None,
                                          str(event.get("unit", "B")))
            self._tasks[name] = [context, context.__enter__(), 0]
        elif kind in ("progress", "done") and name in self._tasks:
            context, advance, before = self._tasks[name]
            done = event.get("done")
            if isinstance(done, int):
                advance(done - before)
                self._tasks[name][2] = done
            if kind == "done":
                del self._tasks[name]
                context.__exit__(None, None, None)

    def close(self) -> None:
        """What was not ended where it ran is ended here."""
        for context, _, _ in reversed(list(self._tasks.values())):
            context.__exit__(None, None, None)
        self._tasks.clear()


def _listener(stream: IO[str], run_id: str) -> Progress:
    try:
        return Steadfast(JsonProgress(stream, interval_s=INTERVAL_S, pid=os.getpid(), run=run_id))
    except OSError:
        return Progress()


def _begun(path: Path) -> Optional[IO[str]]:
    """A new file each time: whoever still reads the old one reads that to its end."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(str(path))
        return open(os.open(str(path), flags, 0o600), "w", encoding="utf-8")
    return None


def _opened(host: Host, pid: int) -> Optional[IO[bytes]]:
    """The file, once it is `pid` that writes it."""
    with suppress(OSError, Ng2CoreosError):
        fd = os.open(str(host.path(FILE)), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        stream = open(fd, "rb")
        event = _decoded(stream.readline())
        if event is not None and event.get("pid") == pid:
            stream.seek(0)
            return stream
        stream.close()
    return None


def _decoded(line: bytes) -> Optional[Event]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
