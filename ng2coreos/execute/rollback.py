"""The way back on NG: undo what the journal holds, newest first, then look for what is left.

Only the journal and the system are read.  Every undo tolerates a change that was never or only
half applied, and a second rollback does no harm.
"""

from typing import List, Tuple

from ng2coreos.core.errors import Ng2CoreosError, RollbackIncomplete, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.execute.run import Run
from ng2coreos.execute.steps import STEPS, step
from ng2coreos.execute.store import Store
from ng2coreos.model.plan import Change
from ng2coreos.stage import bootdir, volumes


def rollback(run: Run, store: Store) -> None:
    """Undo the whole run and check that nothing of it is left; RollbackIncomplete otherwise."""
    problems = undo_all(run, store)
    if problems:
        raise RollbackIncomplete(
            "Not everything could be undone: " + "; ".join(problems),
            hint="NG boots as before. Mend the cause, then run `ng2coreos rollback` again.")


def undo_all(run: Run, store: Store) -> List[str]:
    """Undo every change that was begun; the problems met, none when the host is as before.

    With no problem the journal ends in ``rolled-back`` and no run is current any more.
    """
    problems: List[str] = []
    for change, record in begun(run):
        try:
            run.directory.journal.append({"event": "undo", "change": change.id, "at": run.now()})
            step(change.step).undo(change, record, run)
            run.directory.journal.append({"event": "undone", "change": change.id, "at": run.now()})
        except (Ng2CoreosError, OSError) as error:
            problems.append(f"{change.id}: {error}")
    problems += [f"left over: {name}" for name in leftovers(run.host, run.vg, _custom_cfg(run))]
    if not problems:
        run.directory.journal.append({"event": "rolled-back", "at": run.now()})
        store.end()
    return problems


def begun(run: Run) -> List[Tuple[Change, "dict[str, object]"]]:
    """Changes that were begun and not undone since, in the order in which they must be undone."""
    records = {}
    for record in run.directory.records():
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


def forbid_after_finalize(phase: str) -> None:
    """Raise Unsupported when NG's space was given back: there is nothing to go back to."""
    if phase == "finalized":
        raise Unsupported("The move was finalized: NG's volumes are gone.",
                          hint="Reinstall the host if you need oVirt Node NG on it.")


def _custom_cfg(run: Run) -> str:
    return run.plan.decisions.boot.custom_cfg
