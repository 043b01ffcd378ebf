"""Where runs live on NG: /var/lib/ng2coreos, 0700, one directory a run, one of them current."""

import os
import re
import secrets
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Dict, List, Optional, Set

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, Interrupted
from ng2coreos.core.host import Host
from ng2coreos.core.journal import Journal, Record
from ng2coreos.core.reading import PLAN_BYTES, read_regular
from ng2coreos.model import codec
from ng2coreos.model.plan import SCHEMA, Plan

STATE_DIRECTORY = "/var/lib/ng2coreos"
TAKES = ("export-state", "snapshot-volumes")  # steps that take NG's state: what follows stays on NG
_EVENTS = ("begin", "intent", "done", "undo", "undone", "failed", "finished", "again",
           "rolled-back", "stopping", "started")
_ASIDE = ("stopping", "started")  # services before a restart; how the run stands is not changed
_OF_A_CHANGE = ("intent", "done", "undo", "undone")  # these records name one
_TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z")  # utc_now
# it becomes a file name and part of an LVM tag (lvm(8): letters, digits and _+.-/=!:#&)
_RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


def utc_now() -> str:
    """The time as RFC 3339, UTC, whole seconds."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_run_id(now: Callable[[], str] = utc_now) -> str:
    """A sortable id: UTC time and 6 random hex digits. Fits LVM tags and file names."""
    return now().replace("-", "").replace(":", "") + "-" + secrets.token_hex(3)


class RunDirectory:
    """The files of one run: plan.json, journal, bundle/, config.ign."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path / "journal")
        self.bundle = path / "bundle"
        self.config = path / "config.ign"
        self.plan_file = path / "plan.json"

    @property
    def run_id(self) -> str:
        """The run's id, which is the directory's name."""
        return self.path.name

    def plan(self) -> Plan:
        """The plan that the run executes."""
        try:
            return read_plan(self.plan_file)
        except BadInput as error:
            raise BadInput(error.message, hint="If it is damaged, `ng2coreos rollback` does "
                           "without it; a run of another version is that one's to undo.") from None

    def records(self) -> List[Record]:
        """The journal's records since the run began last: a plan may be applied again."""
        records = self.journal.records()
        if not all(map(_shaped, records)):
            raise BadInput(f"The journal {self.journal.path} holds a record that no run of this "
                           "version writes.",
                           hint="Was it another version's? `ng2coreos rollback` does without it.")
        begins = [n for n, record in enumerate(records) if record["event"] == "begin"]
        return records[begins[-1]:] if begins else records

    def ended(self) -> str:
        """``finished`` or ``rolled-back`` if the journal says so last, else nothing."""
        events = [r["event"] for r in self.records() if r["event"] not in _ASIDE]
        last = events[-1] if events else ""
        return last if last in ("finished", "rolled-back") else ""

    def finished_before(self) -> bool:
        """Was it finished once, its secrets forgotten, whatever came after?"""
        return any(record["event"] == "finished" for record in self.records())

    def undoing(self) -> bool:
        """Was undoing begun? There is no way but on then."""
        return any(record["event"] in ("undo", "rolled-back") for record in self.records())

    def taken(self) -> str:
        """When NG's state was taken last, as the journal says it; empty before that."""
        found: Dict[str, str] = {}
        for record in self.records():
            if record["event"] == "intent" and record.get("step") in TAKES:
                found[record["change"]] = record.get("at", "")
            elif record["event"] == "again":  # what /etc holds was compared
                found = {change: record.get("at", "") for change in found}
        return min(found.values(), default="")

    def done(self) -> Set[str]:
        """Ids of the changes that the journal calls done (and not begun again or undone since)."""
        found: Set[str] = set()
        for record in self.records():
            if record["event"] == "done":
                found.add(record["change"])
            elif record["event"] in ("intent", "undone"):
                found.discard(record["change"])
        return found


class Store:
    """All runs of this host; the caller holds the lock for every change."""

    def __init__(self, host: Host) -> None:
        self.path = host.path(STATE_DIRECTORY)
        self.lock_file = self.path / "lock"
        self._current = self.path / "current"

    def current(self) -> Optional[RunDirectory]:
        """The run that holds the host now: staged, armed, interrupted or fallen back; else None."""
        if not self._current.is_symlink():
            return None
        name = os.readlink(str(self._current))
        if not _RUN_ID.fullmatch(name):
            raise BadInput(f"{self._current} leads to {name[:80]!r}, which is no run.",
                           hint="Who changed it? Let it lead to the run's directory beside it.")
        path = self.path / name
        return RunDirectory(path) if path.is_dir() else None

    def begin(self, plan: Plan) -> RunDirectory:
        """Make the run's directory and make it current, the plan durable first.

        Raises Interrupted while another run is current: it must be resumed or rolled back.
        """
        held = self.current()
        if held is not None:
            raise Interrupted(
                f"Run {held.run_id} is still there.",
                hint="`ng2coreos status` tells how far it came; then choose `ng2coreos resume` "
                     "or `ng2coreos rollback`.")
        if not _RUN_ID.fullmatch(plan.run_id):
            raise BadInput(f"{plan.run_id[:80]!r} is no id of a run.",
                           hint="Was the plan edited? Make a new one.")
        durable.make_directory(self.path, mode=0o700)
        run = RunDirectory(self.path / plan.run_id)
        durable.make_directory(run.path, mode=0o700)
        durable.write_file(run.plan_file, codec.dumps(plan).encode(), mode=0o600)
        run.journal.append({"event": "begin", "run": plan.run_id, "at": utc_now(),
                            "version": plan.tool_version})
        durable.make_symlink(self._current, plan.run_id)
        return run

    def drop(self, run_id: str) -> None:
        """Forget a run that failed to begin: nothing was changed. Any other stays."""
        run = RunDirectory(self.path / run_id)
        with suppress(OSError, BadInput):
            if _RUN_ID.fullmatch(run_id) and not any(
                    record.get("event") == "intent" for record in run.journal.records()):
                if self._current.is_symlink() and os.readlink(str(self._current)) == run_id:
                    durable.remove(self._current)
                durable.remove(run.path)

    def end(self) -> None:
        """No run is current any more; the last one's directory stays as the record of it."""
        durable.remove(self._current)


def _shaped(record: Record) -> bool:
    event, change = record.get("event"), record.get("change")
    if event not in _EVENTS or (event in _OF_A_CHANGE and not isinstance(change, str)):
        return False
    if "at" in record and not (isinstance(record["at"], str) and _TIME.fullmatch(record["at"])):
        return False
    if event == "stopping":
        units = record.get("units")
        return isinstance(record.get("boot"), str) and isinstance(units, list) and all(
            isinstance(unit, str) for unit in units)
    return event != "intent" or isinstance(record.get("undo"), dict)


def read_plan(path: Path) -> Plan:
    """The plan in `path`, or BadInput."""
    try:
        text = read_regular(path, PLAN_BYTES).decode("utf-8")
    except (OSError, ValueError) as error:
        raise BadInput(f"The plan {path} cannot be read: {error}.",
                       hint="Make one with `ng2coreos plan --output FILE`.") from None
    plan = codec.loads(Plan, text, str(path))
    if plan.schema != SCHEMA:
        raise BadInput(f"{path} is no {SCHEMA} but {plan.schema[:80]!r}.",
                       hint="It was made by another version of ng2coreos: make a new plan.")
    return plan
