"""The plan of a run is damaged: the way back does without it, from any moment of the run."""

import json
import os
from pathlib import Path
from typing import Callable, Dict

import pytest

from ng2coreos.core.errors import BadInput, CommandFailed, RollbackIncomplete
from ng2coreos.inventory import grub, lvm_layout
from ng2coreos.stage import bootdir
from ng2coreos.stage.menu import FIRST_BOOT_ENTRY
from tests.execute.simulated import SECRET
from tests.faults import oracle
from tests.faults.cuts import distinct, recorded
from tests.faults.scene import Scene, attempt, differences
from tests.plan import build

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners")

DAMAGE: Dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda text: b"", "half": lambda text: text[:len(text) // 2],
    "zeros": lambda text: bytes(len(text)), "no-object": lambda text: b"[1]",
    "a-field": lambda text: text.replace(b'"decisions"', b'"decisionz"'),
    "no-version": lambda text: b"{}"}


def spoil(scene: Scene, how: str) -> None:
    held = scene.store.current()
    assert held is not None
    held.plan_file.write_bytes(DAMAGE[how](held.plan_file.read_bytes()))


def undone(scene: Scene) -> None:
    assert oracle.problems(scene) == []
    assert not [lv.name for lv in scene.host.lvs.values() if lv.tags]
    assert scene.next_entry() == build.ENTRY and scene.store.current() is None


@pytest.mark.parametrize("how", sorted(DAMAGE))
def test_an_armed_host_goes_back(scene: Scene, how: str,
                                 caplog: pytest.LogCaptureFixture) -> None:
    before = scene.ng()
    scene.apply()
    assert scene.next_entry() == FIRST_BOOT_ENTRY
    spoil(scene, how)
    scene.roll_back()
    assert differences(before, scene.ng()) == []
    undone(scene)
    kept = scene.image()["/"]
    assert not [path for path, node in kept.items() if path.startswith("var/lib/ng2coreos")
                and (SECRET in node.data or b"canaryhash" in node.data)]
    assert "may be left" not in caplog.text  # of secrets
    scene.apply()  # nothing is in its way


def test_whatever_wants_the_plan_names_the_way_back(scene: Scene) -> None:
    scene.apply()
    spoil(scene, "half")
    for command in (scene.apply, scene.resume, scene.apply_again):
        error = attempt(command)
        assert isinstance(error, BadInput) and "`ng2coreos rollback`" in str(error.hint)
    scene.roll_back()
    undone(scene)


def test_a_host_without_its_state_file_goes_back(scene: Scene) -> None:
    before = scene.ng()
    scene.apply()
    spoil(scene, "half")
    scene.host.path("/boot/coreos/ng2coreos.state").write_text("{")
    scene.roll_back()
    assert differences(before, scene.ng()) == []
    undone(scene)


def test_every_cut_of_a_run_goes_back(scene: Scene) -> None:
    before = scene.ng()
    with recorded(scene.host) as cuts:
        scene.apply()
    tried = 0
    for cut, *_ in distinct(cuts).values():
        scene.restore(cut)
        held = scene.store.current()
        if held is None or not held.plan_file.is_file():
            continue
        tried += 1
        spoil(scene, "half")
        scene.roll_back()
        assert differences(before, scene.ng()) == [], cut
        undone(scene)
    assert tried > 50


def test_what_fails_is_told_and_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    before = scene.ng()
    scene.apply()
    spoil(scene, "zeros")
    real = bootdir.remove_block

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(bootdir, "remove_block", refused)
    with pytest.raises(RollbackIncomplete, match="the menu: .*Read-only"):
        scene.roll_back()
    assert scene.next_entry() == build.ENTRY  # the most important first
    assert [lv.name for lv in scene.host.lvs.values() if lv.tags]  # what the menu names is there
    monkeypatch.setattr(bootdir, "remove_block", real)
    scene.roll_back()
    assert differences(before, scene.ng()) == []


def test_nothing_else_is_asked_before_ng_is_the_next_boot(
        scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state is lost as well, and LVM, which then has to be asked for the group, is out."""
    before = scene.ng()
    scene.apply()
    spoil(scene, "half")
    scene.host.path("/boot/coreos/ng2coreos.state").write_text("{")

    def refused(*_: object) -> None:
        raise CommandFailed("lvs failed with status 5: a lock.", hint="Mend it.")

    # Undone before the scene undoes its own, which would be back for good otherwise
    with monkeypatch.context() as patch:
        patch.setattr(lvm_layout, "read", refused)
        with pytest.raises(RollbackIncomplete, match="LVM: lvs failed"):
            scene.roll_back()
    assert scene.next_entry() == build.ENTRY
    assert b"ng2coreos" not in scene.host.path("/boot/grub2/custom.cfg").read_bytes()
    scene.roll_back()
    assert differences(before, scene.ng()) == []
    undone(scene)


def test_what_the_state_tells_is_asked_nobody_else(scene: Scene,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    scene.apply()
    spoil(scene, "half")

    def refused(*_: object) -> None:
        raise BadInput("grub.cfg cannot be read.", hint="Mend it.")

    monkeypatch.setattr(grub, "read", refused)
    scene.roll_back()
    undone(scene)


def test_a_full_boot_gets_room_where_the_first_boots_config_was(
        scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    before = scene.ng()
    scene.apply()
    spoil(scene, "half")
    real, overlay = bootdir.remove_block, scene.host.path("/boot/coreos") / bootdir.OVERLAY

    def full(custom_cfg: Path) -> None:
        if overlay.exists():
            raise OSError(28, "No space left on device")
        real(custom_cfg)

    monkeypatch.setattr(bootdir, "remove_block", full)
    assert overlay.exists()
    scene.roll_back()
    assert differences(before, scene.ng()) == []
    undone(scene)


def test_how_the_trials_went_is_kept(scene: Scene) -> None:
    scene.apply()
    spoil(scene, "half")
    held = scene.store.current()
    assert held is not None
    told = scene.host.path("/boot/coreos/ng2coreos.state").read_bytes()
    scene.roll_back()
    assert (held.path / "ng2coreos.state").read_bytes() == told


def test_a_plan_of_another_version_is_that_ones_to_undo(scene: Scene) -> None:
    scene.apply()
    held = scene.store.current()
    assert held is not None
    data = json.loads(held.plan_file.read_text())
    held.plan_file.write_text(json.dumps({**data, "tool_version": "9.9", "new": 1}))
    assert isinstance(attempt(scene.roll_back), BadInput)
    assert scene.next_entry() == FIRST_BOOT_ENTRY and scene.store.current() is not None
