"""A cut anywhere in `apply` and in `rollback`: NG boots, `resume` ends as if nothing had happened,
`rollback` ends in the untouched host.

EXCEPTIONS, all that may differ:
1. The journal tells what happened, cuts included; the lock file holds a pid; plan, journal
   and last state of a run that was rolled back stay in /var/lib/ng2coreos (0700, no secrets).
2. The state file names the boot of NG in which the run was armed.
3. GRUB itself empties `next_entry` when it boots an armed trial; it stays there, empty.
"""

import os
from collections import Counter
from typing import Any, Callable, Dict, List

import pytest

from ng2coreos.core.errors import FellBack, Interrupted, Unsupported
from ng2coreos.execute.status import status, tried
from ng2coreos.model.state import Phase
from ng2coreos.stage import arm, bootdir, grubenv
from ng2coreos.stage import state as state_file
from tests.execute.world import GRUBENV
from tests.faults import oracle
from tests.faults.cuts import Cut, distinct, recorded
from tests.faults.scene import Scene, differences

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners")

Ends = Dict[str, Any]


def figures(title: str, cuts: List[Cut]) -> None:
    """Print what was enumerated, by step (`pytest -s`, and the log of a failure)."""
    steps = Counter(cut.step for cut in cuts)
    different = Counter(group[0].step for group in distinct(cuts).values())
    print(f"\n{title}: {len(cuts)} cuts, {len(distinct(cuts))} different disks")
    for step, count in steps.items():
        print(f"  {step:18} {count:5} {different[step]:5}")


def ended(scene: Scene) -> Ends:
    """What an undisturbed run makes."""
    scene.apply()
    found = scene.result()
    scene.reset()
    return {"result": found}


def survives(scene: Scene, cut: Cut, wanted: Ends) -> None:
    """The promise, for one cut; the host is thrown away."""
    scene.restore(cut)
    assert oracle.problems(scene) == [], str(cut)
    if cut.power and scene.next_entry() == bootdir.FIRST_BOOT_ENTRY:
        falls_back(scene, cut)
        return
    converges(scene, cut, wanted)
    scene.restore(cut)
    scene.roll_back()
    untouched(scene, cut)


def converges(scene: Scene, cut: Cut, wanted: Ends) -> None:
    """`resume` ends in the bytes of an undisturbed run (or says that undoing has begun)."""
    held = scene.store.current()
    if held is None:
        with pytest.raises(Unsupported):
            scene.resume()
        scene.apply()
    elif held.undoing():
        assert "being rolled back" in status(scene.host, scene.store).text, str(cut)
        with pytest.raises(Interrupted, match="rolled back"):
            scene.resume()
        return
    elif held.ended() == "finished" and not status_armed(scene):
        with pytest.raises(Interrupted):
            scene.resume()
        return
    else:
        assert not tried(scene.host, held, state_file.read(scene.host.path("/boot"))), str(cut)
        scene.resume()
    files, lvs = scene.result()
    assert differences(wanted["result"][0], files) == [], str(cut)
    assert lvs == wanted["result"][1], str(cut)
    assert oracle.problems(scene) == [], str(cut)


def falls_back(scene: Scene, cut: Cut) -> None:
    """The power came back to an armed trial.  Say it fails: NG explains it and gets rid of it."""
    environment = scene.host.path(GRUBENV)
    grubenv.change(environment, {"next_entry": ""})  # as GRUB leaves it
    scene.restart()
    held = scene.store.current()
    assert held is not None, str(cut)
    undoing = held.undoing()
    told = status(scene.host, scene.store)
    assert told.host_state == ("prepared" if undoing else "rolled-back"), str(cut)
    with pytest.raises(Interrupted if undoing else FellBack):
        scene.resume()
    scene.roll_back()
    grubenv.change(environment, unset=["next_entry"])
    untouched(scene, cut)


def untouched(scene: Scene, cut: Cut) -> None:
    """The host is as before, and no run is current."""
    found, before = scene.ng(), dict(scene.before)
    before.pop("/run")
    before["/"] = {p: n for p, n in before["/"].items() if not f"{p}/".startswith("proc/")}
    made = found["/"].pop("var/lib/ng2coreos", None)
    assert made is None or made.mode == 0o700
    assert differences(before, found) == [], str(cut)
    assert not [lv for lv in scene.host.lvs.values() if lv.tags], str(cut)
    assert scene.store.current() is None, str(cut)
    assert oracle.problems(scene) == [], str(cut)


def status_armed(scene: Scene) -> bool:
    """Is our first trial the next boot?"""
    return arm.armed(scene.host.path(GRUBENV)) == bootdir.FIRST_BOOT_ENTRY


def cuts_of(scene: Scene, command: Callable[[], None]) -> List[Cut]:
    """All cuts of a command that is otherwise left alone."""
    with recorded(scene.host) as found:
        command()
    return found


def test_every_cut_of_a_run(scene: Scene) -> None:
    wanted = ended(scene)
    cuts = cuts_of(scene, scene.apply)
    figures("apply", cuts)
    assert {cut.step for cut in cuts} >= {change.step for change in scene.plan.changes}
    for group in distinct(cuts).values():
        survives(scene, group[0], wanted)


def test_every_cut_of_taking_the_volumes_again(scene: Scene) -> None:
    wanted = ended(scene)
    scene.apply()
    scene.host.media.settled()
    cuts = cuts_of(scene, scene.apply_again)
    figures("apply --reboot", cuts)
    between = [cut for cut in cuts if cut.step == "begin" and at_rest(scene, cut)]
    assert between, "disarmed, and the state file still says armed"
    for group in distinct(cuts).values():
        survives(scene, group[0], wanted)


def at_rest(scene: Scene, cut: Cut) -> bool:
    """Is nothing armed by this cut's disks, but for what the state file says?"""
    scene.restore(cut)
    state = state_file.read(scene.host.path("/boot"))
    return cut.power and state is not None and state.phase is Phase.ARMED \
        and not status_armed(scene)


def test_every_cut_of_a_rollback(scene: Scene) -> None:
    wanted = ended(scene)
    scene.apply()
    scene.host.media.settled()
    cuts = cuts_of(scene, scene.roll_back)
    figures("rollback", cuts)
    for group in distinct(cuts).values():
        survives(scene, group[0], wanted)
