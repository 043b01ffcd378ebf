"""The page is whole, valid, and harmless whatever a host calls its things."""

import json
import re
from html.parser import HTMLParser
from typing import Any, Callable, Dict, List, Set, Tuple
from xml.etree import ElementTree

import pytest

from ng2coreos.report import document, html
from tests.report import pages
from tests.report.schema import check

VOID = {"meta", "link", "input", "br"}
Make = Callable[[], Dict[str, Any]]


class Parsed(HTMLParser):
    """Elements in order, ids and links; open ones must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: List[str] = []
        self.elements: List[Tuple[str, Dict[str, str]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: "List[Tuple[str, Any]]") -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> List[Dict[str, str]]:
        """The attributes of every element of a name."""
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.mark.parametrize("make", [pages.full, pages.hostile, lambda: pages.long(50)])
def test_a_page_is_well_formed_and_asks_nothing_of_the_network(make: Make) -> None:
    report = make()
    check(json.loads(document.dumps(report)))
    page = Parsed(html.page(report))
    assert page.stack == []
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        assert link["href"][0] == "#" and link["href"][1:] in ids
    places: Set[str] = {a.get(key, "") for _, a in page.elements for key in ("src", "href", "data")}
    assert all(place == "" or place.startswith(("#", "data:")) for place in places)
    assert [a for _, a in page.elements if any(key.startswith("on") for key in a)] == []


def test_a_command_that_found_out_nothing_has_a_page_too() -> None:
    trouble = document.Trouble("BadInput", "There is no image.", "Name one.")
    report = document.document(document.Occasion("plan", "untouched", 8, trouble=trouble))
    page = Parsed(html.page(report))
    assert [a["id"] for a in page.all("section")] == ["findings"] and page.stack == []
    assert "There is no image." in page.text and "Name one." in page.text


def test_a_page_shows_every_part() -> None:
    page = Parsed(html.page(pages.full()))
    sections = [a["id"] for a in page.all("section")]
    assert sections == ["findings", "timeline", "disk", "etc", "packages", "ids", "network", "boot",
                        "proof"]
    for words in ("rolled-back", "It fell back.", "tool-1-1.x86_64", "Somebody", "vdsmd runs",
                  "took 1.5 s", "snapshot of var", "After finalize", "ovirtmgmt", "bond0.100",
                  "intel_iommu=on", "-a\n+b", "1 of 2 are wrong", "chrony.conf",
                  "vdsmd[9]: no network"):
        assert words in page.text, words


def test_who_cannot_see_it_is_told() -> None:
    page = Parsed(html.page(pages.full()))
    assert page.all("html") == [{"lang": "en"}] and len(page.all("h1")) == 1
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(a.get("scope") in ("row", "col") for a in page.all("th"))
    assert all(a["role"] == "img" for a in page.all("svg"))
    assert len(page.all("svg")) == len(page.all("desc")) == 3
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))


def test_a_hostile_host_stays_text() -> None:
    text = html.page(pages.hostile())
    page = Parsed(text)
    assert len(page.all("script")) == 1 and page.all("img") == []
    assert "<script>alert(1)" not in text and "&lt;script&gt;alert(1)" in text
    assert not set("\x1b\u202e\udc80") & set(text)
    text.encode("utf-8")


def test_the_page_allows_only_its_own_script() -> None:
    page = Parsed(html.page(pages.full()))
    policy = next(a["content"] for a in page.all("meta") if "http-equiv" in a)
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not any("style" in a for _, a in page.elements)


def test_the_same_report_is_the_same_page() -> None:
    assert html.page(pages.full()) == html.page(pages.full())


@pytest.mark.parametrize("make", [pages.full, pages.hostile])
def test_the_disk_is_a_picture_of_its_own_too(make: Make) -> None:
    report = make()
    picture = html.picture(report)
    drawn = ElementTree.fromstring(picture)
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    kinds = {element.tag.partition("}")[2] for element in drawn.iter()}
    assert kinds == {"svg", "title", "desc", "style", "rect", "text"}
    assert "://" not in picture.replace("http://www.w3.org/2000/svg", "")
    words = "".join(drawn.itertext())
    assert all(v["name"] in words for v in report["storage"]["volumes"])
    assert "prefers-color-scheme: dark" in picture


def test_a_report_without_a_disk_has_no_picture() -> None:
    assert html.picture(document.document(document.Occasion("plan", "untouched", 1))) == ""
