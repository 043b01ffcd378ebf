"""The one way to start a process: an argv list, a deadline, a fixed locale, a recorded result."""

import logging
import os
import re
import select
import selectors
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence, Tuple, Union

from ng2coreos.core import lock
from ng2coreos.core.errors import CommandFailed, Unsupported
from ng2coreos.core.redact import redact_text

DEADLINE_S = 120.0  # ample for any query; long commands say their own
_TAIL = 4000  # characters of stderr that an error shows
_JUDGED = 16 * _TAIL  # what redaction looks at for that
OUTPUT_BYTES = 128 << 20  # no program that is asked for anything has as much to say
_BLOCK_BYTES = 64 * 1024  # a pipe holds no more at once (pipe(7))
_LAST_WORDS_S = 5.0  # to read what a program that has ended left in its pipes
_NAMED = 100  # characters of a command in a message
_IN_URL = re.compile(r"://[^/@\s]*@")  # user and password

_LOG = logging.getLogger(__name__)

Input = Optional[Union[bytes, str]]


@dataclass(frozen=True)
class Completed:
    """A finished command."""

    argv: Tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    duration_s: float


Runner = Callable[[Sequence[str], float, Input], Completed]


def hear_of_ends() -> None:
    """Guarantee that this process learns how its programs ended; each entry point calls it first.

    Whoever started us may ignore SIGCHLD, and that is inherited: the kernel then forgets how a
    child ended, and Python takes every one for a success.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def run_process(argv: Sequence[str], timeout_s: float = DEADLINE_S, data: Input = None,
                env: Optional[Mapping[str, str]] = None) -> Completed:
    """Run `argv` to its end without a shell; its whole process group dies at the deadline.

    It inherits the lock that this process holds: if we are killed, the lock stays until it ends.

    Standard input is `data` or empty.  Raises Unsupported when the program is missing and
    CommandFailed when it ran past `timeout_s`; any exit status is returned, not judged.
    """
    began = time.monotonic()
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "", "TZ": "UTC",
                   "LVM_SUPPRESS_FD_WARNINGS": "1",  # the lock is meant to be inherited
                   **(env or {})}
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True,
            pass_fds=lock.held())
    except FileNotFoundError:
        raise Unsupported(f"The program {argv[0]} is missing.",
                          hint="Install the package that has it, then try again.") from None
    except OSError as error:  # no memory, no free pid, not executable
        raise CommandFailed(f"{_named(argv)} cannot be started: {error.strerror}.",
                            hint="Mend that, then try again.") from None
    text = data.encode() if isinstance(data, str) else data
    with _Talk(process, text or b"") as talk:
        try:
            out, err = talk.over(timeout_s)
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"{_named(argv)} did not end within {timeout_s:.0f} s.",
                                hint="See what it waits for; then run `ng2coreos resume` or "
                                     "`ng2coreos rollback`.") from None
        except OverflowError:
            raise CommandFailed(f"{_named(argv)} printed more than {OUTPUT_BYTES >> 20} MiB.",
                                hint="Run it by hand to see what it tells.") from None
    done = Completed(tuple(argv), process.returncode, out.decode("utf-8", "surrogateescape"),
                     err.decode("utf-8", "surrogateescape"), time.monotonic() - began)
    _LOG.debug("%s: status %d after %.2f s",
               _IN_URL.sub("://***@", " ".join(map(shlex.quote, argv))), done.returncode,
               done.duration_s)
    return done


class _Talk:
    """A program's pipes: what it is told, and what it says, which need not fit into memory."""

    def __init__(self, process: "subprocess.Popen[bytes]", data: bytes) -> None:
        assert process.stdout is not None and process.stderr is not None
        self._process, self._rest = process, memoryview(data)
        self._out, self._err = bytearray(), bytearray()
        self._said = {process.stdout.fileno(): self._out, process.stderr.fileno(): self._err}
        self._pipes = selectors.DefaultSelector()
        for fd in self._said:
            self._pipes.register(fd, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            self._pipes.register(process.stdin.fileno(), selectors.EVENT_WRITE)

    def __enter__(self) -> "_Talk":
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever is not over ends now, with all that it has started."""
        process = self._process
        over = not self._pipes.get_map() and process.returncode is not None
        self._pipes.close()
        if not over:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        with suppress(subprocess.TimeoutExpired):  # a disk that hangs holds even the killed
            process.wait(_LAST_WORDS_S)

    def over(self, timeout_s: float) -> Tuple[bytes, bytes]:
        """What it prints until it ends; TimeoutExpired, or OverflowError above OUTPUT_BYTES.

        Whoever was stopped itself (SIGSTOP, a host that paused) and finds that the program has
        ended meanwhile was not kept waiting by it.
        """
        try:
            self._until(time.monotonic() + timeout_s)
        except subprocess.TimeoutExpired:
            if self._process.poll() is None:
                raise
            self._until(time.monotonic() + _LAST_WORDS_S)
        return bytes(self._out), bytes(self._err)

    def _until(self, end: float) -> None:
        while self._pipes.get_map():
            left_s = end - time.monotonic()
            if left_s <= 0:
                raise subprocess.TimeoutExpired(self._process.args, left_s)
            for key, _ in self._pipes.select(left_s):
                (self._hear if key.fd in self._said else self._tell)(key.fd)
        self._process.wait(max(0.0, end - time.monotonic()))

    def _hear(self, fd: int) -> None:
        data = os.read(fd, _BLOCK_BYTES)
        if not data:
            self._pipes.unregister(fd)
        self._said[fd] += data
        if len(self._out) + len(self._err) > OUTPUT_BYTES:
            raise OverflowError

    def _tell(self, fd: int) -> None:
        try:
            self._rest = self._rest[os.write(fd, self._rest[:select.PIPE_BUF]):]
        except BrokenPipeError:  # it does not want to hear the rest
            self._rest = self._rest[:0]
        if not self._rest:
            self._pipes.unregister(fd)
            assert self._process.stdin is not None
            self._process.stdin.close()


def check(result: Completed, ok: Sequence[int]) -> Completed:
    """`result`, or CommandFailed with the end of its stderr when its status is not in `ok`.

    Errors are shown, logged and journaled: what looks like a secret is not in them.
    """
    if result.returncode in ok:
        return result
    said = result.stderr.strip() or result.stdout.strip()
    # cut last: a password whose name was cut off is not known for one
    tail = redact_text(said[-_JUDGED:])[-_TAIL:]
    raise CommandFailed(f"{_named(result.argv)} failed with status {result.returncode}: {tail}",
                        hint="The message above is the program's own.")


def _named(argv: Sequence[str]) -> str:
    """The command for a message: as much as tells what it was, no password. The log has all."""
    text = _IN_URL.sub("://***@", " ".join(argv))
    return text if len(text) <= _NAMED else text[:_NAMED].rsplit(" ", 1)[0] + " …"
