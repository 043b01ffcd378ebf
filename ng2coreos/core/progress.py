"""Progress of long work, told to whoever listens: a terminal, a program, or nobody."""

import json
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import IO, Any, Callable, Dict, Iterator, List, Optional

Advance = Callable[[int], None]
_INTERVAL_S = 0.2  # at most five events a second (docs of --progress-fd)


class Progress:
    """Nobody listens. Listeners override `task`, `note` and `end`."""

    @contextmanager
    def task(self, name: str, text: str, total: Optional[int] = None,
             unit: str = "B") -> Iterator[Advance]:
        """A piece of work called `name`; call what it gives with what was done since last time."""
        del name, text, total, unit
        yield lambda amount: None

    def note(self, text: str) -> None:
        """One line for a human."""

    def end(self, exit_code: int) -> None:
        """The command ends with this code."""


class Steadfast(Progress):
    """Passes on to another listener until that one fails: a pipe or a terminal that is gone must
    not stop, let alone undo, what is at work.
    """

    def __init__(self, other: Progress) -> None:
        self._other: Optional[Progress] = other

    @contextmanager
    def task(self, name: str, text: str, total: Optional[int] = None,
             unit: str = "B") -> Iterator[Advance]:
        """See Progress.task."""
        found: List[Advance] = []
        told = self._other.task(name, text, total, unit) if self._other else None
        if told is not None:
            self._try(lambda: found.append(told.__enter__()))
        try:
            yield lambda amount: self._try(lambda: found[0](amount)) if found else None
        except BaseException:
            if told is not None and found:
                self._try(lambda: told.__exit__(*sys.exc_info()))
            raise
        if told is not None and found:
            self._try(lambda: told.__exit__(None, None, None))

    def note(self, text: str) -> None:
        """See Progress.note."""
        self._try(lambda: self._other.note(text) if self._other else None)

    def end(self, exit_code: int) -> None:
        """See Progress.end."""
        self._try(lambda: self._other.end(exit_code) if self._other else None)

    def _try(self, tell: Callable[[], Any]) -> None:
        if self._other is not None:
            try:
                tell()
            except (OSError, ValueError):  # ValueError: the stream was closed
                self._other = None


class Both(Progress):
    """Passes on to every one of several listeners, in their order."""

    def __init__(self, *others: Progress) -> None:
        self._others = others

    @contextmanager
    def task(self, name: str, text: str, total: Optional[int] = None,
             unit: str = "B") -> Iterator[Advance]:
        """See Progress.task."""
        with ExitStack() as stack:
            told = [stack.enter_context(other.task(name, text, total, unit))
                    for other in self._others]

            def advance(amount: int) -> None:
                for one in told:
                    one(amount)

            yield advance

    def note(self, text: str) -> None:
        """See Progress.note."""
        for other in self._others:
            other.note(text)

    def end(self, exit_code: int) -> None:
        """See Progress.end."""
        for other in self._others:
            other.end(exit_code)


class JsonProgress(Progress):
    """JSON Lines on `stream`: start, task, progress, done, note and end events.

    Their schema is data/schema/progress-1.json. `about` goes into the start event.
    """

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic,
                 interval_s: float = _INTERVAL_S, **about: Any) -> None:
        self._stream = stream
        self._clock = clock
        self._interval_s = interval_s
        self._emit({"event": "start", "version": 1, **about})

    @contextmanager
    def task(self, name: str, text: str, total: Optional[int] = None,
             unit: str = "B") -> Iterator[Advance]:
        """See Progress.task; events of one task are `interval_s` apart at least."""
        self._emit({"event": "task", "task": name, "text": text, "total": total, "unit": unit})
        done = 0
        last = self._clock()

        def advance(amount: int) -> None:
            nonlocal done, last
            done += amount
            if self._clock() - last >= self._interval_s:
                last = self._clock()
                self._emit({"event": "progress", "task": name, "done": done, "total": total})

        try:
            yield advance
        except BaseException:
            self._emit({"event": "done", "task": name, "done": done, "ok": False})
            raise
        self._emit({"event": "done", "task": name, "done": done, "ok": True})

    def note(self, text: str) -> None:
        """See Progress.note."""
        self._emit({"event": "note", "text": text})

    def end(self, exit_code: int) -> None:
        """See Progress.end."""
        self._emit({"event": "end", "exit_code": exit_code})

    def _emit(self, event: Dict[str, Any]) -> None:
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()
