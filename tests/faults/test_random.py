"""Kills and power cuts at random, in whatever command comes next, again and again; then an end.

A chain of cuts has a seed, which a failure names.  To see it again:

    NG2COREOS_SEED=<seed> pytest -s tests/faults/test_random.py

NG2COREOS_KILLS says how many cuts are made in all (1,000 of them in every test run).
"""

import os
import random
import time
from collections import Counter
from typing import Callable, Dict, List, Optional, Tuple

import pytest

from ng2coreos.core.errors import FellBack
from ng2coreos.execute.status import tried
from ng2coreos.stage import bootdir, grubenv
from ng2coreos.stage import state as state_file
from tests.execute.world import GRUBENV
from tests.faults import oracle
from tests.faults.cuts import Cut, Watch, taken, torn_cuts, watching
from tests.faults.media import KINDS
from tests.faults.scene import Scene, differences
from tests.faults.test_cuts import ended, untouched

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners")

KILLS = int(os.environ.get("NG2COREOS_KILLS", "1000"))
SEED = os.environ.get("NG2COREOS_SEED", "")
LONGEST = 20  # cuts in a chain
POINTS = {"apply": 460, "resume": 460, "roll_back": 170}  # about as many as the commands have


class Off(BaseException):
    """The process is gone."""


class Chain:
    """One host, cut by a generator of random numbers."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.seed = scene, seed
        self.random = random.Random(seed)
        self.told: List[str] = []
        self.kills = 0

    def __str__(self) -> str:
        return f"NG2COREOS_SEED={self.seed}: " + "; ".join(self.told)

    def run(self, wanted: Dict[str, object]) -> None:
        """Cut and cut again, then let a last command come to its end."""
        self.scene.reset()
        for _ in range(self.random.randint(1, LONGEST)):
            self.cut(self.next_command())
        last = self.next_command()
        self.told.append(f"{last} to its end")
        getattr(self.scene, last)()
        assert oracle.problems(self.scene) == [], str(self)
        if last == "roll_back":
            self.forget_the_one_shot()
            untouched(self.scene, Cut("end", str(self), "killed", {}, ()))
        else:
            files, lvs = self.scene.result()
            assert differences(wanted["result"][0], files) == [], str(self)  # type: ignore[index]
            assert lvs == wanted["result"][1], str(self)  # type: ignore[index]

    def next_command(self) -> str:
        """What an admin may do now."""
        held = self.scene.store.current()
        if held is None:
            return "apply"
        used = tried(self.scene.host, held, state_file.read(self.scene.host.path("/boot")))
        if used and not held.undoing():
            with pytest.raises(FellBack):
                self.scene.resume()
        if used or held.undoing() or self.random.random() < 0.3:
            return "roll_back"
        return "resume"

    def cut(self, command: str) -> None:
        """Run a command up to some point, unless it ends before."""
        kind = self.random.choice(("killed", "killed", *KINDS, "torn"))
        number = self.random.randrange(POINTS[command])
        found = _cut_at(self.scene, getattr(self.scene, command), number, kind,
                        self.random.randrange(2))
        if found is None:
            self.told.append(f"{command} ended before point {number}")
            return
        self.kills += 1
        self.told.append(f"{command}: {found}")
        self.scene.restore(found)
        assert oracle.problems(self.scene) == [], str(self)
        if found.power and self.scene.next_entry() == bootdir.FIRST_BOOT_ENTRY:
            grubenv.change(self.scene.host.path(GRUBENV), {"next_entry": ""})
            self.scene.restart()

    def forget_the_one_shot(self) -> None:
        """GRUB leaves it empty."""
        environment = self.scene.host.path(GRUBENV)
        if grubenv.read(environment).get("next_entry") == "":
            grubenv.change(environment, unset=["next_entry"])


def _cut_at(scene: Scene, command: Callable[[], None], number: int, kind: str,
            part: int) -> Optional[Cut]:
    """What a cut leaves at point `number` of `command`; torn: at the first flush from there on."""
    found: List[Cut] = []
    passed = 0

    def off(watch: Watch, cut: Cut) -> None:
        found.append(cut)
        watch.reached.clear()
        watch.off = True
        raise Off

    with watching(scene.host) as watch:
        def reached(name: str) -> None:
            nonlocal passed
            passed += 1
            if passed > number and kind != "torn":
                off(watch, taken(scene.host, watch.step, name, kind))

        def tear(name: str, path: str, parts: List[bytes]) -> None:
            if passed > number:
                cuts = torn_cuts(scene.host, watch.step, name, path, parts)
                if cuts:
                    off(watch, cuts[part % len(cuts)])

        watch.reached.append(reached)
        watch.tear = tear if kind == "torn" else None
        try:
            command()
        except BaseException:
            if not found:
                raise
    return found[0] if found else None


def _seeds() -> Tuple[int, int]:
    """The first seed, and how many kills are wanted from it on."""
    return (int(SEED), 1) if SEED else (random.SystemRandom().randrange(10 ** 9), KILLS)


def test_random_cuts(scene: Scene) -> None:
    wanted = ended(scene)
    first, kills = _seeds()
    began = time.monotonic()
    made, seed = 0, first
    lengths: Counter[int] = Counter()
    while made < kills:
        chain = Chain(scene, seed)
        try:
            chain.run(wanted)
        except Exception as error:
            raise AssertionError(f"{chain}: {error!r}") from error
        made += max(chain.kills, 1 if SEED else chain.kills)
        lengths[chain.kills] += 1
        seed += 1
    print(f"\n{made} cuts in {seed - first} chains from seed {first}, "
          f"{time.monotonic() - began:.0f} s; chains by length: {sorted(lengths.items())}")
