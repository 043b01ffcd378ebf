"""Power cuts on the new system: in the trials, in `confirm`, `rollback` and `finalize`.

As test_cuts.py, on the moved host of tests/firstboot/machine.py: what was not flushed is lost.
Whatever the cut, the host ends confirmed, or in NG with a state that explains it.
"""

import copy
import os
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import pytest

from ng2coreos.core.command import Completed, Input
from ng2coreos.firstboot import confirm, finalize, rollback, trial
from ng2coreos.model.state import Phase
from tests.faults.cuts import watching
from tests.faults.media import Media, Tree
from tests.firstboot.machine import NG_ENTRY, Machine, Restarted, default_of
from tests.firstboot.test_trial import EXPLAINED_ON_NG, assert_confirmed

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners")

Image = Dict[str, Tree]
KINDS = ("lost", "ordered")


class Moved(Machine):
    """The machine on disks with a cache; its volumes are LVM's, flushed at once."""

    def __init__(self, top: Path, **options: Any) -> None:
        super().__init__(Path(os.path.realpath(str(top))) / "root", **options)
        (self.root / "run").mkdir(exist_ok=True)
        self.media = Media({"/": self.root, "/boot": self.partition, "/run": self.root / "run"},
                           volatile=("/run",))
        self.media.settled()

    def reached(self, when: str, words: Sequence[str]) -> None:
        """As Programs.reached."""

    def ended(self) -> None:
        """As Programs.ended."""

    def started(self) -> str:
        """Restart; what GRUB and the kernel have written by then is on the disks."""
        running = self.boot()
        self.media.settled()
        return running

    def _answer(self, argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        try:
            self.reached("before", argv)
            done = super()._answer(argv, timeout_s, data)
            self.reached("after", argv)
            return done
        finally:
            self.ended()


Cut = Tuple[str, Image, Dict[str, Dict[str, str]], int]


def power_cuts(machine: Moved, command: Callable[[], Any]) -> List[Cut]:
    """Every power cut of `command`, each with the disks that it leaves."""
    found: List[Cut] = []

    def keep(name: str, image: Image) -> None:
        found.append((name, image, copy.deepcopy(machine.lvs), machine.boots))

    with watching(machine) as watch:  # type: ignore[arg-type]
        def look(name: str) -> None:
            for kind in KINDS:
                keep(f"{name} [{kind}]", machine.media.image(kind))

        def tear(name: str, path: str, parts: List[bytes]) -> None:
            place = machine.media.of(path)
            below = os.path.relpath(path, machine.media.places[place])
            image = machine.media.image("ordered")
            if below in image[place]:
                for part in parts:
                    node = image[place][below]._replace(data=part)
                    keep(f"{name} [torn]", {**image, place: {**image[place], below: node}})

        watch.reached.append(look)
        watch.tear = tear
        try:
            command()
        except Restarted:
            pass
        watch.off = True
    return found


def different(cuts: Sequence[Cut]) -> Iterator[Cut]:
    """One of those that leave the same."""
    seen = set()
    for cut in cuts:
        key = (repr(cut[2]), tuple(sorted((n, frozenset(t.items())) for n, t in cut[1].items())))
        if key not in seen:
            seen.add(key)
            yield cut


def after(machine: Moved, cut: Cut) -> None:
    """The machine as the cut left it, before it is switched on."""
    name, image, lvs, boots = cut
    machine.media.restore(image)
    machine.lvs, machine.boots = copy.deepcopy(lvs), boots


def told(title: str, cuts: Sequence[Cut]) -> None:
    """Print the figures."""
    print(f"\n{title}: {len(cuts)} power cuts, {len(list(different(cuts)))} different disks")


@pytest.mark.parametrize("trial_boots", [1, 2])
def test_every_power_cut_of_the_trials(memory: Path, trial_boots: int) -> None:
    machine = Moved(memory, trial_boots=trial_boots)
    cuts: List[Cut] = []
    while machine.started() != "ng" and machine.state.phase is not Phase.CONFIRMED:
        cuts += power_cuts(machine, lambda: trial.run(machine.system()))
    told(f"trials ({trial_boots})", cuts)
    assert len(cuts) > 100
    ends = set()
    for cut in different(cuts):
        after(machine, cut)
        end = machine.play()
        ends.add(end)
        if end == "ng":
            assert machine.state.phase in EXPLAINED_ON_NG, cut[0]
            assert default_of(machine) == NG_ENTRY, cut[0]
        else:
            assert_confirmed(machine)
    assert ends == {"ng", "coreos"}


def confirmed(machine: Moved) -> None:
    """The move is over, and the permanent system runs."""
    assert machine.play() == "coreos"
    assert machine.started() == "permanent"


def test_every_power_cut_of_confirm(memory: Path) -> None:
    machine = Moved(memory, confirm="manual")
    assert machine.play() == "coreos"
    machine.media.settled()
    cuts = power_cuts(machine, lambda: confirm.confirm(machine.system()))
    told("confirm", cuts)
    for cut in different(cuts):
        after(machine, cut)
        if machine.play() == "ng":
            assert machine.state.phase is Phase.HEALTHY, cut[0]
            assert default_of(machine) == NG_ENTRY, cut[0]
        else:
            assert_confirmed(machine)


def test_every_power_cut_of_rollback(memory: Path) -> None:
    machine = Moved(memory)
    confirmed(machine)
    cuts = power_cuts(machine, lambda: rollback.rollback(machine.system()))
    told("rollback on the new system", cuts)
    for cut in different(cuts):
        after(machine, cut)
        if machine.play() == "ng":
            assert machine.state.phase in (Phase.CONFIRMED, Phase.ROLLED_BACK), cut[0]
        else:
            assert machine.state.phase is Phase.CONFIRMED, cut[0]
        rollback.rollback(machine.system())
        assert machine.play() == "ng" and machine.state.phase is Phase.ROLLED_BACK, cut[0]


def test_every_power_cut_of_finalize(memory: Path) -> None:
    machine = Moved(memory)
    confirmed(machine)
    cuts = power_cuts(machine, lambda: finalize.finalize(machine.system(), yes=True))
    told("finalize", cuts)
    assert machine.state.phase is Phase.FINALIZED
    whole = machine.media.image("killed")["/boot"]
    volumes = sorted(machine.lvs)
    for cut in different(cuts):
        after(machine, cut)
        assert machine.play() == "coreos", cut[0]
        finalize.finalize(machine.system(), yes=True)
        assert machine.state.phase is Phase.FINALIZED, cut[0]
        assert sorted(machine.lvs) == volumes, cut[0]
        assert machine.media.image("killed")["/boot"] == whole, cut[0]
