"""`fleet` in every form, and what it says of files that are no reports."""

import csv
import io
import json
from pathlib import Path

from ng2coreos.core.errors import Exit
from tests.cli.conftest import Tool
from tests.report.many import written
from tests.report.schema import DATA, validator


def test_every_form_says_the_same(tool: Tool, tmp_path: Path) -> None:
    place = written(tmp_path / "reports", 12)
    data = json.loads(tool("fleet", place, "--format", "json").out)
    assert list(validator(DATA / "fleet-1.0.json").iter_errors(data)) == []
    rows = list(csv.DictReader(io.StringIO(tool("fleet", place, "--format", "csv").out)))
    assert [r["host"] for r in rows] == [h["host"] for h in data["hosts"]]
    text, page = tool("fleet", place).out, tool("fleet", place, "--format", "html").out
    ready = sum(h["verdict"] == "ready" for h in data["hosts"])
    assert text.startswith(f"{ready} of 12 hosts are ready.") and "N2C_POOL_FULL" in text
    assert page.startswith("<!DOCTYPE html>") and "node0011.example.org" in page
    assert sum(len(w["hosts"]) for w in data["waves"]) == ready


def test_a_bad_report_is_told_and_the_others_count(tool: Tool, tmp_path: Path) -> None:
    place = written(tmp_path / "reports", 2)
    for name, text in (("a", ""), ("b", "[]"), ("c", '{"schema": {"id": "ng2coreos-report", '
                       '"version": "1.0"}}'), ("d", "[" * 100000)):
        (place / f"{name}.json").write_text(text)
    (place / "e.json").write_bytes(b'"\xff"')
    said = tool("fleet", place, "--format", "json")
    data = json.loads(said.out)
    assert said.code == Exit.BAD_INPUT and "5 reports cannot be read" in said.err
    assert (len(data["hosts"]), len(data["unreadable"])) == (2, 5)
    assert {u["why"] for u in data["unreadable"]} >= {"it lacks 'summary'"}
