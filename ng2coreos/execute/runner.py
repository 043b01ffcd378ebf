"""Applies a plan's changes in order, each journaled before and after; what fails is undone.

A record ``intent`` is durable before a change begins and holds what undoing it needs; ``done``
follows once the change was verified.  A killed run therefore leaves at most one change half done,
which `resume` applies again (steps look before they act) and `rollback` undoes.
"""

import errno
import logging
import signal
import time
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Dict, Iterator, List, Optional

from ng2coreos.core.errors import (
    Exit,
    Ng2CoreosError,
    NoSpace,
    RollbackIncomplete,
    RolledBack,
)
from ng2coreos.core.host import Host
from ng2coreos.core.progress import Progress
from ng2coreos.execute.follow import recorded
from ng2coreos.execute.rollback import note, undo_all
from ng2coreos.execute.run import BOOT, Run
from ng2coreos.execute.secrets import forget
from ng2coreos.execute.steps import step
from ng2coreos.execute.store import RunDirectory, Store
from ng2coreos.stage.gauge import gauge
from ng2coreos.stage.mounts import Mounts, private_namespace

_LOG = logging.getLogger(__name__)
_NO_SPACE_WORDS = ("no space left", "insufficient free space", "not enough free", "disk quota",
                   "reached threshold")  # the last by lvm, of a thin pool


class Stopped(Exception):
    """A signal asked the run to stop; raised only between two changes."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class _Interrupt(Ng2CoreosError):
    """A signal stopped the run; everything that it had done was undone and checked."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Stopped by {signal.Signals(number).name}; everything was undone.",
                         hint="Run the command again when you are ready.")
        self.exit_code = Exit.SIGINT if number == signal.SIGINT else Exit.SIGTERM


@contextmanager
def opened(host: Host, directory: RunDirectory, progress: Progress) -> Iterator[Run]:
    """The run's context, with a mount namespace of its own; its mounts go with it."""
    private_namespace()
    base = host.path("/run/ng2coreos") / directory.run_id
    with recorded(host, directory.run_id, progress) as told, Mounts(host, base) as mounts:
        yield Run(host, directory.plan(), directory, mounts, told)


def carry_on(run: Run, store: Store) -> None:
    """Apply every change that the journal does not call done; undo everything if one fails.

    What holds NG's state is taken again however far an earlier process had come: NG went on since.
    Of a run that was finished before, that is the volumes (see `Step.secret`).
    Raises RolledBack (or NoSpace) when a change failed and all was undone, RollbackIncomplete when
    undoing failed too. A signal is obeyed between two changes.
    """
    done, before = run.directory.done(), run.directory.finished_before()
    with held_signals() as caught:
        try:
            for change in run.plan.changes:
                doing = step(change.step)
                if change.id in done and (not doing.perishable or (before and doing.secret)):
                    continue
                if caught:
                    raise Stopped(caught[0])
                _apply(run, change.id)
            if caught:
                raise Stopped(caught[0])
            run.directory.journal.append({"event": "finished", "at": run.now()})
            forget(run.directory)
        except Stopped as stop:
            _undo_after(run, store, f"signal {stop}")
            raise _Interrupt(stop.number) from None
        except Exception as error:  # a bug of ours or of a library leaves no half-made host either
            _LOG.debug("the run failed", exc_info=True)
            _undo_after(run, store, _text(error))
            raise told(error) from error


def _apply(run: Run, change_id: str) -> None:
    change = next(c for c in run.plan.changes if c.id == change_id)
    doing = step(change.step)
    run.progress.note(change.summary)
    before = _gauge(run)
    began = time.monotonic()
    journal = run.directory.journal
    journal.append({"event": "intent", "change": change.id, "step": change.step, "at": run.now(),
                    "undo": doing.prepare(change, run)})
    result = doing.apply(change, run)
    doing.verify(change, run)
    seconds = round(time.monotonic() - began, 3)
    after = _gauge(run)
    journal.append({"event": "done", "change": change.id, "at": run.now(), "result": result,
                    "seconds": seconds,
                    "taken": {key: after[key] - before[key] for key in after if key in before}})


def _gauge(run: Run) -> Dict[str, int]:
    return gauge(run.host, run.vg, run.plan.source.pool, BOOT)


def _undo_after(run: Run, store: Store, reason: str) -> None:
    note(run, {"event": "failed", "reason": reason})
    with suppress(OSError, ValueError):  # the terminal may be gone: that is why it is undone
        run.progress.note(f"Undoing everything: {reason}")
    problems = undo_all(run, store)
    if problems:
        raise RollbackIncomplete(
            f"The run failed ({reason}), and not everything could be undone: "
            + "; ".join(problems),
            hint="NG boots as before. Run `ng2coreos rollback` again after mending the cause.")


def told(error: Exception) -> Ng2CoreosError:
    """What stopped a run of which nothing is left: NoSpace or RolledBack."""
    text = _text(error)
    hint = error.hint if isinstance(error, Ng2CoreosError) else "See the message above."
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or isinstance(error, NoSpace) or any(word in text.lower() for word in _NO_SPACE_WORDS):
        return NoSpace(f"{text} Everything was undone.", hint=hint if isinstance(error, NoSpace)
                       else "Free some space and plan again.")
    return RolledBack(f"{text} Everything was undone.", hint=hint)


def _text(error: Exception) -> str:
    if isinstance(error, Ng2CoreosError):
        return error.message
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}."


@contextmanager
def held_signals() -> Iterator[List[int]]:
    """Signals that ask for an end are noted, in order; in the block they do nothing else."""
    caught: List[int] = []

    def note(number: int, frame: Optional[FrameType]) -> None:
        del frame
        caught.append(number)

    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, note) for number in watched]
    try:
        yield caught
    finally:
        for number, handler in zip(watched, before):
            signal.signal(number, handler)
