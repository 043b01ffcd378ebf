"""The page in a real browser: quiet, readable in light and dark, and quick with 5,000 rows."""

from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

from ng2coreos.report import html
from tests.conftest import FIGURE
from tests.report import pages
from tests.report.browser import Browser, browser

ROWS = 5000
# WCAG 2: relative luminance; the background is the nearest one that is painted
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
  const wrong = [];
  for (const one of document.querySelectorAll("h1,h2,h3,p,li,dt,dd,th,td,a,summary,label,code")) {
    if (!one.checkVisibility() || !one.textContent.trim()) continue;
    const a = light(rgb(getComputedStyle(one).color)), b = light(behind(one));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) wrong.push(`${one.tagName} ${one.className} ${ratio.toFixed(2)}`);
  }
  return wrong;
})()
"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all of them: its start takes longer than the tests."""
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def shown(tab: Browser, scratch: Path, report: Dict[str, Any]) -> Path:
    """Open the report's page; nothing was complained about and nothing was asked for."""
    path = scratch / "report.html"
    path.write_text(html.page(report), "utf-8")
    tab.complaints.clear()
    tab.requests.clear()
    tab.open(path)
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
    return path


def test_a_page_is_quiet_and_its_filters_work(tab: Browser, tmp_path: Path) -> None:
    shown(tab, tmp_path, pages.full())
    visible = "[...document.querySelectorAll('.finding')].filter((f) => !f.hidden).length"
    assert tab.do(visible) >= 2
    frame = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    tab.do("document.querySelector('#findings [data-words]').focus()")
    tab.do("document.execCommand('insertText', false, 'own.conf both')")
    tab.do(frame)
    assert tab.do(visible) == 1
    assert tab.do("document.querySelector('#findings [data-count]').textContent") == "1 shown"
    tab.do("document.querySelector('#findings [value=warning]').click()")
    tab.do(frame)
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


def test_nothing_is_wider_than_the_window(tab: Browser, tmp_path: Path) -> None:
    for report in (pages.full(), pages.hostile()):
        shown(tab, tmp_path, report)
        assert tab.do("document.documentElement.scrollWidth <= innerWidth")


def test_a_hostile_host_runs_no_script(tab: Browser, tmp_path: Path) -> None:
    shown(tab, tmp_path, pages.hostile())
    assert tab.do("document.scripts.length") == 1
    assert tab.do("document.querySelector('h1').textContent").startswith('"><script>alert(1)')


def test_many_rows_are_shown_and_filtered(tab: Browser, tmp_path: Path,
                                          request: pytest.FixtureRequest) -> None:
    """How long that took is a figure of the run; on a quiet machine it is well under a second."""
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
    shown(tab, tmp_path, pages.long(700))
    tab.do("dispatchEvent(new Event('beforeprint'))")
    assert tab.do(visible) >= 700
