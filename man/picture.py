"""The picture of README.md and the site: the disk of a recorded host before, during and after the
move, drawn by the tool itself."""

from ng2coreos.core.host import Host
from ng2coreos.execute import planning
from ng2coreos.model.plan import Policy
from ng2coreos.report import document, html
from tests import recorded
from tests.plan import build

HOST = "el9-single"
_CLOCK = planning.Clock(lambda: "2026-01-01T00:00:00Z", lambda: "20260101T000000Z-abcdef",
                        lambda: "uuid")


def disk() -> str:
    """The SVG of the plan that the recorded host gets, with the image of the tests."""
    plan = planning.make_plan(Host("/nonexistent"), recorded.facts(HOST), build.target(), Policy(),
                              _CLOCK)
    return html.picture(document.document(document.Occasion("plan", "untouched"), plan))
