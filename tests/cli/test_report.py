"""`report` shows what was written before, in every form, and refuses what is no report."""

import json
from pathlib import Path

import pytest

from ng2coreos.core.errors import Exit
from tests.cli.conftest import Tool


def test_a_report_in_every_form(tool: Tool, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(tool.targeted("plan", "--json").out)
    starts = {"text": "READY: ", "json": "{", "html": "<!DOCTYPE html>",
              "leapp-1.2.0": '{\n "leapp_run_id"', "insights": '{\n "status"'}
    for form, start in starts.items():
        said = tool("report", file, "--format", form)
        assert said.code == 0 and said.out.startswith(start), form
    assert json.loads(tool("report", file, "--format", "json").out) == json.loads(file.read_text())


def test_a_plan_of_a_file_is_a_report_without_secrets(tool: Tool, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    tool.targeted("plan", "--output", file)
    data = json.loads(tool("report", file, "--format", "json").out)
    assert (data["verdict"], data["run"]["command"]) == ("ready", "plan")


def test_without_a_file_it_is_the_run_of_this_host(tool: Tool) -> None:
    assert "UNTOUCHED" in tool("report").out
    tool.targeted("apply")
    data = json.loads(tool("report", "--format", "json").out)
    assert data["verdict"] == "staged" and {c["status"] for c in data["changes"]} == {"done"}


@pytest.mark.parametrize("text, told", [
    ("", "JSON"), ("[]", "no report"), ('{"schema": {"id": "else"}}', "no report"),
    ('{"schema": {"id": "ng2coreos-report", "version": "9.9"}}', "9.9"),
    ('{"schema": {"id": "ng2coreos-report", "version": "1.0"}}', "damaged"),
    ("[" * 100000, "JSON"), ("\x00", "JSON")],
    ids=["empty", "list", "other", "newer", "bare", "deep", "nul"])
def test_what_is_no_report_is_refused(tool: Tool, tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text)
    said = tool("report", file)
    assert said.code == Exit.BAD_INPUT and told in said.err and str(file) in said.err


def test_a_damaged_part_is_named(tool: Tool, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    data = json.loads(tool.targeted("plan", "--json").out)
    data["summary"]["kinds"]["warning"] = "many"
    file.write_text(json.dumps(data))
    assert "summary/kinds/warning" in tool("report", file).err
    assert tool("report", tmp_path / "none").code == Exit.BAD_INPUT
