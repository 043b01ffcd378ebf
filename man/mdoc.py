"""Tables of the manual pages, written in mdoc(7)."""

import re
import textwrap
from typing import List, Sequence, Tuple

from man.sources import Command, Option, Setting, host_state

_WIDTH = 76


def text(words: str) -> List[str]:
    """Prose as text lines, a sentence each; what stands in backticks is set in bold."""
    sentences = re.split(r"(?<=[.:;]) (?=[A-Z`(])", words)
    return [_line(line.replace("\0", " ")) for sentence in sentences for line in textwrap.wrap(
        re.sub("`[^`]+`", lambda found: found.group(0).replace(" ", "\0"), sentence),  # one line
        _WIDTH, break_long_words=False, break_on_hyphens=False)]


def exit_codes(rows: Sequence[Tuple[int, str, str]]) -> List[str]:
    """The table of exit codes."""
    lines = [".Bl -tag -width 100"]
    for number, _, meaning in rows:
        lines += [f".It {number}", *text(f"{meaning} The host is {host_state(number)}.")]
    return [*lines, ".El"]


def options(rows: Sequence[Option]) -> List[str]:
    """A list of options."""
    lines = [".Bl -tag -width Ds"]
    for row in rows:
        lines += [".It " + option(row), *text(row.text)]
    return [*lines, ".El"]


def commands(rows: Sequence[Command], shared: Sequence[Option] = ()) -> List[str]:
    """A subsection for each command; `shared` options are described elsewhere."""
    lines: List[str] = []
    for row in rows:
        own = [o for o in row.options if o not in shared]
        takes = bool(shared) and all(o in row.options for o in shared)
        lines += [f".Ss {row.name}", *_usage(row, own, takes), ".Pp", *text(row.text)]
        if own:
            lines += options(own)
    return lines


def literal(line: str, width: int = 72) -> List[str]:
    """A line of a shell, cut as a shell lets it be where it is too long."""
    if line.startswith(" ") or len(line) <= width:
        rows = [line]
    else:
        rows = [""]
        for part in re.split(r" (?=--?[a-z])", line):  # an option keeps its value beside it
            if rows[-1] and len(rows[-1]) + len(part) > width:
                rows.append("   ")
            rows[-1] = f"{rows[-1]} {part}" if rows[-1] else part
        rows = [f"{row} \\" for row in rows[:-1]] + rows[-1:]
    rows = [row.replace("\\", "\\e") for row in rows]
    return [f"\\&{row}" if row.startswith((".", "'")) else row for row in rows]


def settings(rows: Sequence[Setting]) -> List[str]:
    """The fields of the answers file."""
    lines = [".Bl -tag -width Ds"]
    for row in rows:
        lines += [f".It Cm {row.name} : Ar {row.kind.replace(' ', '-')}", *text(row.text)]
        if row.choices:
            lines.append(f"One of {', '.join(row.choices)}.")
        lines.append(f"Default: {row.default}." if row.default else "Default: empty.")
    return [*lines, ".El"]


def conf_keys(rows: Sequence[Setting], policy: Sequence[Setting]) -> List[str]:
    """The keys of ng2coreos.conf, section by section; those of the policy are told elsewhere."""
    lines = [".Ss [ng2coreos]", ".Bl -tag -width Ds"]
    for row in rows:
        lines += [f".It Cm {row.name} = Ar {row.kind}", *text(row.text)]
    lines += [".El", ".Ss [policy]", ".Bl -tag -width Ds"]
    for row in policy:
        kind = "|".join(row.choices) or row.kind
        lines += [f".It Cm {row.name} = Ar {kind}", *text(row.text), f"Default: {row.default}."]
    return [*lines, ".El"]


def _usage(row: Command, own: Sequence[Option], takes: bool) -> List[str]:
    lines = [".Nm ng2coreos", f".Cm {row.name}"]
    if takes:
        lines.append(".Op Ar image-and-policy-options")
    lines += [f".Op {option(o)}" for o in own]
    return [*lines, *(f".Ar {name}" for name in row.arguments)]


def option(row: Option) -> str:
    """An option as mdoc has it in a synopsis or a list."""
    names = " , ".join(_flag(name) for name in row.names)
    return names + (f" Ar {row.argument}" if row.argument else "")


def _flag(name: str) -> str:
    return f"Fl Fl {name[2:]}" if name.startswith("--") else f"Fl {name[1:]}"


def _line(line: str) -> str:
    escaped = line.replace("\\", "\\e")
    escaped = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", escaped)
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped
