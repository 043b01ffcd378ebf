"""The picture of README.md and the site: the disk of a recorded host before, during and after the
move, drawn by the tool itself."""

from ng2coreos.report import document, html
from tests import recorded
from tests.report import pages

HOST = "el9-single"


def disk() -> str:
    """The SVG of the plan that the recorded host gets, with the image of the tests."""
    plan = pages.plan_of(recorded.facts(HOST))
    return html.picture(document.document(document.Occasion("plan", "untouched"), plan))
