"""One piece of work shared by processes that each do a part; what fails in one fails as a whole.

For work that is bound by system calls on millions of files, where Python takes longer than the
kernel.  The processes are forked, so that a part may change its working directory.
"""

import os
import signal
import traceback
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Callable, Dict, List, Optional, Tuple, TypeVar

from ng2coreos.core.errors import CommandFailed, Ng2CoreosError
from ng2coreos.core.progress import Advance

T = TypeVar("T")
# The part with this number, of so many; it tells what it has done
Part = Callable[[int, int, Advance], T]
_MOST = 4  # beyond that a disk is the slower one
_HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # our parent decides what becomes of us


def processors() -> int:
    """Into how many parts work is best divided."""
    return min(len(os.sched_getaffinity(0)), _MOST)


def shared(part: Part[T], advance: Advance, count: Optional[int] = None) -> List[T]:
    """The result of each part, in order, all of them done at the same time.

    An error of a part is raised here when the others have been killed and none is left; so is
    whatever is raised in this process.  If this process dies, the parts end at their next word.
    """
    total = count or processors()
    ends: List[Connection] = []
    pids: List[int] = []
    try:
        for number in range(total):
            ours, theirs = Pipe(duplex=False)
            ends.append(ours)
            pid = os.fork()
            if not pid:
                _do(part, number, total, theirs, ends)
            pids.append(pid)
            theirs.close()
        return _results(ends, advance)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)  # has no effect on one that has ended
            os.waitpid(pid, 0)
        for end in ends:
            end.close()


def _results(ends: List[Connection], advance: Advance) -> List[Any]:
    found: Dict[Connection, Any] = {}
    while len(found) < len(ends):
        for end in wait([end for end in ends if end not in found]):
            assert isinstance(end, Connection)
            try:
                word, value = end.recv()
            except EOFError:
                raise CommandFailed("A process of this run was killed.",
                                    hint="Was memory short? See the kernel's log.") from None
            if word == "failed":
                raise _error(value)
            if word == "done":
                found[end] = value
            else:
                advance(value)
    return [found[end] for end in ends]


def _do(part: Part[T], number: int, total: int, end: Connection, others: List[Connection]) -> None:
    """Do a part in this, its own, process. Does not return."""
    try:
        for held in _HELD:
            signal.signal(held, signal.SIG_IGN)
        for other in others:
            other.close()
        end.send(("done", part(number, total, lambda amount: end.send(("advance", amount)))))
    except BrokenPipeError:
        pass  # nobody is left to be told
    except BaseException as error:
        end.send(("failed", _told(error)))
    finally:
        os._exit(0)


def _told(error: BaseException) -> Tuple[Any, ...]:
    """The error as data, since not every exception survives pickling."""
    if isinstance(error, Ng2CoreosError):
        return type(error), error.message, error.hint
    if isinstance(error, OSError):
        return OSError, error.errno, error.strerror, error.filename
    return RuntimeError, "".join(traceback.format_exception(type(error), error,
                                                            error.__traceback__))


def _error(told: Tuple[Any, ...]) -> BaseException:
    kind, *words = told
    found: BaseException = (kind(words[0], hint=words[1]) if issubclass(kind, Ng2CoreosError)
                            else kind(*words))
    return found
