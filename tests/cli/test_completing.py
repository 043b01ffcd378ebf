"""What is offered to the shell, whichever click asks; the shells themselves: test_shells.py."""

from pathlib import Path
from typing import Any, Dict, Iterator, List

import click
import pytest

from ng2coreos.cli import completing
from ng2coreos.cli.main import cli
from ng2coreos.model.finding import Kind
from ng2coreos.plan.catalogue import entries


def words(type: completing.Words, begun: str = "", **params: Any) -> List[str]:
    return [word for word, _ in type.matching(params, begun)]


def test_ids_of_findings_with_their_titles() -> None:
    assert words(completing.FINDING) == sorted(entries())
    assert dict(completing.FINDING.matching({}, "N2C_BOOT_SEC")) == {
        "N2C_BOOT_SECURE_BOOT": entries()["N2C_BOOT_SECURE_BOOT"].title}


def test_only_what_can_be_overridden_is_offered_for_it() -> None:
    assert words(completing.OVERRIDE) == sorted(
        f"{id}=" for id, entry in entries().items() if entry.kind is Kind.OVERRIDABLE)


def test_branches_of_a_local_repository(tmp_path: Path) -> None:
    for ref in ("a/b/c", "a/x"):
        file = tmp_path / "refs" / "heads" / ref
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert words(completing.REF, target=str(tmp_path)) == ["a/b/c", "a/x"]
    assert words(completing.REF, "a/b", target=str(tmp_path)) == ["a/b/c"]
    assert words(completing.REF, target=str(tmp_path / "none")) == []
    assert words(completing.REF, target="https://images.example.org/") == []


def test_what_goes_wrong_offers_nothing() -> None:
    def broken(params: Dict[str, Any]) -> Dict[str, str]:
        raise RuntimeError

    assert words(completing.Words("x", broken)) == []


def test_click_7_gets_the_same_words_and_files(tmp_path: Path) -> None:
    def below(command: click.Command) -> Iterator[click.Parameter]:
        yield from command.params
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield from below(inner)

    offered = {str(p.name): p.autocompletion for p in below(cli)
               if hasattr(p, "autocompletion") and p.autocompletion}
    assert {"finding_id", "override", "ref", "names", "spec", "target", "config"} <= set(offered)
    context = click.Context(cli)
    found = offered["finding_id"](ctx=context, args=[], incomplete="N2C_BOOT_SEC")
    assert [id for id, _ in found] == ["N2C_BOOT_SECURE_BOOT"]
    (tmp_path / "sub").mkdir()
    for name in ("some", ".hidden", "other"):
        (tmp_path / name).touch()
    files = offered["config"]
    assert files(ctx=context, args=[], incomplete=f"{tmp_path}/s") == [
        f"{tmp_path}/some", f"{tmp_path}/sub/"]
    assert f"{tmp_path}/.hidden" not in files(ctx=context, args=[], incomplete=f"{tmp_path}/")
    assert files(ctx=context, args=[], incomplete="/none/x") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_asks_our_program(shell: str) -> None:
    text = completing.script(shell)
    assert "_NG2COREOS_COMPLETE" in text and "ng2coreos" in text and "%(" not in text
