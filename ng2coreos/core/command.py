"""The one way to start a process: an argv list, a deadline, a fixed locale, a recorded result."""

import logging
import os
import re
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence, Tuple, Union

from ng2coreos.core import lock
from ng2coreos.core.errors import CommandFailed, Unsupported

DEADLINE_S = 120.0  # ample for any query; long commands say their own
_TAIL = 4000  # characters of stderr that an error shows
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
    text = data.encode() if isinstance(data, str) else data
    try:
        out, err = _said(process, text, timeout_s)
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{_named(argv)} did not end within {timeout_s:.0f} s.",
                            hint="See what it waits for; then run `ng2coreos resume` or "
                                 "`ng2coreos rollback`.") from None
    finally:
        if process.stdout is not None and not process.stdout.closed:  # it was not read to its end
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=_LAST_WORDS_S)
    done = Completed(tuple(argv), process.returncode, out.decode("utf-8", "surrogateescape"),
                     err.decode("utf-8", "surrogateescape"), time.monotonic() - began)
    _LOG.debug("%s: status %d after %.2f s",
               _IN_URL.sub("://***@", " ".join(map(shlex.quote, argv))), done.returncode,
               done.duration_s)
    return done


def _said(process: "subprocess.Popen[bytes]", text: Optional[bytes], timeout_s: float
          ) -> Tuple[bytes, bytes]:
    """What it prints until it ends; TimeoutExpired.

    Whoever was stopped itself (SIGSTOP, a host that paused) and finds that the program has ended
    meanwhile was not kept waiting by it.
    """
    try:
        return process.communicate(text, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        if process.poll() is None:
            raise
        return process.communicate(timeout=_LAST_WORDS_S)


def check(result: Completed, ok: Sequence[int]) -> Completed:
    """`result`, or CommandFailed with the end of its stderr when its status is not in `ok`."""
    if result.returncode in ok:
        return result
    tail = (result.stderr.strip() or result.stdout.strip())[-_TAIL:]
    raise CommandFailed(f"{_named(result.argv)} failed with status {result.returncode}: {tail}",
                        hint="The message above is the program's own.")


def _named(argv: Sequence[str]) -> str:
    """The command for a message: as much as tells what it was, no password. The log has all."""
    text = _IN_URL.sub("://***@", " ".join(argv))
    return text if len(text) <= _NAMED else text[:_NAMED].rsplit(" ", 1)[0] + " …"
