"""Where our own log goes: to standard error, and to a file that was asked for.

Only our own: libraries (blivet, libblockdev) tell every program that they run.
"""

import logging
import os
import sys
from typing import TYPE_CHECKING, List, TextIO

from ng2coreos.core.errors import BadInput
from ng2coreos.core.progress import Progress
from ng2coreos.core.redact import redact_text

if TYPE_CHECKING:
    _Stream = logging.StreamHandler[TextIO]
else:
    _Stream = logging.StreamHandler  # no generic before Python 3.11

LOG = logging.getLogger("ng2coreos")
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(message)s"


class _Lines(_Stream):
    """Log lines in a file. That it cannot grow any more must not stop, let alone undo, a run."""

    def handleError(self, record: logging.LogRecord) -> None:
        """See logging.Handler: what cannot be written is not written."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Handler; nothing that looks like a secret."""
        return redact_text(super().format(record))


class Notes(Progress):
    """Progress as lines of the file."""

    def note(self, text: str) -> None:
        """See Progress.note."""
        note(text)


def start(verbose: bool, file: str = "") -> None:
    """Log to standard error, all with `verbose`; to `file` all in any case."""
    for old in LOG.handlers:
        if isinstance(old, _Lines):
            old.stream.close()
    told = logging.StreamHandler(sys.stderr)
    told.setLevel(logging.DEBUG if verbose else logging.INFO)
    handlers: List[logging.Handler] = [told]
    if file:
        kept = _Lines(_opened(file))
        kept.setFormatter(logging.Formatter(_FORMAT))
        handlers.append(kept)
    LOG.handlers[:] = handlers
    LOG.setLevel(logging.DEBUG if verbose or file else logging.INFO)
    note(" ".join(sys.argv))


def note(text: str) -> None:
    """A line for the file alone: standard error has it in another form."""
    for handler in LOG.handlers:
        if isinstance(handler, _Lines):
            handler.handle(logging.LogRecord("ng2coreos", logging.INFO, "", 0, "%s", (text,), None))


def _opened(file: str) -> TextIO:
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        return open(os.open(file, flags | os.O_NONBLOCK, 0o600), "a", encoding="utf-8",
                    errors="backslashreplace")
    except OSError as error:
        raise BadInput(f"The log cannot be written to {file}: {error.strerror}.",
                       hint="Name a file, no link, in a directory that exists.") from None
