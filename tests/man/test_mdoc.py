"""The generator's formats: what means something to mdoc or Markdown is told literally."""

import subprocess

import pytest

from man import markdown, mdoc, sources
from man.sources import Command, Option


def rendered(lines: "list[str]") -> str:
    """What a reader sees of mdoc `lines`, without overstrikes and line breaks."""
    page = "\n".join([".Dd November 22, 2026", ".Dt X 8", ".Os", ".Sh NAME", ".Nm x", ".Nd y",
                      ".Sh DESCRIPTION", *lines]) + "\n"
    shown = subprocess.run(["mandoc", "-Tutf8", "-Owidth=200"], input=page, text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    plain = ""
    for char in shown:
        plain = plain[:-1] if char == "\b" else plain + char
    return " ".join(plain.split())


@pytest.mark.parametrize("text", [
    ".Sh is no macro here", "a \\fB backslash \\e", "'quoted at the start",
    "Ends. Begins `x --y`!"])
def test_text_reaches_the_reader_as_it_is(text: str) -> None:
    assert text.replace("`", "") in rendered(mdoc.text(text))


def test_a_sentence_a_line_and_none_too_long() -> None:
    lines = mdoc.text("One. Two: three. Four " + "word " * 40)
    assert lines[:2] == ["One.", "Two: three."]
    assert max(len(line) for line in lines) <= 80


def test_what_stands_in_backticks_stays_on_a_line() -> None:
    for words in range(8, 20):
        text = "word " * words + "`ng2coreos status --follow` ends."
        assert text.replace("`", "") in rendered(mdoc.text(text))


def test_shared_options_are_named_once_and_own_ones_shown() -> None:
    shared, own = Option(("--target",), "URL", "Where."), Option(("-q", "--quiet"), "", "Not.")
    shown = rendered(mdoc.commands([Command("plan", "Plans.", ("DIR",), (shared, own))], [shared]))
    assert "ng2coreos plan [image-and-policy-options] [-q, --quiet] DIR" in shown
    assert "--target" not in shown


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert markdown.table(("a",), [("x|y",)])[-1] == "| x\\|y |"


def test_the_code_tells_its_commands_on_both_systems() -> None:
    on_ng = {c.name: c for c in sources.ng_commands()}
    assert {"plan", "apply", "rollback", "status"} <= set(on_ng)
    assert not {"verify", "confirm", "finalize"} & set(on_ng)
    assert {"--plan", "--reboot"} <= {n for o in on_ng["apply"].options for n in o.names}
    assert on_ng["export"].arguments == ("DIRECTORY",)
    new = {c.name: c for c in sources.coreos_commands()}
    assert {"--json", "--yes"} == {n for o in new["finalize"].options for n in o.names}
    assert "--target" in [o.names[0] for o in sources.shared_options(sources.ng_commands())]


def test_every_exit_code_and_setting_has_a_meaning() -> None:
    assert all(text.endswith(".") for _, _, text in sources.exit_codes())
    assert all(setting.text.endswith(".") for setting in sources.settings())
