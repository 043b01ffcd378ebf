"""The exports have the published shapes, and lose neither what blocks nor what to do."""

import json
from pathlib import Path
from typing import Any, Dict

import pytest

from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.plan import Policy
from ng2coreos.plan.catalogue import finding
from ng2coreos.report import document, export
from ng2coreos.report.export.text import report_text
from tests.report import pages, sample
from tests.report.schema import validator

SHAPES = Path(__file__).parent / "schemas"


def of(*findings: Finding, **overrides: str) -> Dict[str, Any]:
    """The report of a plan with findings."""
    return document.document(document.Occasion("plan", "untouched"),
                             sample.plan(findings, Policy(overrides=overrides)))


FULL = finding("N2C_POOL_FULL", ["lv:pool00"], ["/etc/lvm/lvm.conf:12: threshold"],
               need="3", reserve="1", free="2")


@pytest.mark.parametrize("make", [
    pages.full, pages.hostile, lambda: of(FULL), lambda: of(),
    lambda: of(finding("N2C_ETC_CONFLICT", count=1), finding("N2C_BOOT_SECURE_BOOT"))])
def test_both_have_the_published_shape(make: Any) -> None:
    report = make()
    for name, made in (("leapp-1.2.0", export.leapp(report)),
                       ("insights-2.0", export.insights(report, report_text(report)))):
        errors = list(validator(SHAPES / f"{name}.json").iter_errors(json.loads(json.dumps(made))))
        assert errors == [], name


def test_leapp_keeps_ids_groups_and_steps() -> None:
    entry, = export.leapp(of(FULL))["entries"]
    assert (entry["key"], entry["severity"]) == ("N2C_POOL_FULL", "high")
    assert entry["groups"] == ["pool", "inhibitor"]
    assert "- /etc/lvm/lvm.conf:12: threshold" in entry["summary"]
    assert entry["detail"]["related_resources"] == [{"scheme": "lv", "title": "pool00"}]
    kinds = {r["type"] for r in entry["detail"]["remediations"]}
    assert kinds == {"command"} and entry["detail"]["remediations"][0]["context"][0] == "imgbase"


def test_what_is_overridden_blocks_no_more() -> None:
    blocking = of(finding("N2C_BOOT_SECURE_BOOT"))
    passed = of(finding("N2C_BOOT_SECURE_BOOT"), N2C_BOOT_SECURE_BOOT="our own keys")
    assert "inhibitor" in export.leapp(blocking)["entries"][0]["groups"]
    entry = export.leapp(passed)["entries"][0]
    assert "inhibitor" not in entry["groups"] and "our own keys" in entry["summary"]
    assert export.insights(blocking)["report_json"]["entries"][0]["severity"] == "inhibitor"
    assert export.insights(passed)["report_json"]["entries"][0]["severity"] == "high"


@pytest.mark.parametrize("findings, status, level", [
    ((), "SUCCESS", 0), ((Finding("N2C_A_B", Kind.INFO, "T", "S."),), "INFO", 1),
    ((Finding("N2C_A_B", Kind.WARNING, "T", "S."),), "WARNING", 5), ((FULL,), "ERROR", 10)])
def test_insights_says_how_grave_it_is(findings: Any, status: str, level: int) -> None:
    made = export.insights(of(*findings))
    assert (made["status"], made["findings_level"]) == (status, level)
    assert made["alert"] is (status == "ERROR") and made["error"] is False
