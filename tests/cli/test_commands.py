"""The commands as an admin types them: what they print, where, and their exit codes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest

from ng2coreos import __version__
from ng2coreos.cli import elsewhere
from ng2coreos.core import lock
from ng2coreos.core.errors import CommandFailed, Exit
from ng2coreos.execute.store import read_plan
from ng2coreos.model.plan import Plan
from ng2coreos.model.target import Signature
from ng2coreos.plan.catalogue import finding
from tests.cli.conftest import Tool, lines
from tests.execute.world import BOOT_ID, GRUBENV, Killed
from tests.plan import build

COMMANDS = ("inventory", "plan", "export", "ignition", "apply", "resume", "status", "rollback",
            *elsewhere.NAMES)


def host_with_secrets() -> Any:
    """Facts with a canary wherever a secret may stand."""
    private = build.file("canary", mode=0o600)
    boot = build.boot()
    args = f"{boot.kernel_args} rd.iscsi.password=canary1 netroot=iscsi:me:canary2@192.0.2.9::::iqn"
    return build.host(
        etc=(build.added("/etc/ssh/ssh_host_ed25519_key", replace(private, sha256="canary3" * 9)),),
        boot=replace(boot, kernel_args=args))


def test_main_and_the_module_are_the_same_program() -> None:
    for words, code, shown in ((["--version"], 0, __version__), (["--help"], 0, "rollback"),
                               (["plan"], 2, "--target"), (["verify"], 5, "verify")):
        done = subprocess.run([sys.executable, "-m", "ng2coreos", *words], capture_output=True,
                              text=True, timeout=60, cwd=str(Path(__file__).parents[2]))
        assert (done.returncode, shown in done.stdout + done.stderr) == (code, True), done
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tool: Tool, command: str) -> None:
    said = tool(command, "--help")
    assert said.code == 0 and said.out.startswith(f"Usage: ng2coreos {command}")
    assert len(lines(said.out)) > 2 and said.err == ""


def test_the_help_names_every_command(tool: Tool) -> None:
    said = tool("--help")
    assert said.code == 0 and all(f"  {command} " in said.out for command in COMMANDS)


@pytest.mark.parametrize("words", [
    ["nonsense"], ["plan"], ["apply"], ["export", "--target", "/x"], ["plan", "--nonsense"],
    ["plan", "--trial-boots", "3"], ["plan", "--confirm", "never"], ["ignition", "/nowhere"],
    ["ignition"], ["status", "surplus"], ["--progress-fd", "x", "status"],
    ["--progress-fd", "999", "status"]])
def test_a_wrong_call_is_told_and_changes_nothing(tool: Tool, words: List[str]) -> None:
    said = tool(*words)
    assert said.code == Exit.USAGE and "Usage:" in said.err and said.out == ""
    assert tool.world.points.passed == []


@pytest.mark.parametrize("words, told", [
    (["plan", "--target", "/no/such/image"], "/no/such/image"),
    (["plan", "--target", "REPO", "--key", "/no/key"], "/no/key"),
    (["plan", "--target", "REPO", "--answers", "/no/answers"], "/no/answers"),
    (["apply", "--plan", "/no/plan"], "/no/plan"),
    (["plan", "--target", "REPO", "--output", "/no/directory/plan.json"], "/no/directory")])
def test_a_file_that_is_not_there_is_bad_input_that_names_it(tool: Tool, words: List[str],
                                                            told: str) -> None:
    said = tool(*(str(tool.repo) if word == "REPO" else word for word in words))
    assert said.code == Exit.BAD_INPUT and told in said.err and len(lines(said.err)) == 2


def test_a_bad_answer_is_named(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text("colour: red\n")
    said = tool.targeted("plan", "--answers", tmp_path / "answers.yaml")
    assert said.code == Exit.BAD_INPUT
    assert "colour" in said.err and "answers.yaml" in said.err and len(lines(said.err)) == 2


@pytest.mark.parametrize("command", elsewhere.NAMES)
def test_commands_of_the_new_system_say_so(tool: Tool, command: str) -> None:
    said = tool(command, "--yes")
    assert said.code == Exit.UNSUPPORTED and command in said.err and len(lines(said.err)) == 2


def test_a_plan_goes_to_standard_output_and_changes_nothing(tool: Tool) -> None:
    said = tool.targeted("plan")
    assert said.code == 0 and "node01.example.org" in said.out and said.err == ""
    assert tool.world.points.passed == [] and not tool.world.store.path.exists()


def test_a_plan_for_apply_is_whole_and_private(tool: Tool, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    assert tool.targeted("plan", "--output", path).code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    said = tool("apply", "--plan", path)
    assert said.code == 0 and read_plan(path).run_id in said.out
    assert tool.world.store.current() is not None


@pytest.mark.parametrize("as_json", [False, True])
def test_a_plan_shows_no_secret(tool: Tool, as_json: bool) -> None:
    tool.world.facts = host_with_secrets()
    said = tool("plan", "--target", f"https://user:canary4@{'x' * 3}.example.org/repo",
                *(["--json"] if as_json else []))
    assert "ssh_host_ed25519_key" in said.out
    assert "canary" not in said.out + said.err
    if as_json:
        assert json.loads(said.out)["schema"] == {"id": "ng2coreos-report", "version": "1.0"}


def test_what_stands_against_the_run_is_the_exit_status_of_plan(tool: Tool) -> None:
    tool.target = build.target(signature=Signature(False, problem="unsigned"))
    said = tool.targeted("plan")
    assert said.code in (Exit.BLOCKED, Exit.NEEDS_ANSWER) and said.out
    assert tool.targeted("apply").code == said.code
    assert tool.world.points.passed == []


def test_an_overridden_finding_does_not_stop(tool: Tool) -> None:
    tool.world.facts = build.host(boot=replace(build.boot(), secure_boot=True))
    said = tool.targeted("plan")
    assert said.code == Exit.NEEDS_ANSWER and "N2C_BOOT_SECURE_BOOT" in said.err
    assert tool.targeted("plan", "--override", "N2C_BOOT_SECURE_BOOT=our keys").code == 0
    assert tool.targeted("apply").code == Exit.NEEDS_ANSWER
    assert tool.targeted("apply", "--override", "N2C_BOOT_SECURE_BOOT=our keys").code == 0


def test_a_whole_life_on_ng(tool: Tool) -> None:
    assert tool("status").out.startswith("Host: untouched")
    said = tool.targeted("apply")
    assert said.code == 0 and "first trial" in said.out
    assert "next_entry" in tool.world.host.path(GRUBENV).read_text()
    said = tool("status")
    assert said.code == 0 and "Downtime: about" in said.out and "measured" in said.out
    assert tool.targeted("apply").code == 0
    said = tool("rollback")
    assert said.code == 0 and "rolled back" in said.out
    assert tool("rollback").out == "There is nothing to roll back.\n"
    assert tool("status").out.startswith("Host: untouched")


def test_status_as_json(tool: Tool) -> None:
    tool.targeted("apply")
    said = tool("status", "--json")
    data = json.loads(said.out)
    assert (data["host_state"], data["exit_code"], said.code) == ("staged", 0, 0)
    assert {c["status"] for c in data["changes"]} == {"done"} and len(data["changes"]) == 6
    assert data["verdict"] == "staged" and data["reboot_required"] is True
    assert data["summary"]["measured_s"] >= 0 and data["next"]


def test_a_whole_life_as_json(tool: Tool, reports: List[Dict[str, Any]]) -> None:
    def told(*words: Any) -> Dict[str, Any]:
        said = tool(*words, "--json")
        report: Dict[str, Any] = json.loads(said.out)
        assert report["exit_code"] == said.code and report["run"]["command"] == words[0]
        return report

    assert told("status")["verdict"] == "untouched"
    assert told("plan", "--target", tool.repo)["verdict"] == "ready"
    applied = told("apply", "--target", tool.repo)
    assert (applied["verdict"], applied["host_state"]) == ("staged", "staged")
    assert told("resume")["run"]["id"] == applied["run"]["id"]
    back = told("rollback")
    assert (back["verdict"], back["host_state"]) == ("rolled-back", "rolled-back")
    assert {c["status"] for c in back["changes"]} == {"undone"}
    assert told("rollback")["verdict"] == "untouched" and len(reports) == 6


def test_a_failure_is_in_the_report_too(tool: Tool, tmp_path: Path) -> None:
    said = tool("plan", "--target", tool.repo, "--answers", tmp_path / "none", "--json")
    data = json.loads(said.out)
    assert (said.code, data["exit_code"], data["verdict"]) == (8, 8, "failed")
    assert data["findings"][0]["kind"] == "error" and "none" in data["error"]["message"]


def test_a_run_that_was_undone_says_so_in_its_report(tool: Tool) -> None:
    tool.world.points.raises["half beta:0"] = CommandFailed("lvcreate failed.", hint="Look.")
    data = json.loads(tool("--quiet", "apply", "--target", tool.repo, "--json").out)
    assert (data["exit_code"], data["verdict"], data["host_state"]) == (
        Exit.ROLLED_BACK, "rolled-back", "rolled-back")
    assert data["error"]["hint"] == "Look."
    assert {c["status"] for c in data["changes"]} == {"undone", "pending"}


def test_what_blocks_is_no_failure_of_the_tool(tool: Tool) -> None:
    tool.target = build.target(signature=Signature(False, problem="unsigned"))
    data = json.loads(tool.targeted("plan", "--json").out)
    assert (data["exit_code"], data["verdict"], data["host_state"]) == (3, "blocked", "untouched")
    assert {f["kind"] for f in data["findings"]} <= {"inhibitor", "overridable", "warning", "info"}
    assert "N2C_TARGET_UNSIGNED" in {f["id"] for f in data["findings"]}


def test_strict_ends_with_100_when_there_are_warnings(tool: Tool) -> None:
    assert tool.targeted("plan", "--strict").code in (0, Exit.WARNINGS)
    tool.target = replace(tool.target, ostree_composefs=True)
    assert tool.targeted("plan").code == 0
    said = tool.targeted("plan", "--strict", "--json")
    assert said.code == Exit.WARNINGS and json.loads(said.out)["exit_code"] == 100


def test_the_reason_of_an_override_is_in_the_report(tool: Tool) -> None:
    tool.world.facts = replace(tool.world.facts, boot=replace(
        tool.world.facts.boot, firmware="uefi", secure_boot=True))
    said = tool.targeted("plan", "--override", "N2C_BOOT_SECURE_BOOT=our keys", "--json")
    found = {f["id"]: f for f in json.loads(said.out)["findings"]}["N2C_BOOT_SECURE_BOOT"]
    assert found["override"] == {"key": "N2C_BOOT_SECURE_BOOT", "used": True, "reason": "our keys"}
    assert "overridden: our keys" in tool.targeted(
        "plan", "--override", "N2C_BOOT_SECURE_BOOT=our keys").out


def test_a_fallback_is_the_exit_status(tool: Tool) -> None:
    tool.targeted("apply")
    tool.world.host.write(BOOT_ID, "boot-2\n")
    environment = tool.world.host.path(GRUBENV)
    environment.write_bytes(environment.read_bytes().replace(b"next_entry=", b"#ext_entry="))
    assert tool("status").code == Exit.FELL_BACK
    assert tool("resume").code == tool.targeted("apply").code == Exit.FELL_BACK


def test_reboot_is_asked_for_only_on_request(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ng2coreos.plan.findings_now", lambda *_: ())
    tool.targeted("apply")
    assert ("systemctl", "reboot") not in tool.world.host.commands
    tool.world.host.on("systemctl", "reboot")
    assert tool("resume", "--reboot").code == 0
    assert ("systemctl", "reboot") in tool.world.host.commands


def test_no_reboot_while_a_vm_runs_however_long_ago_it_was_armed(
        tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    tool.targeted("apply")
    running = finding("N2C_VDSM_VMS_RUNNING", ["vm:a"], count=1)
    monkeypatch.setattr("ng2coreos.plan.findings_now", lambda *_: (running,))
    said = tool.targeted("apply", "--reboot")
    assert said.code == Exit.BLOCKED
    assert "N2C_VDSM_VMS_RUNNING" in said.err
    assert ("systemctl", "reboot") not in tool.world.host.commands
    assert tool("status").code == 0


def test_a_failed_run_is_told_in_two_lines(tool: Tool) -> None:
    tool.world.points.raises["half beta:0"] = CommandFailed("lvcreate failed.", hint="Look at lvs.")
    said = tool("--quiet", "apply", "--target", tool.repo)
    assert said.code == Exit.ROLLED_BACK and said.out == ""
    assert lines(said.err) == ["ng2coreos: lvcreate failed. Everything was undone.",
                               "  Look at lvs."]


def test_an_interrupted_run(tool: Tool) -> None:
    tool.world.points.raises["half beta:0"] = Killed()
    with pytest.raises(Killed):
        tool.world.apply()
    tool.world.points.raises.clear()
    assert tool("status").code == tool.targeted("apply").code == Exit.INTERRUPTED
    assert tool("resume").code == 0
    assert tool("status").code == 0


def test_while_another_is_at_work(tool: Tool) -> None:
    with lock.exclusive(tool.world.store.lock_file, run_id="held"):
        said = tool.targeted("apply")
    assert said.code == Exit.LOCKED and "run held" in said.err


@pytest.mark.parametrize("error", [OSError(5, "Input/output error", "/boot/x"), ValueError("bad"),
                                   KeyError("x"), AssertionError(), RecursionError("deep")])
def test_no_error_is_a_traceback(tool: Tool, monkeypatch: pytest.MonkeyPatch,
                                 error: Exception) -> None:
    def broken(*_: Any) -> Plan:
        raise error

    monkeypatch.setattr("ng2coreos.execute.commands.plan", broken)
    said = tool.targeted("plan")
    assert said.code == Exit.INTERNAL and len(lines(said.err)) == 2 and said.out == ""
    verbose = tool.errors("-v", "plan", "--target", tool.repo)
    assert "Traceback" in verbose and type(error).__name__ in verbose


def test_progress_for_a_program(tool: Tool, tmp_path: Path) -> None:
    with open(tmp_path / "events", "w+") as stream:
        said = tool("--progress-fd", stream.fileno(), "apply", "--target", tool.repo)
        assert said.code == 0 and said.err == ""
        stream.seek(0)
        events: List[Dict[str, Any]] = [json.loads(line) for line in stream]
    assert events[0] == {"event": "start", "version": 1}
    assert events[-1] == {"event": "end", "exit_code": 0}
    assert [e["text"] for e in events if e["event"] == "note"] == ["Make 0", "Make 1", "Make 0",
                                                                  "Make 0", "Make 1", "Make 0"]


def test_progress_tells_a_failure_too(tool: Tool, tmp_path: Path) -> None:
    with open(tmp_path / "events", "w+") as stream:
        tool("--progress-fd", stream.fileno(), "plan", "--target", "/no/such")
        stream.seek(0)
        last = json.loads(stream.readlines()[-1])
    assert last == {"event": "end", "exit_code": Exit.BAD_INPUT}


def test_a_listener_that_goes_away_is_no_traceback(tool: Tool) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert tool("--progress-fd", writing, "status").code != 0
    finally:
        os.close(writing)


def test_an_inventory_is_json_on_standard_output(tool: Tool) -> None:
    said = tool("inventory")
    assert said.code == 0 and json.loads(said.out)["fqdn"] == "node01.example.org"


def test_export_then_ignition(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ng2coreos.ignition.validate", lambda config, host, **more: None)
    bundle = tmp_path / "bundle"
    assert tool.targeted("export", bundle).code == 0
    assert bundle.stat().st_mode & 0o777 == 0o700
    assert (bundle / "plan.json").stat().st_mode & 0o777 == 0o600
    said = tool("ignition", bundle)
    assert said.code == 0 and json.loads(said.out)["ignition"]["version"].startswith("3.")
    assert tool.targeted("export", bundle).code != 0
    (bundle / "passwords.json").unlink()
    assert tool("ignition", bundle).code == Exit.BAD_INPUT


def test_the_config_for_a_reinstallation(tool: Tool, tmp_path: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ng2coreos.ignition.validate", lambda config, host, **more: None)
    bundle, out = tmp_path / "bundle", tmp_path / "host.ign"
    assert tool.targeted("export", bundle).code == 0
    move = json.loads(tool("ignition", bundle, "--spec", "3.3.0").out)
    tool.world.host.write("/etc/machine-id", build.host().machine_id)
    said = tool("ignition", bundle, "--for", "reinstall", "-o", out, "--spec", "3.3.0")
    assert (said.code, said.out) == (0, "")
    assert out.stat().st_mode & 0o777 == 0o600
    fresh = json.loads(out.read_bytes())
    assert "filesystems" in move["storage"] and "filesystems" not in fresh["storage"]
    assert "kernelArguments" not in move and fresh["kernelArguments"]["shouldExist"]
    assert tool("ignition", bundle, "--spec", "2.2.0").code == Exit.UNSUPPORTED
    assert tool("ignition", bundle, "--spec", "4").code == Exit.BAD_INPUT
    assert tool("ignition", bundle, "-o", tmp_path / "no/such/x").code == Exit.BAD_INPUT
    tool.world.host.write("/etc/machine-id", "another")
    assert tool("ignition", bundle, "--for", "reinstall").code == Exit.BAD_INPUT
