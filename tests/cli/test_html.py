"""`--html` writes the page beside whatever the command prints."""

from pathlib import Path

from ng2coreos.core.errors import Exit
from tests.cli.conftest import Tool


def test_a_plan_and_a_status_as_pages(tool: Tool, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    said = tool.targeted("plan", "--html", page)
    assert said.code == 0 and "READY" in said.out
    text = page.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>") and "node01.example.org: ready" in text
    assert page.stat().st_mode & 0o777 == 0o600
    tool.targeted("apply")
    assert tool("status", "--html", page).code == 0
    assert "took" in page.read_text("utf-8") and ": staged" in page.read_text("utf-8")


def test_a_page_that_cannot_be_written_is_told(tool: Tool) -> None:
    said = tool.targeted("plan", "--html", "/no/directory/plan.html")
    assert said.code == Exit.BAD_INPUT and "/no/directory" in said.err
