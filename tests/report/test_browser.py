"""The page in a real browser: quiet, readable in light and dark, and quick with 5,000 rows; axe has
nothing to say against it.
"""

from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest

from ng2coreos.report import fleet, html
from ng2coreos.report.fleet import Inventory, propose
from tests.conftest import FIGURE
from tests.report import many, pages
from tests.report.axe import violations
from tests.report.browser import Browser, browser

ROWS = 5000
FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# WCAG 2: relative luminance; the background is the nearest one that is painted, in a drawing the
# last box before the words that holds their middle
CONTRAST = """
(() => {
  const part = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const behind = (one) => {
    for (let up = one; up; up = up.parentElement) {
      const color = rgb(getComputedStyle(up).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const under = (words) => {
    const box = words.getBBox(), x = box.x + box.width / 2, y = box.y + box.height / 2;
    let color = behind(words.ownerSVGElement);
    for (const one of words.ownerSVGElement.children) {
      if (one === words) break;
      const paint = getComputedStyle(one).fill;
      if (one.tagName === "rect" && paint !== "none" && one.isPointInFill(new DOMPoint(x, y)))
        color = rgb(paint);
    }
    return color;
  };
  const wrong = [];
  const judge = (one, ink, paper) => {
    const a = light(rgb(ink)), b = light(paper);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) wrong.push(`${one.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
  };
  for (const one of document.querySelectorAll("svg text"))
    judge(one, getComputedStyle(one).fill, under(one));
  for (const one of document.querySelectorAll("h1,h2,h3,p,li,dt,dd,th,td,a,summary,label,code")) {
    if (!one.checkVisibility() || !one.textContent.trim()) continue;
    judge(one, getComputedStyle(one).color, behind(one));
  }
  return wrong;
})()
"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all of them: its start takes longer than the tests."""
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def shown(tab: Browser, scratch: Path, report: Dict[str, Any]) -> None:
    """Open the report's page; nothing was complained about and nothing was asked for."""
    opened(tab, scratch, html.page(report))


def opened(tab: Browser, scratch: Path, page: str) -> None:
    """The same for the text of a page."""
    path = scratch / "report.html"
    path.write_text(page, "utf-8")
    tab.complaints.clear()
    tab.requests.clear()
    tab.open(path)
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []


def test_a_page_is_quiet_and_its_filters_work(tab: Browser, tmp_path: Path) -> None:
    shown(tab, tmp_path, pages.full())
    visible = "[...document.querySelectorAll('.finding')].filter((f) => !f.hidden).length"
    assert tab.do(visible) >= 2
    tab.do("document.querySelector('#findings [data-words]').focus()")
    tab.do("document.execCommand('insertText', false, 'own.conf both')")
    tab.do(FRAME)
    assert tab.do(visible) == 1
    assert tab.do("document.querySelector('#findings [data-count]').textContent") == "1 shown"
    tab.do("document.querySelector('#findings [value=warning]').click()")
    tab.do(FRAME)
    assert tab.do(visible) == 0 and tab.complaints == []


def test_the_keyboard_reaches_the_report(tab: Browser, tmp_path: Path) -> None:
    shown(tab, tmp_path, pages.full())
    tab.press("Tab", 9)
    assert tab.do("document.activeElement.className") == "skip"
    assert tab.do("document.activeElement.getBoundingClientRect().left >= 0")
    assert tab.do("[...document.querySelectorAll('input')].every((i) => i.labels.length === 1)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out(tab: Browser, tmp_path: Path, scheme: str) -> None:
    tab.media(prefers_color_scheme=scheme)
    shown(tab, tmp_path, pages.full())
    assert tab.do(CONTRAST) == []


def host_page(scratch: Path) -> str:
    """Of one host, with everything that a page can show."""
    del scratch
    return html.page(pages.full())


def fleet_page(scratch: Path) -> str:
    """Of so many hosts that lists are folded."""
    found = fleet.gather([many.written(scratch / "reports", 40)])
    return fleet.as_html(found, propose(found.hosts, Inventory()), Inventory())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", [host_page, fleet_page])
def test_axe_finds_nothing_wrong(tab: Browser, tmp_path: Path, scheme: str,
                                 page: Callable[[Path], str]) -> None:
    """With every fold open, a kind filtered out and the link that only the keyboard shows."""
    tab.media(prefers_color_scheme=scheme)
    opened(tab, tmp_path, page(tmp_path))
    tab.do("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    tab.do("document.querySelector('[data-kind]').click()")
    tab.do(FRAME)
    assert tab.do("document.querySelectorAll('[data-key][hidden]').length") > 0
    tab.do("document.querySelector('.skip').focus()")
    assert violations(tab) == []


@pytest.mark.parametrize("harm, rule", [
    ("document.querySelector('[type=search]').parentElement.outerHTML = '<input>'", "label"),
    ("document.querySelector('svg title').remove()", "svg-img-alt"),
    ("document.documentElement.lang = ''", "html-has-lang")])
def test_axe_sees_what_is_wrong(tab: Browser, tmp_path: Path, harm: str, rule: str) -> None:
    tab.media(prefers_color_scheme="light")
    shown(tab, tmp_path, pages.full())
    tab.do(harm)
    assert any(line.startswith(rule) for line in violations(tab, rule))


@pytest.mark.parametrize("width", [360, 800, 1300])
def test_nothing_is_wider_than_the_window(tab: Browser, tmp_path: Path, width: int) -> None:
    """Nor is a drawing made too small to be read: it is moved in its frame."""
    tab.window(width, 900)
    for report in (pages.full(), pages.hostile()):
        shown(tab, tmp_path, report)
        assert tab.do("document.documentElement.scrollWidth <= innerWidth")
        assert tab.do("[...document.querySelectorAll('svg')].filter((one) =>"
                      "one.getBoundingClientRect().width < one.viewBox.baseVal.width - 1).length"
                      ) == 0
    tab.window(1300, 900)
    opened(tab, tmp_path, fleet_page(tmp_path))
    tab.window(width, 900)
    assert tab.do("document.documentElement.scrollWidth <= innerWidth")
    tab.window(1300, 900)


def test_no_label_of_the_time_line_runs_into_a_bar(tab: Browser, tmp_path: Path) -> None:
    shown(tab, tmp_path, pages.full())
    assert tab.do("[...document.querySelectorAll('#timeline svg text:not(.small)')].filter((one) =>"
                  "one.getBBox().x + one.getBBox().width > Math.min(...[..."
                  "document.querySelectorAll('#timeline svg rect')].map((r) => r.getBBox().x))"
                  ").map((one) => one.textContent)") == []


def test_a_hostile_host_runs_no_script(tab: Browser, tmp_path: Path) -> None:
    shown(tab, tmp_path, pages.hostile())
    assert tab.do("document.scripts.length") == 1
    assert tab.do("document.querySelector('h1').textContent").startswith('"><script>alert(1)')


def test_many_rows_are_shown_and_filtered(tab: Browser, tmp_path: Path,
                                          request: pytest.FixtureRequest) -> None:
    """How long that took is a figure of the run; `make bench` holds it against its second."""
    shown(tab, tmp_path, pages.long(ROWS))
    assert tab.do("document.querySelectorAll('#etc tbody tr').length") >= ROWS
    took = tab.do("performance.getEntriesByType('navigation')[0].loadEventEnd / 1000")
    began = tab.do("(() => { const at = performance.now();"
                   "document.querySelector('#etc [data-words]').value = '04999';"
                   "document.querySelector('#etc form').dispatchEvent(new Event('input'));"
                   "return new Promise((done) => requestAnimationFrame(() => setTimeout(() =>"
                   "done((performance.now() - at) / 1000), 0))); })()")
    request.node.user_properties += [(FIGURE, (f"page of {ROWS} rows: opened (s)", took)),
                                     (FIGURE, (f"page of {ROWS} rows: filtered (s)", began))]
    assert tab.do("document.querySelectorAll('#etc tbody tr:not([hidden])').length") == 1


def test_the_rest_of_a_long_table_comes_when_it_is_asked_for(tab: Browser, tmp_path: Path) -> None:
    shown(tab, tmp_path, pages.long(700))
    visible = ("[...document.querySelectorAll('#etc tbody tr')]"
               ".filter((row) => row.checkVisibility()).length")
    assert tab.do(visible) == 500
    tab.do("document.querySelector('#etc button').click()")
    assert tab.do(visible) >= 700 and tab.do("document.querySelector('#etc button')") is None


def test_a_long_table_is_whole_on_paper_and_without_a_script(tab: Browser, tmp_path: Path) -> None:
    visible = ("[...document.querySelectorAll('#etc tbody tr')]"
               ".filter((row) => row.checkVisibility()).length")
    shown(tab, tmp_path, pages.long(700))
    tab.media("print")
    assert tab.do(visible) >= 700
    tab.media()
    assert tab.do(visible) == 500
    tab.scripts(False)
    try:
        tab.load(tmp_path / "report.html")
        assert tab.do(visible) >= 700
    finally:
        tab.scripts(True)
