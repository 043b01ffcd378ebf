"""A host with fake steps: every place where a run can be killed or fail is a numbered point."""

import json
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple

import pytest

from ng2coreos import inventory
from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.journal import Journal
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands, planning, rollback, runner, steps
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.execute.steps.write_boot import first_state
from ng2coreos.execute.store import Store
from ng2coreos.inventory import lvm_layout
from ng2coreos.model.plan import Change, Decisions, Plan, Policy, Target
from ng2coreos.model.state import Phase
from ng2coreos.stage import arm, bootdir, grubenv, state
from tests.fakes import MANY, FakeHost
from tests.plan import build

RUN_ID = "20260101T000000Z-abcdef"
GRUBENV = "/boot/grub2/grubenv"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
CLOCK = planning.Clock(lambda: "2026-01-01T00:00:00Z", lambda: RUN_ID, lambda: "uuid")


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, nothing is undone."""


class Points:
    """The points that a run passes, in order; at some of them something happens."""

    def __init__(self) -> None:
        self.passed: List[str] = []
        self.number: Optional[int] = None
        self.raises: Dict[str, BaseException] = {}

    def reach(self, name: str) -> None:
        """Pass the point `name`, unless this is where it ends."""
        self.passed.append(name)
        if self.number is not None and len(self.passed) == self.number + 1:
            raise Killed(name)
        if name in self.raises:
            raise self.raises[name]


class Making(Step):
    """Makes one file a change, in two halves; a file that is whole is left alone."""

    def __init__(self, id: str, count: int, made: Path, points: Points) -> None:
        self.id, self.title = id, id
        self._count, self._made, self._points = count, made, points

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """As many changes as were asked for."""
        return tuple(Change(f"{self.id}:{n}", self.id, f"Make {n}", {"n": n})
                     for n in range(self._count))

    def prepare(self, change: Change, run: Run) -> Undo:
        """Something to find again in undo."""
        self._points.reach(f"prepare {change.id}")
        return {"of": change.id}

    def apply(self, change: Change, run: Run) -> Result:
        """Half, then whole."""
        path = self._made / change.id
        self._points.reach(f"apply {change.id}")
        if path.exists() and path.read_text() == "whole":
            return {"made": 0}
        path.write_text("half")
        self._points.reach(f"half {change.id}")
        path.write_text("whole")
        self._points.reach(f"applied {change.id}")
        return {"made": 1}

    def verify(self, change: Change, run: Run) -> None:
        """It is whole."""
        self._points.reach(f"verify {change.id}")
        if (self._made / change.id).read_text() != "whole":
            raise Ng2CoreosError(f"{change.id} is not whole.", hint="none")

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Gone."""
        self._points.reach(f"undo {change.id}")
        assert record in ({"of": change.id}, {})  # nothing where the journal is lost
        path = self._made / change.id
        if path.exists():
            path.unlink()
        self._points.reach(f"undid {change.id}")


class Notes(Progress):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: List[str] = []

    def note(self, text: str) -> None:
        """See Progress.note."""
        self.said.append(text)


class Arming(Making):
    """The last step: besides its file, the state on /boot and the one-shot entry."""

    boots = True
    perishable = True

    def apply(self, change: Change, run: Run) -> Result:
        """State first, then the entry."""
        result = super().apply(change, run)
        bootdir.make_private(run.boot)
        self._points.reach("private")
        arm.hold(run.host.path(GRUBENV), "ng")
        self._points.reach("held")
        state.write(run.boot, replace(first_state(run), phase=Phase.ARMED))
        self._points.reach("state")
        arm.arm(run.host.path(GRUBENV), bootdir.FIRST_BOOT_ENTRY)
        self._points.reach("armed")
        return result

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Disarmed, then nothing of it left."""
        arm.disarm(run.host.path(GRUBENV), "ng")
        self._points.reach("disarmed")
        bootdir.remove_files(run.boot)
        super().undo(change, record, run)


class World:
    """One host, its store and a plan of four fake steps with six changes."""

    def __init__(self, top: Path) -> None:
        root = top / "root"
        self.made = top / "made"
        self.made.mkdir(parents=True)
        self.points = Points()
        self.progress = Notes()
        self.host = FakeHost(root)
        self.host.write(BOOT_ID, "boot-1\n")
        self.host.path("/boot/grub2").mkdir(parents=True)
        grubenv.create(self.host.path(GRUBENV))
        arm.set_default(self.host.path(GRUBENV), "ng")
        self.facts = build.host()
        self.lvs: List[Dict[str, str]] = []
        self.host.on("lvs", ..., times=MANY,
                     stdout=lambda argv, data: json.dumps({"report": [{"lv": self.lvs}]}))
        self.host.on("dmsetup", "status", "onn-pool00-tpool", times=MANY,
                     stdout="0 6400 thin-pool 1 70/4096 20/50 - rw discard_passdown - 1024 \n")
        self.steps = (Making("alpha", 2, self.made, self.points),
                      Making("beta", 1, self.made, self.points),
                      Making("gamma", 2, self.made, self.points),
                      Arming("omega", 1, self.made, self.points))
        self.store = Store(self.host)
        decisions, target = _decided()
        self.plan = replace(_plan(), changes=tuple(
            change for step in self.steps for change in step.plan(decisions, target)))

    def install(self, patch: pytest.MonkeyPatch) -> "World":
        """Put the fake steps and this host's facts in the place of the real ones."""
        patch.setattr(steps, "STEPS", self.steps)
        patch.setattr(rollback, "STEPS", self.steps)
        patch.setattr(planning, "STEPS", self.steps)
        patch.setattr(runner, "private_namespace", lambda: None)
        patch.setattr(inventory, "read", lambda host, plugins: self.facts)
        patch.setattr(lvm_layout, "read", lambda host, devices: self.facts.layout)
        append = Journal.append

        def watched(journal: Journal, record: Mapping[str, Any]) -> None:
            name = f"{record['event']} {record.get('change', '')}".strip()
            self.points.reach(f"before journal {name}")
            append(journal, record)
            self.points.reach(f"journal {name}")

        patch.setattr(Journal, "append", watched)
        return self

    def apply(self) -> None:
        """`ng2coreos apply`."""
        commands.apply(self.host, self.plan, self.progress)

    def resume(self) -> None:
        """`ng2coreos resume`."""
        commands.resume(self.host, self.progress)

    def roll_back(self) -> None:
        """`ng2coreos rollback`."""
        commands.roll_back(self.host, self.progress)

    def events(self) -> List[str]:
        """The journal's events with their changes."""
        return self.events_of(self.plan.run_id)

    def events_of(self, run_id: str) -> List[str]:
        """As `events`, of any run."""
        journal = Journal(self.store.path / run_id / "journal")
        return [f"{r['event']} {r.get('change', '')}".strip() for r in journal.records()]

    def state(self) -> Tuple[Tuple[str, str], ...]:
        """What the changes made."""
        return tuple(sorted((p.name, p.read_text()) for p in self.made.iterdir()))

    def boot(self) -> Tuple[Dict[str, str], bool]:
        """GRUB's environment, and whether there is a state file on /boot."""
        return (grubenv.read(self.host.path(GRUBENV)),
                state.read(self.host.path("/boot")) is not None)

    def done(self) -> Set[str]:
        """What the current run calls done."""
        held = self.store.current()
        return held.done() if held else set()

    @property
    def ended(self) -> str:
        """How the current run ended, ``none`` where none is current."""
        held = self.store.current()
        return held.ended() if held else "none"


@contextmanager
def world(top: Path) -> Iterator[World]:
    """A world of its own, for tests that need many."""
    with pytest.MonkeyPatch.context() as patch:
        yield World(top).install(patch)


@cache
def _plan() -> Plan:
    """A real plan, without what fake steps do not look at: it is read again and again."""
    made = planning.make_plan(FakeHost(), build.host(), build.target(source=build.LOCAL), Policy(),
                              CLOCK)
    small = replace(made.decisions, items=(), checks=(), units=(), kernel_args=(), trees=())
    return replace(made, decisions=small)


def _decided() -> Tuple[Decisions, Target]:
    return _plan().decisions, _plan().target
