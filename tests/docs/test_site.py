"""The site builds from docs/ without a warning, leads nowhere that is not, and needs no network."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Set

import pytest

from man import site

REPO = Path(__file__).resolve().parents[2]


def build(config: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", out],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = build(REPO / "mkdocs.yml", out)
    assert done.returncode == 0, done.stdout
    return out


def test_every_page_of_docs_is_in_it_and_can_be_reached(built: Path) -> None:
    pages = {path.stem for path in (REPO / "docs").glob("*.md")}
    assert {path.stem for path in built.glob("*.html")} - {"404", "search"} == pages
    first = (built / "index.html").read_text("utf-8")
    assert {name for name in pages if f'href="{name}.html"' not in first} - {"index"} == set()


def test_all_it_loads_lies_beside_it(built: Path) -> None:
    loaded = r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="([^"]*)"'
    for page in built.glob("*.html"):
        for address in re.findall(loaded, page.read_text("utf-8")):
            file = address.partition("?")[0].lstrip("/")  # 404.html's begin at the root
            assert (built / file).is_file(), f"{page.name}: {address}"
    for sheet in built.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)[\s'\"]*(?:https?:)?//", sheet.read_text("utf-8"))


def test_each_link_leads_to_a_place_that_is(built: Path) -> None:
    texts = {page.name: page.read_text("utf-8") for page in built.glob("*.html")}
    places = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in texts.items()}
    wrong: Set[str] = set()
    for name, text in texts.items():
        for link in re.findall(r'<a\b[^>]*?href="([^":]+)"', text):
            page, _, place = link.lstrip("/").partition("#")
            page = name if page in ("", ".") else page
            if page not in texts and not (built / page).exists():
                wrong.add(f"{name}: {link}")
            elif place and place not in places.get(page, ()):
                wrong.add(f"{name}: {link}")
    assert wrong == set()


@pytest.mark.parametrize("broken", [
    "[gone](gone.md)", "[nowhere](trust.md#nowhere)", "[outside](../README.md)"])
def test_a_broken_link_breaks_the_build(broken: str, tmp_path: Path) -> None:
    shutil.copytree(REPO / "docs", tmp_path / "docs")
    shutil.copy(REPO / "mkdocs.yml", tmp_path)
    with open(tmp_path / "docs" / "index.md", "a", encoding="utf-8") as page:
        page.write(f"\n{broken}\n")
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0 and "WARNING" in done.stdout


def test_every_page_that_is_made_is_listed_as_reference() -> None:
    assert set(site.pages()) < {page for _, page in site.REFERENCE}
