"""A manual page for each command: the tables behind --help, prose of man/commands/, examples.

A command that both systems have is one page, with a section for the new system.
"""

from pathlib import Path
from typing import Dict, List, Optional, Sequence

from man import mdoc, sources
from man.sources import Command, Option

DATE = "November 22, 2026"
PROSE = Path(__file__).with_name("commands")
_LITERAL = "    "  # a paragraph that begins so is shown as it is


def pages() -> Dict[str, List[str]]:
    """Name of the page -> its lines."""
    on_ng = sources.ng_commands()
    shared = sources.shared_options(on_ng)
    new = {command.name: command for command in sources.coreos_commands()
           if command.name not in sources.UNITS}
    groups: Dict[str, List[Command]] = {}
    for command in on_ng:
        groups.setdefault(command.name.split()[0], []).append(command)
    found = {file_of(name): _page(name, commands, shared, new.get(name))
             for name, commands in groups.items()}
    found.update((file_of(name), _page(name, [], (), command))
                 for name, command in new.items() if name not in groups)
    return found


def file_of(name: str) -> str:
    """The file of a command's page."""
    return f"ng2coreos-{name}.8"


def references() -> List[str]:
    """Every page as the list of ng2coreos(8) refers to it."""
    names = [name[:-2] for name in sorted(pages())]
    return [*(f".Xr {name} 8 ," for name in names[:-1]), f".Xr {names[-1]} 8"]


def _page(name: str, commands: Sequence[Command], shared: Sequence[Option],
          new: Optional[Command]) -> List[str]:
    title = sources.about(name) or (new.text if new else "")
    lines = [f'.\\" Made by `make man` from man/commands/{name}.txt and the tables behind --help.',
             f".Dd {DATE}", f".Dt {file_of(name)[:-2].upper()} 8", ".Os", ".Sh NAME",
             f".Nm ng2coreos-{name}", f".Nd {_phrase(title)}", ".Sh SYNOPSIS"]
    for command in commands or [c for c in (new,) if c]:
        lines += _synopsis(command)
    lines += [".Sh DESCRIPTION"]
    if len(commands) > 1:
        lines += [*_paragraphs(_prose(name)), *_several(commands)]
    else:
        one = commands[0] if commands else new
        assert one is not None
        lines += [*_paragraphs([*one.paragraphs, *_prose(name)]), *_options(one, shared)]
    if new is not None and commands:
        lines += [".Sh ON THE NEW SYSTEM", ".Nm ng2coreos", f".Cm {name}",
                  *(f".Op {mdoc.option(o)}" for o in new.options), ".Pp",
                  *_paragraphs(new.paragraphs), *mdoc.options(new.options)]
    elif new is not None:
        lines += [".Pp", "On NG this command ends with status 5."]
    lines += [".Sh EXIT STATUS", "One status stands for one state of the host; the table is in",
              ".Xr ng2coreos 8 .", ".Sh EXAMPLES"]
    for number, command in enumerate(commands):
        lines += ([".Pp"] if number else []) + _examples(command)
    if new is not None:
        lines += [*((".Pp", "On the new system:", ".Pp") if commands else ()), *_examples(new)]
    return [*lines, ".Sh SEE ALSO", *_also(name)]


def _several(commands: Sequence[Command]) -> List[str]:
    lines: List[str] = []
    for command in commands:
        lines += [f".Ss {command.name}", *_paragraphs(command.paragraphs)]
        if command.options:
            lines += mdoc.options(command.options)
    return [*lines, ".Sh OPTIONS", *_everywhere()[1:]]


def _options(command: Command, shared: Sequence[Option]) -> List[str]:
    own = [o for o in command.options if o not in shared]
    lines = [".Sh OPTIONS"]
    if shared and len(own) < len(command.options):
        lines += ["The image and the policy; options win over the answers file:",
                  *mdoc.options(shared), ".Pp", "What is special to this command:"]
    return [*lines, *mdoc.options(own), *_everywhere()] if own else [*lines, *_everywhere()[1:]]


def _everywhere() -> List[str]:
    return [".Pp", "The global options are in", ".Xr ng2coreos 8 ."]


def _synopsis(command: Command) -> List[str]:
    return [".Nm ng2coreos", f".Cm {command.name}", ".Op Ar options",
            *(f".Ar {name}" for name in command.arguments)]


def _examples(command: Command) -> List[str]:
    lines: List[str] = []
    for number, (what, line) in enumerate(command.examples):
        lines += ([".Pp"] if number else []) + mdoc.text(what)
        lines += [".Bd -literal -offset indent", *mdoc.literal(line), ".Ed"]
    return lines


def _also(name: str) -> List[str]:
    pages = [("ng2coreos", 8), ("ng2coreos-answers", 5), ("ng2coreos-whitelist", 5),
             ("ng2coreos.conf", 5)]
    ordered = sorted(pages, key=lambda page: (page[1], page[0]))
    return [f".Xr {page} {section}" + (" ," if (page, section) != ordered[-1] else "")
            for page, section in ordered]


def _prose(name: str) -> List[str]:
    """The paragraphs of the command's text; lines of one that is shown as it is stay lines."""
    blocks = (PROSE / f"{name}.txt").read_text("utf-8").strip("\n").split("\n\n")
    return [block if block.startswith(_LITERAL) else " ".join(block.split()) for block in blocks]


def _paragraphs(texts: Sequence[str]) -> List[str]:
    lines: List[str] = []
    for number, text in enumerate(texts):
        if text.startswith(_LITERAL):
            shown = [line[len(_LITERAL):] for line in text.split("\n")]
            lines += [".Bd -literal -offset indent",
                      *(row for line in shown for row in mdoc.literal(line)), ".Ed"]
        else:
            lines += ([".Pp"] if number else []) + mdoc.text(text)
    return lines


def _phrase(text: str) -> str:
    """A sentence as the line of NAME: its first clause, without the full stop."""
    first = text.partition(". ")[0].rstrip(".").replace("`", "")
    return first[:1].lower() + first[1:]
