"""Where our own log goes: to standard error, to a file that was asked for, to systemd's journal.

Only our own: libraries (blivet, libblockdev) tell every program that they run.
"""

import logging
import os
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, List, TextIO

from ng2coreos.core.errors import BadInput
from ng2coreos.core.progress import Progress
from ng2coreos.core.redact import redact_text

if TYPE_CHECKING:
    _Stream = logging.StreamHandler[TextIO]
else:
    _Stream = logging.StreamHandler  # no generic before Python 3.11

LOG = logging.getLogger("ng2coreos")
JOURNAL = "/run/systemd/journal/socket"
IDENTIFIER = "ng2coreos"  # as on the new system: journalctl -t ng2coreos
_MESSAGE_BYTES = 32 * 1024  # what fits into a datagram whatever the kernel's limits are
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(message)s"
_URGENCY = ((logging.ERROR, 3), (logging.WARNING, 4), (0, 6))  # err, warning, info of syslog(3)


class _Lines(_Stream):
    """Log lines in a file. That it cannot grow any more must not stop, let alone undo, a run."""

    def handleError(self, record: logging.LogRecord) -> None:
        """See logging.Handler: what cannot be written is not written."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Handler; nothing that looks like a secret."""
        return redact_text(super().format(record))


class _Journal(logging.Handler):
    """Records for systemd's journal. It never waits: a journal that stands still stops no run.

    The form is that of systemd.io/JOURNAL_NATIVE_PROTOCOL.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler; nothing that looks like a secret."""
        text = redact_text(self.format(record)).encode("utf-8", "backslashreplace")
        text = text[:_MESSAGE_BYTES]
        urgency = next(n for level, n in _URGENCY if record.levelno >= level)
        with suppress(OSError):
            self._socket.sendto(
                b"SYSLOG_IDENTIFIER=%s\nPRIORITY=%d\nMESSAGE\n%s%s\n" % (
                    IDENTIFIER.encode(), urgency, struct.pack("<Q", len(text)), text), JOURNAL)

    def close(self) -> None:
        """See logging.Handler."""
        self._socket.close()
        super().close()


class Notes(Progress):
    """Progress as lines of the file and of the journal."""

    def note(self, text: str) -> None:
        """See Progress.note."""
        note(text)


def start(verbose: bool, file: str = "", journal: bool = False) -> None:
    """Log to standard error, all with `verbose`; to `file` all in any case.

    With `journal` also to systemd's journal, where there is one.
    """
    for old in LOG.handlers:
        if isinstance(old, _Lines):
            old.stream.close()
        elif isinstance(old, _Journal):
            old.close()
    told = logging.StreamHandler(sys.stderr)
    told.setLevel(logging.DEBUG if verbose else logging.INFO)
    handlers: List[logging.Handler] = [told]
    if file:
        kept = _Lines(_opened(file))
        kept.setFormatter(logging.Formatter(_FORMAT))
        handlers.append(kept)
    if journal and os.path.exists(JOURNAL):
        handlers.append(_Journal())
    LOG.handlers[:] = handlers
    LOG.setLevel(logging.DEBUG if verbose or file else logging.INFO)
    note(" ".join(sys.argv))


def kept() -> bool:
    """Is the log kept anywhere?"""
    return any(isinstance(handler, (_Lines, _Journal)) for handler in LOG.handlers)


def note(text: str) -> None:
    """A line for what is kept alone: standard error has it in another form."""
    for handler in LOG.handlers:
        if isinstance(handler, (_Lines, _Journal)):
            handler.handle(logging.LogRecord("ng2coreos", logging.INFO, "", 0, "%s", (text,), None))


def _opened(file: str) -> TextIO:
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        return open(os.open(file, flags | os.O_NONBLOCK, 0o600), "a", encoding="utf-8",
                    errors="backslashreplace")
    except OSError as error:
        raise BadInput(f"The log cannot be written to {file}: {error.strerror}.",
                       hint="Name a file, no link, in a directory that exists.") from None
