"""What the shell can complete: ids, names and versions, each as a type of click's parameters.

A type takes any word as it is: what is wrong with a word its command tells, with the nearest one.
Completing looks at no host but for the branches of a local repository, and never fails.
"""

import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import click

_MANY = 1000  # more than anybody reads
Found = Dict[str, str]  # word -> what it is


class Words(click.ParamType):
    """A word of a kind; `known` finds those that there are, given what was typed so far."""

    def __init__(self, name: str, known: Callable[[Dict[str, Any]], Found]) -> None:
        self.name = name
        self._known = known

    def matching(self, params: Dict[str, Any], begun: str) -> List[Tuple[str, str]]:
        """Words that begin as the last one does, with what they are."""
        try:
            found = self._known(params)
        except Exception:  # there is nobody to tell it to: the shell shows nothing
            return []
        return [(word, found[word]) for word in sorted(found) if word.startswith(begun)][:_MANY]

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        """See click 8's ParamType."""
        from click.shell_completion import CompletionItem
        return [CompletionItem(word, help=help or None)
                for word, help in self.matching(ctx.params, incomplete)]


def _findings(params: Dict[str, Any]) -> Found:
    from ng2coreos.plan.catalogue import entries
    return {id: entry.title for id, entry in entries().items()}


def _overridable(params: Dict[str, Any]) -> Found:
    from ng2coreos.model.finding import Kind
    from ng2coreos.plan.catalogue import entries
    return {f"{id}=": entry.title for id, entry in entries().items()
            if entry.kind is Kind.OVERRIDABLE}


def _whitelists(params: Dict[str, Any]) -> Found:
    from ng2coreos.plan.packaged import data_directories
    return {path.stem: "" for place in data_directories()
            for path in (place / "whitelists").glob("*.yaml")}


def _specs(params: Dict[str, Any]) -> Found:
    from ng2coreos.model.ignition import SPECS
    return {".".join(map(str, spec)): "" for _, spec in SPECS}


def _refs(params: Dict[str, Any]) -> Found:
    """Branches of a repository: an ostree keeps each as a file below refs/heads."""
    from ng2coreos.cli import conf
    heads = Path(params.get("target") or conf.load().options.get("target", ""), "refs", "heads")
    found: Found = {}
    for place, _, names in os.walk(heads):
        found.update((str(Path(place, name).relative_to(heads)), "") for name in names)
        if len(found) > _MANY:
            break
    return found


FINDING = Words("id", _findings)
OVERRIDE = Words("id=reason", _overridable)
WHITELIST = Words("name", _whitelists)
SPEC = Words("version", _specs)
REF = Words("ref", _refs)


def wire(command: click.Command) -> None:
    """Let click 7, which knows no `shell_complete`, complete the same words, and files."""
    for param in command.params:
        if isinstance(param.type, Words):
            words = param.type
            param.autocompletion = _older(words)  # type: ignore[attr-defined]
        elif isinstance(param.type, click.Path):
            param.autocompletion = _files  # type: ignore[attr-defined]
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            wire(inner)


def _older(words: Words) -> Callable[..., List[Tuple[str, str]]]:
    def complete(ctx: click.Context, args: List[str], incomplete: str) -> List[Tuple[str, str]]:
        return words.matching(ctx.params, incomplete)
    return complete


def _files(ctx: click.Context, args: List[str], incomplete: str) -> List[str]:
    above, _, begun = incomplete.rpartition("/")
    place = Path(f"{above}/" if "/" in incomplete else ".")
    try:
        names = sorted(os.listdir(place))[:_MANY]
    except OSError:
        return []
    start = incomplete[:len(incomplete) - len(begun)]
    return [f"{start}{name}{'/' if (place / name).is_dir() else ''}" for name in names
            if name.startswith(begun) and (begun or not name.startswith("."))]


def script(shell: str, program: str = "ng2coreos") -> str:
    """The text that makes `shell` ask us, as the click of this host writes it."""
    variable = f"_{program.upper()}_COMPLETE"
    try:
        from click.shell_completion import ShellComplete, get_completion_class
    except ImportError:  # click 7
        from click import _bashcomplete  # type: ignore[attr-defined]
        return str(_bashcomplete.get_completion_script(program, variable, shell)) + "\n"
    found = get_completion_class(shell)
    assert found is not None  # one of SHELLS
    # not found.source: its check of bash's version starts a program
    return ShellComplete.source(found(click.Command(program), {}, program, variable)).strip() + "\n"
