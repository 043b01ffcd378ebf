"""The real steps on a simulated host: what they make, and that all of it can be taken away."""

import os
import shutil
from pathlib import Path
from typing import Any, List, Optional, Tuple

import pytest

from ng2coreos.core.command import Completed
from ng2coreos.core.errors import BadInput, NoSpace, RolledBack
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands
from ng2coreos.execute.run import ROOT_MOUNT
from ng2coreos.execute.status import status
from ng2coreos.execute.steps import STEPS
from ng2coreos.execute.store import Store
from ng2coreos.model.state import Phase
from ng2coreos.stage import arm, bootdir, state, sysroot
from ng2coreos.stage.bls import Deployed
from tests.execute.simulated import SECRET, Scene
from tests.execute.world import BOOT_ID, GRUBENV, Killed
from tests.stage.namespace import in_namespace

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="mounts"),
              pytest.mark.usefixtures("no_fsync")]
FULL = "No space left on device"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path).install(monkeypatch)


def apply(scene: Scene) -> None:
    commands.apply(scene.host, scene.plan, Progress())


def roll_back(scene: Scene) -> None:
    commands.roll_back(scene.host, Progress())


def check_armed(scene: Scene, before: Tuple[object, ...]) -> None:
    """Everything of the new system is there, and nothing of NG's has changed."""
    host, plan = scene.host, scene.plan
    boot = host.path("/boot")
    assert arm.armed(host.path(GRUBENV)) == bootdir.FIRST_BOOT_ENTRY
    assert arm.default(host.path(GRUBENV)) == plan.decisions.boot.saved_entry
    written = state.read(boot)
    assert written is not None and written.phase is Phase.ARMED and written.ng_boot_id == "boot-1"
    bootdir.verify(host, boot, plan.decisions.boot)
    assert "# the admin's own\n" in host.path("/boot/grub2/custom.cfg").read_text()
    for volume in plan.decisions.volumes:
        lv = host.lvs[volume.name]
        assert (lv.uuid, lv.fstype, lv.origin) == (volume.fs_uuid, volume.fstype, volume.origin)
        assert lv.tags == ("ng2coreos", f"ng2coreos:{plan.run_id}")
    assert (host.disk("ng2coreos_var") / "roothome/.bashrc").read_text() == "alias\n"
    assert (host.disk("ng2coreos_home") / "kept").read_text() == "home"
    after = scene.ng()
    assert after[3:] == before[3:]
    ngs, now = dict(before[2]), dict(after[2])  # type: ignore[call-overload]
    ngs.pop("grub2/custom.cfg"), now.pop("grub2/custom.cfg")
    assert {name: now.get(name) for name in ngs} == ngs
    assert not (Store(host).path / plan.run_id / "config.ign").exists()  # see test_secrets.py


def test_a_run_then_a_rollback(scene: Scene) -> None:
    def work() -> None:
        before = scene.ng()
        apply(scene)
        check_armed(scene, before)
        assert status(scene.host, Store(scene.host)).host_state == "staged"
        roll_back(scene)
        assert scene.ng() == before
        assert Store(scene.host).current() is None
        roll_back(scene)  # a second time there is nothing to do
        assert scene.ng() == before

    in_namespace(work)


def test_after_a_rollback_no_secret_is_left(scene: Scene) -> None:
    def work() -> None:
        apply(scene)
        roll_back(scene)
        for top in (scene.host.root, scene.host.disks):
            for path in top.rglob("*"):
                if path.is_file() and path.name not in ("secret.key", "shadow"):
                    assert b"canary" not in path.read_bytes(), path
        assert scene.host.read_bytes("/etc/secret.key") == SECRET

    in_namespace(work)


def commands_of_a_run(scene: Scene) -> List[Tuple[str, ...]]:
    """Every program that an undisturbed run starts."""
    apply(scene)
    calls = list(scene.host.calls)
    roll_back(scene)
    return calls


def test_whichever_program_fails_everything_is_undone(scene: Scene) -> None:
    def work() -> None:
        before = scene.ng()
        calls = commands_of_a_run(scene)
        first = next(n for n, c in enumerate(calls) if c[0] == "lvcreate") - 1
        tried = 0
        for number in range(first, len(calls), 2):
            if calls[number][0] in ("dmsetup", "udevadm", "vdsm-tool", "sanlock") or (
                    "/log-" in calls[number][-1]):
                continue  # may fail; and what stays mounted cannot be removed by this process
            tried += 1
            fail_once(scene, number, 1, FULL if tried % 2 else "It broke.")
            with pytest.raises((RolledBack, NoSpace)) as caught:
                apply(scene)
            assert (type(caught.value) is NoSpace) == bool(tried % 2), calls[number]
            scene.host.fail = lambda n, argv: None
            assert scene.ng() == before, calls[number]
            assert Store(scene.host).current() is None
        assert tried > 10

    in_namespace(work)


def test_killed_in_whichever_program_a_run_can_be_resumed(scene: Scene) -> None:
    def work() -> None:
        before = scene.ng()
        calls = commands_of_a_run(scene)
        first = next(n for n, c in enumerate(calls) if c[0] == "lvcreate")
        for number in range(first, len(calls), 5):
            if calls[number][0] in ("udevadm", "umount", "vdsm-tool", "sanlock"):
                continue
            kill_once(scene, number)
            with pytest.raises(Killed):
                apply(scene)
            scene.host.fail = lambda n, argv: None
            commands.resume(scene.host, Progress())
            check_armed(scene, before)
            roll_back(scene)
            assert scene.ng() == before, calls[number]

    in_namespace(work)


def test_a_disk_that_forgets_what_was_written_is_not_armed(
        scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the volume is mounted, the page cache shows what no disk has."""
    read = sysroot.read_deployed

    def strict(root: Path, *rest: Any) -> Deployed:
        if not (root / "ostree").is_dir():
            raise BadInput("There is no deployment.", hint="")
        return read(root, *rest)

    def forget(n: int, argv: Tuple[str, ...]) -> Optional[Completed]:
        if argv[0] == "umount" and argv[-1].endswith(ROOT_MOUNT):
            shutil.rmtree(str(scene.host.disk("ng2coreos_root") / "ostree"), ignore_errors=True)
        return None

    def work() -> None:
        before = scene.ng()
        monkeypatch.setattr(sysroot, "read_deployed", strict)
        scene.host.fail = forget
        with pytest.raises(RolledBack, match="no deployment"):
            apply(scene)
        scene.host.fail = lambda n, argv: None
        assert scene.ng() == before

    in_namespace(work)


@pytest.mark.parametrize("name", ["grub2/rollback.cfg", bootdir.OVERLAY])
def test_what_is_spoilt_on_boot_before_the_arming_is_not_armed(scene: Scene, name: str) -> None:
    """By whoever cleans /boot up, say: a trial that cannot fall back must not begin."""
    file = scene.host.path(f"/boot/coreos/{name}")

    def spoil(n: int, argv: Tuple[str, ...]) -> Optional[Completed]:
        if argv[0] == "umount" and state.path(scene.host.path("/boot")).exists():
            file.unlink(missing_ok=True)
        return None

    def work() -> None:
        before = scene.ng()
        scene.host.fail = spoil
        with pytest.raises(RolledBack, match=f"{file.name} is (missing|not as it was written)"):
            apply(scene)
        scene.host.fail = lambda n, argv: None
        assert scene.ng() == before

    in_namespace(work)


def test_a_file_that_changed_during_the_run_stops_it(scene: Scene) -> None:
    def work() -> None:
        before = scene.ng()

        def change(n: int, argv: Tuple[str, ...]) -> Optional[Completed]:
            if argv[0] == "lvcreate":
                scene.host.path("/etc/secret.key").write_text("edited")
            return None

        scene.host.fail = change
        with pytest.raises(RolledBack, match="/etc/secret.key has changed"):
            apply(scene)
        assert scene.ng() == before

    in_namespace(work)


def test_resumed_in_another_boot_of_ng_the_state_knows_that_boot(scene: Scene) -> None:
    def work() -> None:
        before = scene.ng()
        calls = commands_of_a_run(scene)
        kill_once(scene, next(n for n, c in enumerate(calls) if c[0] == "grub2-script-check"))
        with pytest.raises(Killed):
            apply(scene)
        scene.host.fail = lambda n, argv: None
        (scene.host.disk("var") / "kept").write_text("NG went on")
        scene.host.path(BOOT_ID).write_text("boot-2\n")
        commands.resume(scene.host, Progress())
        written = state.read(scene.host.path("/boot"))
        assert written is not None and written.ng_boot_id == "boot-2"
        assert (scene.host.disk("ng2coreos_var") / "kept").read_text() == "NG went on"
        (scene.host.disk("var") / "kept").write_text("var")
        roll_back(scene)
        assert scene.ng() == before

    in_namespace(work)


def test_every_step_has_an_undo_and_says_what_it_does() -> None:
    assert all(step.id and step.title and type(step).__doc__ for step in STEPS)
    assert not any(step.irreversible for step in STEPS)
    assert len({step.id for step in STEPS}) == len(STEPS)


def fail_once(scene: Scene, number: int, status: int, stderr: str) -> None:
    """Let the program with this number (of the next run) fail."""
    begin = len(scene.host.calls)

    def fail(n: int, argv: Tuple[str, ...]) -> Optional[Completed]:
        return Completed(argv, 32 + status, "", stderr, 0.0) if n == begin + number else None

    scene.host.fail = fail


def kill_once(scene: Scene, number: int) -> None:
    """Let the process die in the program with this number (of the next run)."""
    begin = len(scene.host.calls)

    def kill(n: int, argv: Tuple[str, ...]) -> Optional[Completed]:
        if n == begin + number:
            raise Killed(" ".join(argv))
        return None

    scene.host.fail = kill
