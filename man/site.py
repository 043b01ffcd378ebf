"""The reference pages of the site that are made from the tables behind --help, and its list of
them (mkdocs.yml)."""

from typing import Dict, List, Sequence, Tuple

from man import sources
from man.markdown import exit_codes, is_for_people, table
from man.sources import Command, Option, Setting

# Title and page, in the order of the site; a new page of reference has its line here.
REFERENCE: Tuple[Tuple[str, str], ...] = (
    ("Commands", "commands.md"), ("Exit codes", "exit-codes.md"),
    ("Policy and answers", "answers.md"), ("Defaults file", "defaults.md"),
    ("Findings", "findings.md"),
    ("Whitelists", "whitelists.md"), ("State of a host", "state.md"))
_MADE = "<!-- Made by `make man` from the tables behind --help. -->"


def pages() -> Dict[str, List[str]]:
    """Name of the page below docs/ -> its lines."""
    on_ng = sources.ng_commands()
    return {
        "commands.md": commands(on_ng, sources.shared_options(on_ng), sources.coreos_commands()),
        "exit-codes.md": [
            "# Exit codes", "", _MADE, "",
            "One code, one state of the host; numbers are never changed or used again. A script "
            "can rely on them; `exit_code` and `host_state` of a [report](reports.md) say the "
            "same.",
            "", *exit_codes(sources.exit_codes())],
        "answers.md": answers(sources.settings()),
        "defaults.md": defaults(sources.conf_keys(), sources.settings())}


def nav() -> List[str]:
    """The reference in mkdocs.yml."""
    return [f"  - {title}: {page}" for title, page in REFERENCE]


def commands(on_ng: Sequence[Command], shared: Sequence[Option],
             on_coreos: Sequence[Command]) -> List[str]:
    """Every command of either system with its options."""
    lines = [
        "# Commands", "", _MADE, "",
        "The command is called `ng2coreos` on both systems; what reads or changes the host wants "
        "root. On CoreOS the first boot has put it there, with the commands that make sense "
        "there. `ng2coreos COMMAND --help` says the same.",
        "", "## Global options, on NG", "", "Before or after the command.", "",
        *_options(sources.ng_global()),
        "", "## Image and policy", "",
        "`plan`, `export` and `apply` take these; options win over the "
        "[answers file](answers.md).", "", *_options(shared), "", "## Commands on NG"]
    for command in on_ng:
        lines += _command(command, shared)
    lines += ["", "## Global options, on CoreOS", "", *_options(sources.coreos_global()),
              "", "## Commands on CoreOS"]
    for command in filter(is_for_people, on_coreos):
        lines += _command(command, ())
    return lines


def answers(settings: Sequence[Setting]) -> List[str]:
    """The keys of the answers file."""
    return [
        "# Policy and answers", "", _MADE, "",
        "Keys of the YAML file that `--answers` names. Every key may be left out; an unknown one "
        "is an error (exit 8). The answers to conflicts in /etc are explained in "
        "ng2coreos-answers(5).", "",
        *table(("Key", "Value", "Default", "What it decides"), [
            (f"`{s.name}`", ", ".join(f"`{c}`" for c in s.choices) or s.kind,
             f"`{s.default}`" if s.default else "", s.text) for s in settings])]


def defaults(options: Sequence[Setting], policy: Sequence[Setting]) -> List[str]:
    """The keys of ng2coreos.conf; mappings belong to one run and cannot stand in it."""
    return [
        "# Defaults file", "", _MADE, "",
        "/etc/ng2coreos/ng2coreos.conf holds what you would otherwise type in every call; it need "
        "not exist. The command line and the [answers file](answers.md) win over it. Its format: "
        "ng2coreos.conf(5).",
        "", "## [ng2coreos]", "", "As the options of that name in [Commands](commands.md).", "",
        *table(("Key", "What it says"), [(f"`{s.name}`", s.text) for s in options]),
        "", "## [policy]", "", *table(("Key", "Value", "What it decides"), [
            (f"`{s.name}`", ", ".join(f"`{c}`" for c in s.choices) or s.kind, s.text)
            for s in policy if s.kind != "mapping"])]


def _command(command: Command, shared: Sequence[Option]) -> List[str]:
    own = [o for o in command.options if o not in shared]
    usage = " ".join(("ng2coreos", command.name, *(("[OPTIONS]",) if command.options else ()),
                      *command.arguments))
    lines = ["", f"### {command.name}", "", f"`{usage}`"]
    for paragraph in command.paragraphs or (command.text,):
        lines += ["", paragraph]
    if shared and len(own) < len(command.options):
        lines += ["", "Takes the options of [image and policy](#image-and-policy)."]
    if own:
        lines += ["", *_options(own)]
    if command.examples:
        shown = [line for what, example in command.examples for line in (f"# {what}", example)]
        lines += ["", "```", *shown, "```"]
    return lines


def _options(options: Sequence[Option]) -> List[str]:
    """A list: a bar in a table's cell looks otherwise on each site."""
    return [f"- `{', '.join(o.names)}{' ' * bool(o.argument)}{o.argument}`: {o.text}"
            for o in options]
