"""What the code says of itself: exit codes, commands, options, policy, findings, whitelists, rooms.

Plain records, so that pages of every format are made from the same data.
"""

import argparse
import ast
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Sequence, Tuple

import click

from ng2coreos.cli import conf
from ng2coreos.cli.command import GlobalOption
from ng2coreos.cli.examples import EXAMPLES
from ng2coreos.cli.main import cli
from ng2coreos.core.errors import HOST_STATES, Exit, error_classes
from ng2coreos.firstboot import cli as firstboot_cli
from ng2coreos.model.finding import Kind
from ng2coreos.model.plan import Policy
from ng2coreos.plan.catalogue import Entry, entries
from ng2coreos.plan.rules import Layer
from ng2coreos.plan.schema import parse

ROOT = Path(__file__).resolve().parents[1]
# Codes that no error class of ours stands for
_OTHER_CODES = {
    Exit.OK: "The command did what was asked for; of `status` on NG: nothing is in the way.",
    Exit.USAGE: "The command line is wrong; nothing was changed.",
    Exit.WARNINGS: "Only of `plan --strict`: nothing stands in the way, but there are warnings.",
    Exit.SIGINT: "Stopped by SIGINT; everything that the run had done was undone.",
    Exit.SIGTERM: "Stopped by SIGTERM (or SIGHUP); everything that the run had done was undone."}
# Commands of the new system that its units run
UNITS = ("trial", "deadman", "boot-success", "selinux")
_ROOMS = ("model", "core", "inventory", "target", "plan", "ignition", "execute", "stage",
          "firstboot", "report", "cli")


@dataclass(frozen=True)
class Option:
    """An option of a command; `argument` is empty for a flag."""

    names: Tuple[str, ...]
    argument: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command with what is special to it; options that all have are left out."""

    name: str
    text: str
    arguments: Tuple[str, ...]
    options: Tuple[Option, ...]
    paragraphs: Tuple[str, ...] = ()  # the same text, as it is cut in --help
    examples: Tuple[Tuple[str, str], ...] = ()  # what a line does, and the line


@dataclass(frozen=True)
class Setting:
    """A field of the answers file."""

    name: str
    kind: str
    default: str
    choices: Tuple[str, ...]
    text: str


def exit_codes() -> List[Tuple[int, str, str]]:
    """Number, name and meaning of every exit code."""
    classes = error_classes()
    texts = {**_OTHER_CODES, **{code: cls.__doc__ or "" for code, cls in classes.items()}}
    return [(int(code), code.name, texts[code]) for code in Exit]


def host_state(code: int) -> str:
    """What the host is when a command ends with `code`."""
    if code == Exit.OK:
        return "as the report says"
    return " or ".join(HOST_STATES[Exit(code)]) or "as before"


def ng_global() -> Tuple[Option, ...]:
    """The options before the command, on NG."""
    return tuple(_click_option(p) for p in cli.params if isinstance(p, click.Option))


def conf_keys() -> Tuple[Setting, ...]:
    """The keys of ng2coreos.conf that are options elsewhere."""
    texts = {name: option for option in (*ng_global(), *ng_commands()[1].options)
             for name in option.names}
    return tuple(Setting(key, texts[f"--{key}"].argument.split("|")[0] or "yes-or-no", "", (),
                         texts[f"--{key}"].text) for key in conf.KEYS)


def ng_commands() -> Tuple[Command, ...]:
    """The commands on NG, in the order in which an admin meets them."""
    order = ("inventory", "plan", "export", "ignition", "apply", "resume", "status", "rollback")
    known = [name for name in order if name in cli.commands]
    rest = sorted(set(cli.commands) - set(order) - {c.name for c in coreos_commands()})
    return tuple(found for name in (*known, *rest) for found in _flat(name, cli.commands[name]))


def about(name: str) -> str:
    """The text of a command or group of NG, which has its own for a group; empty for another's."""
    if name in (command.name for command in coreos_commands()) and name not in _on_both():
        return ""
    return " ".join((cli.commands[name].help or "").split())


def _on_both() -> Tuple[str, ...]:
    return tuple(name for name in (c.name for c in coreos_commands())
                 if name in {command.name for command in ng_commands()})


def shared_options(commands: Sequence[Command]) -> Tuple[Option, ...]:
    """The options that plan, export and apply have in common."""
    three = [c for c in commands if c.name in ("plan", "export", "apply")]
    return tuple(o for o in three[0].options if all(o in c.options for c in three[1:]))


def coreos_global() -> Tuple[Option, ...]:
    """The options before the command, on the new system."""
    return _argparse_options(firstboot_cli._parser())


def coreos_commands() -> Tuple[Command, ...]:
    """The commands on the new system."""
    found = next(a for a in firstboot_cli._parser()._actions
                 if isinstance(a, argparse._SubParsersAction))
    return tuple(
        Command(name, _sentence(parser.description or ""), (), _argparse_options(parser),
                (_sentence(parser.description or ""),), firstboot_cli.EXAMPLES.get(name, ()))
        for name, parser in found.choices.items())


def settings() -> Tuple[Setting, ...]:
    """The fields of the answers file."""
    kinds = {int: "number", str: "word", tuple: "list of words", dict: "mapping"}
    found = []
    for field in dataclasses.fields(Policy):
        default: Any = getattr(Policy(), field.name)
        shown = str(default) if default not in ((), {}) else ""
        found.append(Setting(field.name, kinds[type(default)], shown,
                             tuple(str(c) for c in field.metadata["choices"]),
                             field.metadata["doc"]))
    return tuple(found)


def findings() -> Tuple[Entry, ...]:
    """The catalogue of findings, the worst kind first, then in its own order."""
    order = list(Kind)
    return tuple(sorted(entries().values(), key=lambda entry: order.index(entry.kind)))


def whitelists() -> Tuple[Tuple[str, str, Layer], ...]:
    """Name, first comment and rules of every whitelist that comes with the tool."""
    found = []
    for path in sorted((ROOT / "data" / "whitelists").glob("*.yaml")):
        text = path.read_text("utf-8")
        found.append((path.stem, _comment(text), parse(text, path.name)))
    return tuple(found)


def rooms() -> Tuple[Tuple[str, str], ...]:
    """Each room of the package and the first sentence that it says of itself."""
    places = [*(ROOT / "ng2coreos" / name / "__init__.py" for name in _ROOMS),
              ROOT / "plugins" / "__init__.py", ROOT / "data" / "__init__.py"]
    return tuple((str(p.parent.relative_to(ROOT)) + "/", _docstring(p)) for p in places)


def _docstring(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def _comment(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines)


def _flat(name: str, command: click.Command) -> List[Command]:
    """A command, or the commands of a group, each with the group's name before its own."""
    if not isinstance(command, click.Group):
        return [_click_command(name, command)]
    return [found for below, inner in command.commands.items()
            for found in _flat(f"{name} {below}", inner)]


def _click_command(name: str, command: click.Command) -> Command:
    arguments = tuple(
        p.name.upper() if p.required else f"[{p.name.upper()}]"
        for p in command.params if isinstance(p, click.Argument) and p.name)
    options = tuple(_click_option(p) for p in command.params
                    if isinstance(p, click.Option) and not isinstance(p, GlobalOption))
    paragraphs = tuple(" ".join(text.split()) for text in (command.help or "").split("\n\n"))
    return Command(name, " ".join(paragraphs), arguments, options, paragraphs,
                   EXAMPLES.get(name, ()))


def _click_option(option: click.Option) -> Option:
    argument = ""
    if not option.is_flag:
        choices = getattr(option.type, "choices", None)
        limits = isinstance(option.type, click.IntRange)
        argument = option.metavar or ("|".join(choices) if choices else "N" if limits else "VALUE")
    return Option((*option.opts, *option.secondary_opts), argument, option.help or "")


def _argparse_options(parser: argparse.ArgumentParser) -> Tuple[Option, ...]:
    return tuple(
        Option(tuple(a.option_strings), str(a.metavar or "") if a.nargs != 0 else "",
               _sentence(a.help or ""))
        for a in parser._actions if a.option_strings and "--help" not in a.option_strings)


def _sentence(text: str) -> str:
    """argparse's own style, a phrase, as a sentence of the manual."""
    return text[:1].upper() + text[1:].rstrip(".") + "."
