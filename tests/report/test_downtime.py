"""The downtime in the report: which part was measured, and what the trials took of it."""

from dataclasses import replace
from typing import Any, Dict, List, Tuple

import pytest

from ng2coreos.execute.status import Status
from ng2coreos.model.facts import BootTimes
from ng2coreos.model.plan import Plan
from ng2coreos.model.state import Attempt
from ng2coreos.report import document, downtime, html, plan_text, status_text
from ng2coreos.report.export.text import report_text
from tests.plan import build
from tests.report import pages

MEASURED = BootTimes(25.0, 6.5, 9.0, 52.0)
RUN_END = "2026-01-01T00:00:00Z"
FIRST = Attempt(1, "a", "2026-01-01T00:01:30Z", "2026-01-01T00:02:00Z", True)
SECOND = Attempt(2, "b", "2026-01-01T00:03:00Z", "2026-01-01T00:03:50Z", True)


def plan(times: BootTimes = MEASURED) -> Plan:
    return pages.plan_of(build.host(boot_times=times))


def report(*attempts: Attempt, end: str = RUN_END) -> Dict[str, Any]:
    """The report of a status after as many trials; its shape is checked as it is written."""
    made = document.document(document.Occasion(
        "status", "migrated", attempts=attempts,
        records=({"event": "begin", "at": "2025-01-01T00:00:00Z"},
                 {"event": "finished", "at": end})), plan())
    document.dumps(made)
    return made


def measured(made: Dict[str, Any]) -> Tuple[Any, Any]:
    down = made["downtime"]
    return [(r["trial"], r["since"], r["measured_s"]) for r in down["restarts"]], down["measured_s"]


def test_each_view_says_what_is_measured_and_what_assumed() -> None:
    text = plan_text(plan())
    lines = text.partition("Downtime, of each of 2 restarts:")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["shutdown", "firmware", "loader", "kernel",
                                                       "userspace"]
    assert lines[2].endswith("assumed")
    assert all(line.endswith("measured at NG's last boot") for line in lines[3:])
    page = html.page(report())
    assert "A restart, and who says how long it takes" in page
    assert page.count("measured at NG&#x27;s last boot") == 4
    assert [p["measured"] for p in report()["downtime"]["parts"]] == [False, True, True, True, True]


@pytest.mark.parametrize("attempts, said", [
    ((), ["not measured."]),
    ((FIRST,), ["measured in part.", "from the end of the run to trial 1 healthy"]),
    ((FIRST, SECOND), ["4 min measured (+6.5 %).", "from there to trial 2 healthy"])])
def test_the_status_tells_it_as_text(attempts: Tuple[Attempt, ...], said: List[str]) -> None:
    """With what the report on NG holds; the new system has what lies between the trials."""
    found = Status("migrated", "confirmed", "Text.", "nothing", 0, "r", attempts=attempts)
    text = status_text(found, report(*attempts)["downtime"])
    assert "Downtime: about 4 min predicted (2 restarts, 2 min each); " in text
    for words in said:
        assert words in text
    assert status_text(found).splitlines()[-1] == text.splitlines()[-1] == "Next: nothing"


def test_without_a_prediction_nothing_is_told_of_it() -> None:
    assert downtime.lines(downtime.downtime((), 2, (FIRST, SECOND))) == []


def test_firmware_that_nobody_knows_is_told() -> None:
    said = "assumed: systemd does not know it here, and a server can take minutes"
    silent = replace(MEASURED, firmware_s=None, loader_s=None)
    assert said in plan_text(plan(silent)) and said not in plan_text(plan())


def test_predicted_is_as_many_restarts() -> None:
    down = report()["downtime"]
    assert (down["restart_s"], down["restarts_expected"], down["predicted_s"]) == (122.5, 2, 245.0)
    assert report()["summary"]["downtime_s"] == 245.0 and measured(report()) == ([], None)


def test_both_trials_are_measured_until_they_were_healthy() -> None:
    made = report(FIRST, SECOND)
    assert measured(made) == ([(1, "run-end", 120.0), (2, "trial", 110.0)], 230.0)
    text = report_text(made)
    assert "from the end of the run to trial 1 healthy" in text
    line = next(x for x in text.splitlines() if "from there to trial 2 healthy" in x)
    assert "110 s" in line and "+11.4 %" in line
    page = html.page(made)
    assert "Restarts that were made" in page
    assert "about 4 min, 2 boots, measured 4 min" in page and "took 4 min" in page


@pytest.mark.parametrize("attempts, end, wanted", [
    ((FIRST,), RUN_END, [(1, "run-end", 120.0)]),
    ((FIRST, replace(SECOND, healthy=False)), RUN_END, [(1, "run-end", 120.0)]),
    ((replace(FIRST, healthy=False), SECOND), RUN_END, []),
    ((FIRST, SECOND), "", [(2, "trial", 110.0)]),
    ((FIRST, SECOND), "2027-01-01T00:00:00Z", [(2, "trial", 110.0)]),  # a clock was set back
    ((FIRST, replace(SECOND, finished="")), RUN_END, [(1, "run-end", 120.0)])])
def test_what_is_not_known_is_not_summed(attempts: Tuple[Attempt, ...], end: str,
                                         wanted: Any) -> None:
    assert measured(report(*attempts, end=end)) == (wanted, None)
