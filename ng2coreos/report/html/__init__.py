"""A report as one HTML file, its drawing of the disk also as a picture: no network, no script of
others, nothing of a host unescaped.

The page allows itself only its own style and script, by their digests: even markup that slipped
through could not act.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Dict, List

from ng2coreos.report.html import disk, drawings, parts
from ng2coreos.report.html.markup import Html, esc, rect, tag, void

_HERE = Path(__file__).parent


def page(report: Dict[str, Any]) -> str:
    """The page of one report; the same report gives the same page."""
    sections = [parts.findings(report), drawings.timeline(report), disk.disk(report),
                parts.items(report), parts.packages(report), parts.identities(report),
                drawings.network(report), parts.boot(report), parts.proof(report)]
    title = f"{report['host']['fqdn']}: {report['verdict']}"
    return frame(title, parts.verdict(report), [s for s in sections if s])


def picture(report: Dict[str, Any]) -> str:
    """The drawing of the disk as an SVG file of its own, light or dark; empty where none is known.
    """
    drawing = disk.drawing(report)
    if not drawing:
        return ""
    ground = rect(0, 0, 9999, 9999, "ground")
    style = tag("style", Html("\n" + _text("drawing.css")))
    start, end, rest = drawing.partition("</desc>")
    return f"{start}{end}{style}{ground}{rest}\n".replace("><", ">\n<")


def frame(title: str, header: Html, sections: List[Html]) -> str:
    """A whole document of a header and sections."""
    links = [tag("li", tag("a", _between(s, "<h2", "</h2>").partition(">")[2],
                           href="#" + _between(s, 'id="', '"'))) for s in sections]
    script, style = _text("page.js"), _text("drawing.css") + _text("page.css")
    policy = (f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
              f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'")
    head = tag("head", void("meta", charset="utf-8"), tag("title", title),
               void("meta", http_equiv="Content-Security-Policy", content=policy),
               void("meta", name="viewport", content="width=device-width, initial-scale=1"),
               void("meta", name="color-scheme", content="light dark"),
               void("link", rel="icon", href="data:,"), tag("style", Html(style)))
    body = tag("body", tag("a", "To the report", href="#main", class_="skip"), header,
               tag("nav", tag("ul", *links), aria_label="Sections"),
               tag("main", *sections, id="main", tabindex="-1"), tag("script", Html(script)))
    return "<!DOCTYPE html>\n" + tag("html", head, body, lang="en") + "\n"


def _between(text: str, start: str, end: str) -> Html:
    return Html(text.partition(start)[2].partition(end)[0])


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


__all__ = ["esc", "frame", "page", "picture"]
