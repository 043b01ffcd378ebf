"""An armed run holds the state of its moment: what NG became since is taken again, or is told."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, List

import pytest

from ng2coreos.core.errors import Blocked, FellBack, Interrupted, NoSpace, StalePlan
from ng2coreos.core.journal import Journal
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands
from ng2coreos.execute.status import status
from ng2coreos.execute.store import RunDirectory, Store
from ng2coreos.model.plan import Policy
from ng2coreos.model.state import Phase
from ng2coreos.stage import arm, bootdir, state
from tests.execute.simulated import Scene, write
from tests.execute.world import BOOT_ID, GRUBENV, Killed, World
from tests.plan import build
from tests.stage.namespace import in_namespace

CHANGED = build.host(etc=(build.added("/etc/vdsm/vdsm.conf"),))
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="mounts")


def current(scene: Scene) -> RunDirectory:
    """The run that holds the host."""
    held = Store(scene.host).current()
    assert held is not None
    return held


def after(scene: Scene, check: Callable[[], None]) -> None:
    """`check` on a host whose run is armed, and where NG has written to /var since."""
    def work() -> None:
        commands.apply(scene.host, scene.plan, Progress())
        (scene.host.disk("var") / "later").write_text("NG goes on")
        check()

    in_namespace(work)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> Scene:
    """The real steps on a simulated host."""
    return Scene(tmp_path).install(monkeypatch)


def calls(scene: Scene) -> List[str]:
    """The programs that changed something, since the last look."""
    found = [argv[0] for argv in scene.host.calls
             if argv[0] in ("lvcreate", "lvremove", "mkfs.xfs", "systemctl")]
    scene.host.calls.clear()
    return found


@pytest.mark.parametrize("fresh", [False, True])
def test_what_is_armed_is_not_believed_of_a_host_that_changed(place: World, fresh: bool) -> None:
    place.apply()
    before = place.state(), place.boot(), place.events()
    place.facts = CHANGED
    with pytest.raises(StalePlan) as caught:
        commands.apply(place.host, place.plan, place.progress, fresh=fresh)
    assert "rollback" in caught.value.hint
    with pytest.raises(StalePlan):
        commands.resume(place.host, place.progress, fresh=fresh)
    assert (place.state(), place.boot(), place.events()) == before


def test_the_host_is_not_restarted_into_old_state(place: World,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ng2coreos.plan.findings_now", lambda *_: ())
    place.apply()
    held = place.store.current()
    assert held is not None
    place.facts = CHANGED
    with pytest.raises(StalePlan):
        commands.reboot(place.host, held)
    assert ("systemctl", "reboot") not in place.host.commands
    place.facts = build.host()
    place.host.on("systemctl", "reboot")
    commands.reboot(place.host, held)


def test_other_answers_are_not_those_that_are_armed(place: World) -> None:
    place.apply()
    place.plan = replace(place.plan, run_id="another", policy=Policy(confirm="manual"))
    with pytest.raises(Interrupted, match="other answers"):
        place.apply()
    place.host.write(BOOT_ID, "boot-2\n")  # NG is back: it is not armed, whatever is asked
    with pytest.raises(FellBack):
        place.apply()


@root_only
@pytest.mark.parametrize("resumed", [False, True])
def test_before_a_reboot_the_volumes_are_taken_again(scene: Scene, resumed: bool) -> None:
    def check() -> None:
        held, old = current(scene), current(scene).taken()
        overlay = scene.host.path("/boot") / "coreos" / bootdir.OVERLAY
        before = overlay.read_bytes(), held.plan()
        calls(scene)
        commands.apply(scene.host, scene.plan, Progress())
        assert calls(scene) == []
        if resumed:
            commands.resume(scene.host, Progress(), fresh=True)
        else:
            commands.apply(scene.host, replace(scene.plan, run_id="another"), Progress(),
                           fresh=True)
        assert calls(scene) == ["lvremove", "lvcreate"] * 2  # never the root volume
        assert (scene.host.disk("ng2coreos_var") / "later").is_file()
        assert (overlay.read_bytes(), held.plan()) == before
        found = status(scene.host, Store(scene.host))
        assert (found.host_state, found.phase) == ("staged", "armed")
        assert arm.armed(scene.host.path(GRUBENV)) == bootdir.FIRST_BOOT_ENTRY
        assert held.taken() >= old and held.ended() == "finished"
        commands.roll_back(scene.host, Progress())
        assert Store(scene.host).current() is None

    after(scene, check)


@root_only
def test_a_vm_that_runs_leaves_the_run_armed_as_it_was(scene: Scene) -> None:
    def check() -> None:
        mine = {**scene.facts.plugins["vdsm"], "volatile": {"vms": ["a"]}}
        scene.facts = replace(scene.facts, plugins={**scene.facts.plugins, "vdsm": mine})
        calls(scene)
        with pytest.raises(Blocked, match="N2C_VDSM_VMS_RUNNING"):
            commands.apply(scene.host, scene.plan, Progress(), fresh=True)
        assert calls(scene) == [] and current(scene).ended() == "finished"
        assert status(scene.host, Store(scene.host)).phase == "armed"

    after(scene, check)


@root_only
def test_the_age_is_that_of_the_last_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        monkeypatch.setattr(commands, "utc_now", lambda: "2126-01-01T00:00:00Z")
        append = Journal.append
        monkeypatch.setattr(Journal, "append", lambda journal, record: append(
            journal, {**record, "at": "2126-01-01T00:00:05Z"} if record["event"] == "intent"
            else record))
        commands.apply(scene.host, scene.plan, Progress(), fresh=True)
        assert current(scene).taken() == "2126-01-01T00:00:00Z"

    after(scene, check)


@root_only
def test_killed_anywhere_while_they_are_taken_ng_boots_and_resume_ends_it(
        scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    append = Journal.append
    stop = 0
    seen: List[int] = []

    def killed(journal: Journal, record: Any) -> None:
        if len(seen) == stop:
            raise Killed(record["event"])
        append(journal, record)
        seen.append(1)

    def check() -> None:
        nonlocal stop
        for stop in range(1, 20):
            seen.clear()
            with monkeypatch.context() as patch:
                patch.setattr(Journal, "append", killed)
                try:
                    commands.apply(scene.host, scene.plan, Progress(), fresh=True)
                    break
                except Killed:
                    pass
            armed = arm.armed(scene.host.path(GRUBENV))
            told = status(scene.host, Store(scene.host))
            assert told.host_state == "prepared"
            assert armed == "" or "trial" in told.text
            if not armed:  # a power cut: NG, later, does not take it for tried
                write(scene.host, BOOT_ID, b"boot-%d\n" % stop)
                found = state.read(scene.host.path("/boot"))
                assert found is not None and found.phase is Phase.STAGED
            commands.resume(scene.host, Progress())
            assert arm.armed(scene.host.path(GRUBENV)) == bootdir.FIRST_BOOT_ENTRY
            assert (scene.host.disk("ng2coreos_var") / "later").is_file()
        assert 5 < stop < 19

    after(scene, check)


@root_only
def test_what_fails_while_they_are_taken_undoes_all(scene: Scene) -> None:
    untouched = scene.ng()

    def check() -> None:
        scene.host.filled = ("99.99", "10.00")
        with pytest.raises(NoSpace, match="Everything was undone"):
            commands.apply(scene.host, scene.plan, Progress(), fresh=True)
        (scene.host.disk("var") / "later").unlink()
        assert scene.ng() == untouched and Store(scene.host).current() is None

    after(scene, check)


@root_only
def test_a_journal_that_cannot_grow_leaves_the_run_armed(
        scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(journal: Journal, record: Any) -> None:
        raise OSError(28, "No space left on device", str(journal.path))

    def check() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "append", full)
            with pytest.raises(Interrupted, match="not taken again"):
                commands.apply(scene.host, scene.plan, Progress(), fresh=True)
        assert status(scene.host, Store(scene.host)).phase == "armed"

    after(scene, check)
