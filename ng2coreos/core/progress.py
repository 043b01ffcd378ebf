"""Progress of long work, told to whoever listens: a terminal, a program, or nobody."""

import json
import time
from contextlib import contextmanager
from typing import IO, Any, Callable, Dict, Iterator, Optional

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


class JsonProgress(Progress):
    """JSON Lines on `stream`: start, task, progress, done, note and end events."""

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._emit({"event": "start", "version": 1})

    @contextmanager
    def task(self, name: str, text: str, total: Optional[int] = None,
             unit: str = "B") -> Iterator[Advance]:
        """See Progress.task; events of one task are at least 0.2 s apart."""
        self._emit({"event": "task", "task": name, "text": text, "total": total, "unit": unit})
        done = 0
        last = self._clock()

        def advance(amount: int) -> None:
            nonlocal done, last
            done += amount
            if self._clock() - last >= _INTERVAL_S:
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
