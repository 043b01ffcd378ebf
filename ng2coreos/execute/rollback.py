"""The way back on NG: undo what the journal holds, newest first, then look for what is left.

Only the journal and the system are read.  Every undo tolerates a change that was never or only
half applied, and a second rollback does no harm.  Therefore undoing needs no journal: one that is
damaged, or cannot grow because the disk is full, must not keep the host from its way back.  Nor
must a damaged plan: see unplanned.py.
"""

import logging
from typing import Any, List, Mapping, Tuple

from ng2coreos.core.errors import (
    BadInput,
    Interrupted,
    Ng2CoreosError,
    RollbackIncomplete,
    Unsupported,
)
from ng2coreos.core.host import Host
from ng2coreos.execute.run import BOOT, Run
from ng2coreos.execute.secrets import forget
from ng2coreos.execute.steps import STEPS, step
from ng2coreos.execute.store import Store
from ng2coreos.model.plan import Change
from ng2coreos.model.state import Phase
from ng2coreos.stage import bootdir, volumes
from ng2coreos.stage import state as state_file

_LOG = logging.getLogger(__name__)


def rollback(run: Run, store: Store) -> None:
    """Undo the whole run and check that nothing of it is left; RollbackIncomplete otherwise."""
    problems = undo_all(run, store)
    if problems:
        raise RollbackIncomplete(
            "Not everything could be undone: " + "; ".join(problems),
            hint="NG boots as before. Mend the cause, then run `ng2coreos rollback` again.")


def undo_all(run: Run, store: Store) -> List[str]:
    """Undo every change that was begun; the problems met, none when the host is as before.

    With no problem the plan has lost its secrets, the journal ends in ``rolled-back`` and no run is
    current any more.
    """
    problems: List[str] = []
    for change, record in begun(run):
        note(run, {"event": "undo", "change": change.id})
        try:
            step(change.step).undo(change, record, run)
        except Exception as error:  # whatever it is: the other changes must be undone all the same
            _LOG.debug("undoing %s", change.id, exc_info=True)
            problems.append(f"{change.id}: {error}")
            if step(change.step).boots:
                break
        else:
            note(run, {"event": "undone", "change": change.id})
    try:
        problems += [f"left over: {name}" for name in leftovers(run.host, run.vg, _custom_cfg(run))]
    except (Ng2CoreosError, OSError) as error:
        problems.append(f"what is left cannot be seen: {error}")
    if not problems:
        forget(run.directory)
        note(run, {"event": "rolled-back"})
        store.end()
    return problems


def note(run: Run, record: Mapping[str, Any]) -> None:
    """Journal `record` if that is possible; undoing a change twice does no harm."""
    try:
        run.directory.journal.append({**record, "at": run.now()})
    except (Ng2CoreosError, OSError) as error:
        _LOG.warning("not journaled: %s: %s", record["event"], error)


def begun(run: Run) -> List[Tuple[Change, "dict[str, object]"]]:
    """Changes that were begun and not undone since, in the order in which they must be undone.

    All of them where the journal cannot be believed.
    """
    try:
        journal = run.directory.records()
    except BadInput:
        journal = [{"event": "intent", "change": c.id, "undo": {}} for c in run.plan.changes]
    records = {}
    for record in journal:
        if record["event"] == "intent":
            records[record["change"]] = record["undo"]
        elif record["event"] == "undone":
            records.pop(record["change"], None)
    order = {s.id: number for number, s in enumerate(STEPS)}
    mine = [c for c in run.plan.changes if c.id in records]
    position = {c.id: n for n, c in enumerate(run.plan.changes)}
    mine.sort(key=lambda c: (order[c.step], position[c.id]), reverse=True)
    return [(change, records[change.id]) for change in mine]


def leftovers(host: Host, vg: str, custom_cfg: str) -> Tuple[str, ...]:
    """What of ours is still on the host: LVs by tag, files on /boot, the block in custom.cfg."""
    found = [f"LV {vg}/{name}" for name in volumes.ours(host, vg)]
    found += bootdir.leftovers(host.path("/boot"), host.path(custom_cfg))
    return tuple(found)


def forbid_after_finalize(host: Host) -> None:
    """Raise when the new system has begun to give NG's space back: it is all that the host has.

    A state that cannot be read forbids nothing: it must not keep NG from its way back.
    """
    try:
        state = state_file.read(host.path(BOOT))
    except (BadInput, OSError) as error:
        _LOG.warning("how far the new system came cannot be read: %s", error)
        return
    if state is not None and state.phase is Phase.FINALIZING:
        raise Interrupted("`ng2coreos finalize` was begun on the new system: parts of NG are gone.",
                          hint="Boot the new system and run `ng2coreos finalize --yes` there.")
    if state is not None and state.phase is Phase.FINALIZED:
        raise Unsupported("The move was finalized: NG's volumes are gone.",
                          hint="Reinstall the host if you need oVirt Node NG on it.")


def _custom_cfg(run: Run) -> str:
    return run.plan.decisions.boot.custom_cfg
