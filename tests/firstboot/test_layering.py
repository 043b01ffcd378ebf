"""Layers: nothing before the confirmation, then a deployment for the next reboot, and no loop."""

import json
from pathlib import Path

import pytest

from ng2coreos.core import durable
from ng2coreos.core.errors import Blocked, Exit
from ng2coreos.firstboot import (
    checks,
    cli,
    confirm,
    layering,
    layers,
    rollback,
    rpm_ostree,
    services,
    status,
    verify,
)
from ng2coreos.firstboot.layers import Layers, Progress
from ng2coreos.firstboot.probe import Look
from ng2coreos.model.item import Check
from ng2coreos.model.state import Phase
from tests.firstboot.layered import Layered
from tests.firstboot.machine import COMMIT, PowerCut, power_cut_at

NO_NETWORK = ("error: Updating rpm-md repo 'baseos': cannot update repo 'baseos': Curl error (6): "
              "Couldn't resolve host name for https://me:pw@mirror.example.org/repo\n")
NO_FIT = ("error: Could not depsolve transaction; 1 problem detected:\n"
          " Problem: package tmux-3 requires libx >= 4, but none can be installed\n")


@pytest.fixture
def host(tmp_path: Path) -> Layered:
    """A host that runs the new system for good."""
    machine = Layered(tmp_path)
    assert machine.play() == "coreos"
    assert machine.state.phase is Phase.CONFIRMED
    return machine


def seen(machine: Layered) -> Layers:
    """Where the layers stand."""
    found = layers.look(machine.system(), machine.system().manifest())
    assert found is not None
    return found


def test_after_the_confirmation_it_is_staged_and_after_a_reboot_done(host: Layered) -> None:
    assert seen(host).progress is Progress.PENDING and host.installs() == []
    layering.in_background(host.system())
    assert (host.installs(), seen(host).progress) == (["tmux htop"], Progress.STAGED)
    assert "systemctl reboot" in status.status_text(status.status(host.system()))
    assert not any(call[:2] == ("systemctl", "reboot") for call in host.calls[-8:])
    layering.in_background(host.system())
    host.restart()
    layering.in_background(host.system())
    assert (host.installs(), seen(host).progress) == (["tmux htop"], Progress.DONE)
    assert not [p for p in verify.verify(host.system()).failed if p.kind == "layers"]


def test_a_dependency_that_came_along_on_ng_alone_is_told(tmp_path: Path) -> None:
    machine = Layered(tmp_path, along=("libevent", "oldlib"))
    machine.play()
    layering.in_background(machine.system())
    machine.restart()
    with (machine.fake / "installed").open("a") as installed:
        installed.write("libevent\n")
    assert machine.installs() == ["tmux htop"]
    found = seen(machine)
    assert found.progress is Progress.DONE and "rpm-ostree install oldlib." in found.text
    assert not [p for p in verify.verify(machine.system()).failed if p.kind == "layers"]


def test_nothing_is_asked_before_the_confirmation(tmp_path: Path) -> None:
    machine = Layered(tmp_path, confirm="manual")
    assert machine.play() == "coreos"
    layering.in_background(machine.system())
    with pytest.raises(Blocked, match="not confirmed"):
        layering.now(machine.system())
    assert (machine.fake / "calls").read_text() == ""
    assert [p.ok for p in verify.verify(machine.system()).proofs if p.kind == "layers"] == [True]


def test_confirm_starts_the_unit_where_there_is_one(tmp_path: Path) -> None:
    for number, there in enumerate((True, False)):
        (tmp_path / str(number)).mkdir()
        machine = Layered(tmp_path / str(number), confirm="manual")
        machine.play()
        if there:
            machine.path(services.LAYERS_LINK).symlink_to(f"../{services.LAYERS}")
        confirm.confirm(machine.system())
        assert (("systemctl", "start", "--no-block", services.LAYERS) in machine.calls) is there


def test_without_a_network_it_is_tried_three_times_a_boot_and_then_at_the_next(
        host: Layered) -> None:
    host.says("error", NO_NETWORK)
    layering.in_background(host.system())
    assert len(host.installs()) == layering.TURNS
    found = seen(host)
    assert found.progress is Progress.PENDING and "Couldn't resolve host name" in found.text
    assert "me:pw" not in found.text
    (host.fake / "error").unlink()
    host.restart()
    layering.in_background(host.system())
    assert seen(host).progress is Progress.STAGED


def test_it_gives_up_at_last_until_somebody_asks(host: Layered) -> None:
    host.says("error", NO_NETWORK)
    for _ in range(layering.MAX_TRIES // layering.TURNS + 2):
        host.restart()
        layering.in_background(host.system())
    assert len(host.installs()) == layering.MAX_TRIES
    assert seen(host).progress is Progress.FAILED
    (host.fake / "error").unlink()
    assert cli.main(["layers"], host.system()) == Exit.OK
    assert seen(host).progress is Progress.STAGED


def test_what_no_repository_has_does_not_keep_the_rest_away(tmp_path: Path) -> None:
    machine = Layered(tmp_path, ("tmux", "nowhere"))
    machine.play()
    layering.in_background(machine.system())
    assert machine.installs() == ["tmux nowhere", "tmux"]
    assert seen(machine).progress is Progress.STAGED
    machine.restart()
    layering.in_background(machine.system())
    assert machine.installs() == ["tmux nowhere", "tmux"]
    found = seen(machine)
    assert found.progress is Progress.FAILED and "No repository has nowhere" in found.text
    assert [p.id for p in verify.verify(machine.system()).failed if p.kind == "layers"]


def test_a_set_that_does_not_fit_is_not_tried_again(host: Layered) -> None:
    host.says("error", NO_FIT)
    for _ in range(3):
        layering.in_background(host.system())
        host.restart()
    assert len(host.installs()) == 1
    assert "requires libx >= 4" in seen(host).text


def test_what_hangs_is_cancelled(host: Layered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpm_ostree, "INSTALL_S", 1.0)
    host.says("hang")
    layering.now(host.system())
    assert "did not end within" in seen(host).text
    assert (host.fake / "calls").read_text().splitlines()[-2] == "cancel"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"deployments": [{"booted": 1}]}',
                                  '{"deployments": 7}', "\0?"])
def test_a_status_without_sense_stops_it(host: Layered, text: str) -> None:
    host.says("garbage", text)
    layering.now(host.system())
    assert host.installs() == [] and seen(host).progress is Progress.PENDING


def test_success_that_stages_nothing_is_no_success(host: Layered) -> None:
    host.says("nothing")
    layering.now(host.system())
    assert "has no deployment with them" in seen(host).text


def test_a_system_without_rpm_ostree_says_so_and_stays_healthy(host: Layered) -> None:
    (host.bin / "rpm-ostree").unlink()
    layering.in_background(host.system())
    record = layers.read(host.system(), host.state.run_id)
    assert record is not None and record.progress is Progress.FAILED
    assert "rpm-ostree is missing" in record.message
    assert cli.main(["layers", "--boot"], host.system()) == Exit.OK


def test_a_cut_anywhere_loses_nothing(tmp_path: Path) -> None:
    number = 0
    while True:
        place = tmp_path / str(number)
        place.mkdir()
        machine = Layered(place)
        machine.play()
        try:
            with power_cut_at(machine, number):
                layering.in_background(machine.system())
            break
        except PowerCut:
            number += 1
        machine.restart(power_cut=True)
        layering.in_background(machine.system())
        assert seen(machine).progress is Progress.STAGED
        machine.restart()
        assert seen(machine).progress is Progress.DONE
    assert number > 4


def test_a_staged_deployment_that_a_power_cut_lost_is_staged_again(host: Layered) -> None:
    layering.in_background(host.system())
    host.restart(power_cut=True)
    layering.in_background(host.system())
    assert len(host.installs()) == 2 and seen(host).progress is Progress.STAGED


def test_on_a_full_disk_nothing_is_begun(host: Layered, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "write_file", full)
    layering.in_background(host.system())
    assert host.installs() == []


def test_a_pool_that_is_nearly_full_is_left_alone(host: Layered) -> None:
    host.pool_percent = "91.20"
    layering.now(host.system())
    assert host.installs() == [] and "91 % full" in seen(host).text


def test_a_rollback_while_it_waits_stops_it(host: Layered,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    system = host.system()
    monkeypatch.setattr(verify, "wait_healthy", lambda *_: rollback.rollback(system))
    layering.in_background(system)
    assert host.installs() == [] and host.state.phase is Phase.ROLLED_BACK


def test_what_the_admin_takes_away_again_stays_away(host: Layered) -> None:
    layering.in_background(host.system())
    host.restart()
    layering.in_background(host.system())
    for name in ("installed", "layered"):
        (host.fake / name).write_text("htop\n")
    layering.in_background(host.system())
    assert len(host.installs()) == 1
    assert "since then gone: tmux" in seen(host).text


def test_packages_over_the_planned_commit_are_that_commit_still(host: Layered) -> None:
    layering.in_background(host.system())
    host.restart()
    link = host.path("/sysroot/ostree/boot.1/ovirt-node/abc/0")
    link.parent.mkdir(parents=True)
    link.symlink_to("/ostree/deploy/ovirt-node/deploy/5555.0")
    for commit, ok in ((COMMIT, True), ("ab" * 32, False)):
        check = Check("deployment", "deployment", "The commit", {"commit": commit})
        assert checks.prove(check, Look(host, 60.0, lambda: 0.0)).ok is ok


def test_a_record_that_was_cut_is_as_good_as_none(host: Layered) -> None:
    host.path(layers.RECORD).parent.mkdir(parents=True, exist_ok=True)
    host.path(layers.RECORD).write_text('{"run_id": ')
    layering.in_background(host.system())
    assert seen(host).progress is Progress.STAGED


def test_the_command_tells_it_as_json(host: Layered, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layers", "--json"], host.system()) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told["run"]["command"] == "layers" and "staged: " in json.dumps(told)
