"""Predicted against measured: in the document, in the text and on the page."""

import copy
from typing import Any, Dict

from ng2coreos.report import html, sections
from ng2coreos.report.export.text import report_text
from tests.plan import build
from tests.report import pages


def space(report: Dict[str, Any]) -> Dict[str, Dict[str, Any]]:
    return {p["what"]: p for p in report["storage"]["predictions"]}


def test_what_all_changes_took_stands_beside_what_was_expected() -> None:
    report = pages.full()
    changes = len(report["changes"])
    found = space(report)
    assert found["pool data"]["measured_bytes"] == 65536 * changes
    assert found["pool metadata"]["measured_bytes"] == 4096 * changes
    assert found["/boot"]["measured_bytes"] == 4096 * changes
    assert report["storage"]["inodes"][0]["measured"] == changes
    for part in found.values():
        assert part["need_bytes"] > 0 and part["margin_bytes"] > 0


def test_a_plan_has_measured_nothing() -> None:
    report = sections.plan_parts(pages.plan_of(build.host()), ())
    assert all(p["measured_bytes"] is None for p in space(report).values())
    assert all(p["measured"] is None for p in report["storage"]["inodes"])


def test_what_was_done_twice_or_not_at_all_is_not_summed() -> None:
    plan = pages.plan_of(build.host())
    done = [{"event": event, "change": change.id, "taken": {"pool_bytes": 1}}
            for change in plan.changes for event in ("intent", "done")]
    whole = space(sections.plan_parts(plan, done))
    assert whole["pool data"]["measured_bytes"] == len(plan.changes)
    for records in (done[:-1], [done[0], *done]):
        assert space(sections.plan_parts(plan, records))["pool data"]["measured_bytes"] is None


def test_the_text_tells_by_how_much_it_was_off() -> None:
    report = copy.deepcopy(pages.full())
    report["storage"]["predictions"][0].update(need_bytes=99 << 20, measured_bytes=100 << 20)
    text = report_text(report)
    assert "Predicted and measured (times are estimates):" in text
    line = next(line for line in text.splitlines() if "pool data" in line)
    assert "99" in line and "100" in line and "-1.0 %" in line
    assert "time of pull-commit" in text


def test_the_page_shows_both() -> None:
    page = html.page(pages.full())
    for word in ("Predicted", "Measured", "Off by", "Margin", "Inodes"):
        assert word in page
