"""The commands on the new system: exit codes, what goes to stdout, no traceback for anybody."""

import json
import syslog
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ng2coreos.core.errors import Exit, Ng2CoreosError
from ng2coreos.firstboot import cli, status
from ng2coreos.firstboot.system import MANIFEST
from ng2coreos.model import codec
from ng2coreos.model.restart import RestartPart
from ng2coreos.model.state import Phase
from ng2coreos.stage import state as state_file
from tests.firstboot.machine import Machine, Restarted


def test_a_whole_life(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(tmp_path, confirm="manual")
    machine.play()
    system = machine.system()
    assert cli.main(["finalize", "--yes"], system) == Exit.BLOCKED
    assert cli.main(["verify"], system) == Exit.OK
    assert "VERIFIED" in capsys.readouterr().out
    assert cli.main(["confirm", "--json"], system) == Exit.OK
    report = json.loads(capsys.readouterr().out)
    assert (report["phase"], report["host_state"]) == ("confirmed", "migrated")
    assert report["run"]["command"] == "confirm" and "boots from now on" in report["text"]
    assert cli.main(["confirm"], system) == Exit.OK
    assert capsys.readouterr().out.startswith("Already so.")
    assert cli.main(["finalize"], system) == Exit.NEEDS_ANSWER
    assert cli.main(["finalize", "--yes"], system) == Exit.OK
    assert cli.main(["rollback"], system) == Exit.UNSUPPORTED
    captured = capsys.readouterr()
    assert "Reinstall the host" in captured.err
    assert machine.state.phase is Phase.FINALIZED


def test_the_report_has_the_restart_between_the_trials(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(tmp_path, confirm="manual")
    machine.play()
    parts = (RestartPart("shutdown", 30.0, False), RestartPart("kernel", 90.0, True))
    place = machine.path(MANIFEST)
    place.write_text(codec.dumps(replace(machine.system().manifest(), restart=parts)), "utf-8")
    first, second = machine.state.attempts
    state_file.write(machine.partition, replace(machine.state, attempts=(
        replace(first, finished="2026-11-22T09:57:30Z"), second)))
    assert cli.main(["confirm", "--json"], machine.system()) == Exit.OK
    down = json.loads(capsys.readouterr().out)["downtime"]
    assert down["restarts"] == [{"trial": 2, "since": "trial", "measured_s": 150.0}]
    assert (down["restart_s"], down["restarts_expected"], down["measured_s"]) == (120.0, 2, None)
    assert cli.main(["status"], machine.system()) == Exit.OK
    said = capsys.readouterr().out
    assert "Downtime: about 4 min predicted (2 restarts, 2 min each); measured in part." in said
    assert "from there to trial 2 healthy" in said and "-20.0 %" in said


def test_verify_says_by_its_code_that_something_is_wrong(tmp_path: Path) -> None:
    machine = Machine(tmp_path, confirm="manual")
    machine.play()
    machine.active["vdsmd.service"] = False
    assert cli.main(["verify", "--items"], machine.system()) == Exit.VERIFY_FAILED


def test_rollback_reboots_only_on_request(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.play()
    assert cli.main(["rollback"], machine.system()) == Exit.OK
    with pytest.raises(Restarted):
        cli.main(["rollback", "--reboot"], machine.system())


def test_the_deadmans_code_is_what_restarts_the_host(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.boot()
    assert cli.main(["deadman"], machine.system()) != 0
    machine.set_phase(Phase.CONFIRMED)
    assert cli.main(["deadman"], machine.system()) == 0


@pytest.mark.parametrize("error, code", [
    (KeyboardInterrupt(), Exit.SIGINT), (PermissionError(13, "Permission denied", "/x"), 5),
    (OSError(28, "No space left on device", "/x"), Exit.INTERNAL), (ZeroDivisionError("bug"), 1),
    (Ng2CoreosError("known", hint="do this"), 1)])
def test_every_error_is_a_line_and_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                          capsys: pytest.CaptureFixture[str], error: BaseException,
                                          code: int) -> None:
    def fail(system: Any) -> None:
        raise error

    monkeypatch.setattr(status, "status", fail)
    logged = []
    monkeypatch.setattr(syslog, "syslog", lambda level, line: logged.append(line))
    assert cli.main(["status"], Machine(tmp_path).system()) == code
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 2 and captured.out == ""
    assert any("Traceback" in line for line in logged) is isinstance(error, ZeroDivisionError)
