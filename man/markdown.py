"""Tables of README.md and docs/, written in Markdown."""

import shlex
from typing import List, Sequence, Tuple

from man.sources import UNITS, Command, host_state
from ng2coreos.model.finding import Kind, RemedyStep, StepKind
from ng2coreos.plan.catalogue import Entry
from ng2coreos.plan.rules import Action, Layer

_KINDS = {
    Kind.INHIBITOR: "Inhibitors: the run stops, whatever you say",
    Kind.OVERRIDABLE: "Overridable: the run stops unless you say `--override ID=REASON`",
    Kind.WARNING: "Warnings", Kind.INFO: "Information"}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> List[str]:
    """A table; bars in cells are escaped."""
    lines = [_row(head), "|" + "---|" * len(head)]
    return [*lines, *(_row(row) for row in rows)]


def exit_codes(rows: Sequence[Tuple[int, str, str]]) -> List[str]:
    """The table of exit codes."""
    return table(("Code", "Meaning", "The host is"), [
        (str(number), text, host_state(number)) for number, _, text in rows])


def commands(on_ng: Sequence[Command], on_coreos: Sequence[Command]) -> List[str]:
    """One line for each command and system."""
    rows = [("NG", _usage(c), _first(c.text)) for c in on_ng]
    rows += [("CoreOS", _usage(c), _first(c.text)) for c in on_coreos if is_for_people(c)]
    return table(("On", "Command", "What it does"), rows)


def is_for_people(command: Command) -> bool:
    """Whether the new system's `command` is one that people run; others are run by units."""
    return command.name not in UNITS


def carried(whitelists: Sequence[Tuple[str, str, Layer]]) -> List[str]:
    """What each whitelist carries, has made anew and leaves behind, as numbers."""
    rows = []
    for name, comment, layer in whitelists:
        counts = [sum(len(e.paths) for e in layer.entries if e.action is action)
                  for action in (Action.CARRY, Action.REGENERATE, Action.DROP)]
        rows.append((f"`{name}`", comment.split(". ")[0].rstrip("."), *map(_number, counts),
                     _number(len(layer.units)), _number(len(layer.kernel_args))))
    return table(("Whitelist", "About", "Patterns carried", "made anew", "left behind", "Units",
                  "Kernel arguments"), rows)


def rooms(rows: Sequence[Tuple[str, str]]) -> List[str]:
    """The rooms and what each says of itself."""
    return table(("Room", "What it is"), [(f"`{name}`", text) for name, text in rows])


def findings(rows: Sequence[Entry]) -> List[str]:
    """The page of all findings."""
    lines = ["# Findings", "", "<!-- Made by `make man` from data/findings.yaml. -->", "",
             "What `ng2coreos plan` may tell; `ng2coreos explain ID` shows one of them. Ids are "
             "stable. Words in braces are filled in with what was found on the host."]
    for kind, title in _KINDS.items():
        lines += ["", f"## {title}"]
        for row in (r for r in rows if r.kind is kind):
            lines += ["", f"### {row.id}", f"**{row.title}.** {row.summary}"]
            if row.about:
                lines += ["", row.about]
            if row.remedy:
                lines += ["", f"What to do: {row.remedy}"]
            if row.steps:
                lines += ["", *(_step(step) for step in row.steps)]
    return lines


def _step(step: RemedyStep) -> str:
    note = " Changes nothing." if step.safe else " Acts with a reboot." if step.reboot else ""
    answers = ", ".join(f"`{key}: {value}`" for key, value in step.answer.items())
    what = {StepKind.COMMAND: f"`{shlex.join(step.argv)}`", StepKind.ANSWER: f"answer {answers}",
            StepKind.PLAYBOOK: f"playbook `{step.text}`", StepKind.HINT: step.text}[step.kind]
    text = f": {step.text}" if step.argv or step.answer else ""
    return f"- {what}{text}{note}"


def whitelist_page(whitelists: Sequence[Tuple[str, str, Layer]]) -> List[str]:
    """The page of all whitelist entries."""
    lines = ["# Whitelists", "", "<!-- Made by `make man` from data/whitelists/. -->", "",
             "What becomes of each path, unit and kernel argument that the tool knows. Changed "
             "files of /etc that no line names follow the policy `unknown_etc` and are reported. "
             "The format, for your own additions: ng2coreos-whitelist(5).", "",
             "`ng2coreos whitelist explain PATH` says which of these lines, or of your own, "
             "decides about a path, and where it stands; `ng2coreos whitelist check FILE` checks "
             "a file of your own; `ng2coreos whitelist list` prints all that hold on a host."]
    for name, comment, layer in whitelists:
        lines += ["", f"## {name}", "", comment]
        if layer.entries:
            lines += ["", *table(("Entry", "Paths", "Action", "Why"), [
                (e.id, _paths(e.paths), e.action.value, e.reason) for e in layer.entries])]
        if layer.units:
            lines += ["", *table(("Unit", "On the new system", "Why"), [
                (f"`{u.unit}`", "masked" if u.mask else "as on NG" + (
                    ", never masked" if u.required else ""), u.reason) for u in layer.units])]
        if layer.kernel_args:
            lines += ["", *table(("Kernel argument", "Action", "Why"), [
                (f"`{a.arg}`", a.action.value + (f" to `{a.result}`" if a.result else "") + (
                    f" if there is {', '.join(f'`{w}`' for w in a.when_any)}"
                    if a.when_any else ""), a.reason) for a in layer.kernel_args])]
        if layer.static_ids:
            lines += ["", *table(("Account", "Number that must stay", "Why"), [
                (f"{s.kind} {s.name}", str(s.id), s.reason) for s in layer.static_ids])]
    return lines


def _paths(paths: Sequence[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


def _usage(command: Command) -> str:
    return f"`{' '.join((command.name, *command.arguments))}`"


def _first(text: str) -> str:
    return text.split(". ")[0].rstrip(".") + "."


def _number(count: int) -> str:
    return str(count) if count else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
