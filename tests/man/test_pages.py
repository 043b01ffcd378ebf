"""A manual page for each command: complete, in step with --help, and nothing left over."""

import re
import subprocess
from pathlib import Path

import pytest

from man import mdoc, pages, sources
from man.sources import Command
from ng2coreos.firstboot import cli as firstboot_cli

MAN = Path(__file__).resolve().parents[2] / "man"
COMMANDS = [c for c in (*sources.ng_commands(), *sources.coreos_commands())
            if c.name not in sources.UNITS]


def shown(name: str) -> str:
    """The page as a reader sees it, blanks and line breaks made one."""
    out = subprocess.run(["mandoc", "-Tutf8", "-Owidth=300", str(MAN / name)], text=True,
                         check=True, stdout=subprocess.PIPE).stdout
    return " ".join(re.sub(".\b", "", out).split())


def page_of(command: Command) -> str:
    return pages.file_of(command.name.split()[0])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_the_page_says_what_help_says_and_more(command: Command) -> None:
    text = shown(page_of(command))
    for paragraph in command.paragraphs:
        assert " ".join(paragraph.replace("`", "").split()) in text
    for option in command.options:
        assert all(name in text for name in option.names), option
        assert option.text.replace("`", "") in text
    assert command.examples and all(what.replace("`", "") in text for what, _ in command.examples)
    for _, line in command.examples:
        assert " ".join(line.split()) in text.replace(" \\ ", " ")
    prose = (pages.PROSE / f"{command.name.split()[0]}.txt").read_text("utf-8")
    assert all(" ".join(block.replace("`", "").split()) in text for block in prose.split("\n\n"))


def test_every_page_is_of_a_command_and_every_text_is_used() -> None:
    wanted = {page_of(command) for command in COMMANDS}
    assert {path.name for path in MAN.glob("ng2coreos-*.8")} == wanted == set(pages.pages())
    assert {path.name for path in pages.PROSE.iterdir()} == {
        f"{name[len('ng2coreos-'):-2]}.txt" for name in wanted}


def test_the_main_page_refers_to_all() -> None:
    text = (MAN / "ng2coreos.8").read_text("utf-8").partition(".Sh SEE ALSO")[2]
    assert all(f".Xr {name[:-2]} 8" in text for name in pages.pages())


def test_a_command_of_both_systems_tells_of_both() -> None:
    for name in ("status", "rollback"):
        assert "ON THE NEW SYSTEM" in shown(pages.file_of(name))
    assert "ON THE NEW SYSTEM" not in shown("ng2coreos-plan.8")


@pytest.mark.parametrize("name", sorted(firstboot_cli.EXAMPLES))
def test_help_on_the_new_system_has_examples(name: str,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        firstboot_cli.main([name, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for what, line in firstboot_cli.EXAMPLES[name]:
        assert f"  {what}\n    {line}\n" in told
        firstboot_cli._parser().parse_args(line.split()[1:])
    people = {c.name for c in sources.coreos_commands()} - set(sources.UNITS)
    assert set(firstboot_cli.EXAMPLES) == people


def test_a_long_line_is_cut_where_a_shell_lets_it_be() -> None:
    line = "ng2coreos plan " + " ".join(f"--option-{n} value-of-{n}" for n in range(9))
    rows = mdoc.literal(line)
    assert len(rows) > 1 and max(map(len, rows)) <= 80
    assert all(row.endswith(" \\e") for row in rows[:-1])
    assert " ".join("".join(row.replace("\\e", "") for row in rows).split()) == line
    assert mdoc.literal(".starts with a dot") == ["\\&.starts with a dot"]


def test_the_inventory_that_the_fleet_page_shows_is_one(tmp_path: Path) -> None:
    from ng2coreos.report.fleet import read_inventory
    block = next(b for b in (pages.PROSE / "fleet.txt").read_text("utf-8").split("\n\n")
                 if b.startswith("    "))
    file = tmp_path / "clusters.yaml"
    file.write_text("\n".join(line[4:] for line in block.splitlines()))
    known = read_inventory(file)
    assert known.pilot and [cluster.name for cluster in known.clusters] == ["Default"]
