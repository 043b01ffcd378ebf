"""Manual and docs fit the code: generated parts are fresh, examples work, links lead somewhere."""

import dataclasses
import re
import subprocess
from pathlib import Path
from typing import Dict, List, Set

import pytest

from man import generate, sources
from ng2coreos.cli.options import policy_of
from ng2coreos.execute.steps import STEPS
from ng2coreos.model.plan import Policy
from ng2coreos.plan.catalogue import catalogue
from ng2coreos.plan.rules import ArgRule, Entry, StaticId, UnitRule
from ng2coreos.plan.schema import parse

REPO = Path(__file__).resolve().parents[1]
PAGES = sorted(p for p in (REPO / "man").iterdir() if p.suffix in (".5", ".8"))
DOCS = [REPO / "README.md", REPO / "CONTRIBUTING.md", *sorted((REPO / "docs").glob("*.md"))]
PROSE = [p for p in DOCS if p.name not in ("findings.md", "state.md", "whitelists.md")]


def named(paths: List[Path]) -> List[str]:
    return [str(path.relative_to(REPO)) for path in paths]


def test_what_is_made_from_the_code_is_fresh() -> None:
    assert named(list(generate.stale())) == [], "run `make man`"


def test_every_part_that_a_text_asks_for_is_filled() -> None:
    for path in (*PAGES, *DOCS):
        text = path.read_text("utf-8")
        assert '.\\" @' not in text
        for name, body in re.findall(r"<!-- generated: (\S+) -->\n(.*?)<!-- /generated -->", text,
                                     re.DOTALL):
            assert body.count("\n") > 3, f"{path.name}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_mandoc_has_nothing_to_say(page: Path) -> None:
    lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(page)], text=True, check=False,
                          capture_output=True)
    assert (lint.returncode, lint.stdout) == (0, "")


def section(page: str, title: str) -> str:
    """The mdoc of a section."""
    text = (REPO / "man" / page).read_text("utf-8")
    return text.partition(f"\n.Sh {title}\n")[2].partition("\n.Sh ")[0]


def example(page: str) -> str:
    """The literal block of the page's EXAMPLES."""
    return section(page, "EXAMPLES").partition(".Bd -literal\n")[2].partition("\n.Ed")[0]


@pytest.mark.parametrize("title, record", [
    ("ENTRIES", Entry), ("UNITS", UnitRule), ("KERNEL_ARGS", ArgRule), ("STATIC_IDS", StaticId)])
def test_the_whitelist_page_has_every_key_and_no_other(title: str, record: type) -> None:
    told = re.findall(r"^\.It Cm (\w+)$", section("ng2coreos-whitelist.5", title), re.MULTILINE)
    assert sorted(told) == sorted(f.name for f in dataclasses.fields(record))


def test_the_whitelist_page_s_example_is_a_whitelist() -> None:
    layer = parse(example("ng2coreos-whitelist.5"), "manual")
    assert layer.entries and layer.units and layer.kernel_args and layer.static_ids
    assert layer.entries[1].mode == 0o600


def test_the_answers_page_s_example_is_an_answers_file(tmp_path: Path) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(example("ng2coreos-answers.5"), "utf-8")
    policy = policy_of(str(file), ())
    assert policy.confirm == "manual" and policy.answers == {"/etc/chrony.conf": "keep-ng"}
    assert policy != Policy() and set(policy.overrides) <= set(catalogue())


@pytest.mark.parametrize("doc", DOCS, ids=lambda p: p.name)
def test_links_lead_somewhere(doc: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", doc.read_text("utf-8"))
    assert [link for link in links if not (doc.parent / link).exists()] == []


@pytest.mark.parametrize("doc", PROSE, ids=lambda p: p.name)
def test_files_of_the_code_that_are_named_exist(doc: Path) -> None:
    paths = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|yaml|md|5|8))`?", doc.read_text("utf-8"))
    gone = [p for p in paths if not ((REPO / p).exists() or (REPO / "ng2coreos" / p).exists())]
    assert gone == []


def commands() -> Dict[str, Set[str]]:
    """Each command of either system with all its options."""
    found: Dict[str, Set[str]] = {}
    common = {n for o in (*sources.ng_global(), *sources.coreos_global()) for n in o.names}
    for command in (*sources.ng_commands(), *sources.coreos_commands()):
        found.setdefault(command.name.split()[0], set(common)).update(
            name for option in command.options for name in option.names)
    return found


@pytest.mark.parametrize("text", [*PROSE, *PAGES], ids=lambda p: p.name)
def test_commands_and_options_that_are_shown_exist(text: Path) -> None:
    known = commands()
    content = re.sub(r"<!-- transcript -->.*?<!-- /transcript -->", "", text.read_text("utf-8"),
                     flags=re.DOTALL)
    shown = re.findall(r"(?:`| {4}|^|\.Ql )ng2coreos (?:--progress-fd 3 )?([a-z]+)([^`\n#&]*)",
                       content, re.MULTILINE)
    wrong = [name for name, _ in shown if name not in known]
    wrong += [f"{name} {option}" for name, rest in shown if name in known
              for option in re.findall(r"--[a-z-]+", rest) if option not in known[name]]
    assert wrong == []


@pytest.mark.parametrize("text", [*PROSE, *PAGES], ids=lambda p: p.name)
def test_findings_that_are_named_exist(text: Path) -> None:
    assert set(re.findall(r"N2C_[A-Z_]+", text.read_text("utf-8"))) <= set(catalogue())


def test_the_readme_opens_with_the_two_commands_and_keeps_a_place_for_a_transcript() -> None:
    text = (REPO / "README.md").read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text("utf-8"), re.MULTILINE)
    for command in ("make demo", "make test"):
        assert command in text.partition("\n## ")[0]
        assert command.split()[1] in targets
    assert text.index("<!-- transcript -->") < text.index("<!-- /transcript -->")


def test_each_finding_has_its_section_in_the_docs() -> None:
    text = (REPO / "docs" / "findings.md").read_text("utf-8")
    assert sorted(re.findall(r"^### (\S+)$", text, re.MULTILINE)) == sorted(catalogue())


def test_the_steps_of_a_run_are_told_in_their_order() -> None:
    text = (REPO / "docs" / "trust.md").read_text("utf-8")
    assert re.findall(r"^\d+\. `([a-z-]+)`:", text, re.MULTILINE) == [step.id for step in STEPS]
