"""The one-shot entry and the default: only what is ours is ever changed."""

from pathlib import Path

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.stage import arm, grubenv


@pytest.fixture
def env(boot: Path) -> Path:
    return boot / "grub2/grubenv"


def test_arming_leaves_the_default(env: Path) -> None:
    arm.arm(env, "ng2coreos-firstboot")
    assert grubenv.read(env) == {"saved_entry": "NG", "boot_success": "0",
                                 "next_entry": "ng2coreos-firstboot"}
    assert arm.armed(env) == "ng2coreos-firstboot"
    with pytest.raises(BadInput):
        arm.arm(env, "something")


def test_disarm_undoes_arm_to_the_byte(env: Path) -> None:
    before = env.read_bytes()
    arm.arm(env, "ng2coreos")
    arm.disarm(env, "NG")
    arm.disarm(env, "NG")
    assert env.read_bytes() == before


def test_what_is_held_is_told_from_what_a_boot_has_used_up(env: Path) -> None:
    before = env.read_bytes()
    assert not arm.held(env)
    arm.hold(env, "NG")
    assert arm.held(env) and arm.armed(env) == ""
    arm.arm(env, "ng2coreos-firstboot")
    assert not arm.held(env)
    arm.hold(env, "NG")
    assert arm.held(env) and arm.armed(env) == ""
    arm.arm(env, "ng2coreos-firstboot")
    grubenv.change(env, {"next_entry": ""})  # as GRUB leaves it
    assert not arm.held(env)
    grubenv.change(env, unset=["next_entry"])
    arm.hold(env, "NG")
    arm.disarm(env, "NG")
    assert env.read_bytes() == before


def test_where_a_trial_can_be_armed_it_can_be_held(env: Path) -> None:
    def fits(entry: bool, used: int) -> bool:
        env.unlink()
        grubenv.create(env)
        grubenv.change(env, {"next_entry": "", "more": "x" * used})
        try:
            arm.arm(env, "ng2coreos-firstboot") if entry else arm.hold(env, "NG")
        except BadInput:
            return False
        return True

    room = [(fits(True, used), fits(False, used)) for used in range(955, 970)]
    assert (True, True) in room and (False, False) in room and (True, False) not in room


def test_disarm_gives_the_default_back_after_confirm(env: Path) -> None:
    arm.arm(env, "ng2coreos")
    arm.set_default(env, "ng2coreos")
    assert arm.default(env) == "ng2coreos" and arm.armed(env) == ""
    arm.disarm(env, "NG layer (1+1)")
    assert arm.default(env) == "NG layer (1+1)"
    arm.set_default(env, "ng2coreos")
    arm.disarm(env, "")
    assert arm.default(env) == ""


def test_what_somebody_else_set_is_kept(env: Path) -> None:
    grubenv.change(env, {"next_entry": "rescue", "saved_entry": "other"})
    arm.disarm(env, "NG")
    assert grubenv.read(env)["next_entry"] == "rescue"
    assert arm.default(env) == "other"
    assert arm.armed(env) == ""


def test_a_used_up_one_shot_is_not_armed(env: Path) -> None:
    grubenv.change(env, {"next_entry": ""})
    assert arm.armed(env) == ""
