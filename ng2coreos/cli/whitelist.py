"""`ng2coreos whitelist`: check whitelists, list their rules, say why a path is carried or not."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import click

from ng2coreos.cli.command import Command, Group
from ng2coreos.cli.completing import WHITELIST
from ng2coreos.cli.context import Context
from ng2coreos.cli.nearest import meant, meant_path
from ng2coreos.core.errors import BadInput, Exit

if TYPE_CHECKING:
    from ng2coreos.plan.why import Answer, Match

_JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
_CHANGES = {"added": "added on NG", "changed": "changed on NG", "deleted": "deleted on NG",
            "unchanged": "as NG's image has it, so it is the new image's",
            "missing": "neither on the host nor in NG's image", "": ""}


@click.group(cls=Group)
def whitelist() -> None:
    """Check whitelists, list their rules, or explain what becomes of a path. Changes nothing."""


@whitelist.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=click.Path())
@_JSON
def check(files: Tuple[str, ...], as_json: bool) -> None:
    """Check FILES against the schema; each error names file, line and field.

    Exit status 8 when one of them is wrong.
    """
    from ng2coreos.model import codec
    from ng2coreos.plan.schema import load
    told: List[Dict[str, Any]] = []
    for name in files:
        counts = {"entries": 0, "units": 0, "kernel_args": 0, "static_ids": 0}
        error = "" if name.endswith(".yaml") else (
            f"{name}, line 1: is not read: its name must end in .yaml.")
        try:
            layer = load(Path(name))
            counts = {key: len(getattr(layer, key)) for key in counts}
        except BadInput as wrong:
            close = "" if Path(name).exists() else meant_path(name)
            error = f"{wrong.message} {close}".rstrip()
        told.append({"file": name, "ok": not error, "error": error, **counts})
        if not as_json:
            rules = ", ".join(f"{count} {key}" for key, count in counts.items() if count)
            click.echo(error or f"{name}: good; {rules or 'no rules'}.")
    if as_json:
        click.echo(codec.dumps(told), nl=False)
    if any(not row["ok"] for row in told):
        raise SystemExit(int(Exit.BAD_INPUT))


@whitelist.command("list", cls=Command)
@click.argument("names", nargs=-1, type=WHITELIST)
@_JSON
@click.pass_obj
def list_rules(obj: Context, /, names: Tuple[str, ...], as_json: bool) -> None:
    """Print every path that a whitelist names: the host's drop-ins first, then ours.

    With NAMES, such as ssh, those of these whitelists only.
    """
    from ng2coreos.execute.planning import read_rules
    from ng2coreos.model import codec
    from ng2coreos.plan.why import listing
    from ng2coreos.report.table import table
    rows = listing(read_rules(obj.host))
    if names:
        known = {Path(row.origin).stem for row in rows}
        for name in sorted(set(names) - known):
            raise click.UsageError(f"There is no whitelist {name} with a path. "
                                   f"{meant(name, known)}".rstrip())
        rows = tuple(row for row in rows if Path(row.origin).stem in names)
    if as_json:
        click.echo(codec.dumps(rows), nl=False)
        return
    click.echo("\n".join(table(("path", "action", "rule", "where"), [
        (row.pattern, row.action, row.id, _place(row)) for row in rows], indent=0)))


@whitelist.command(cls=Command)
@click.argument("path", type=click.Path())
@_JSON
@click.pass_obj
def explain(obj: Context, /, path: str, as_json: bool) -> None:
    """Say why PATH, an absolute one, is carried or is not: the rule, its file and line.

    Plug-ins come before the whitelists; where one converts a file, the plan says so.
    """
    from ng2coreos import inventory
    from ng2coreos.execute.planning import read_rules
    from ng2coreos.model import codec
    from ng2coreos.plan.why import why
    if not path.startswith("/"):
        raise click.UsageError(f"{path} is not an absolute path.")
    rules = read_rules(obj.host)
    answer = why(rules, path)
    if answer.path.startswith("/etc/"):
        answer = why(rules, path, inventory.etc_state(obj.host, answer.path))
    click.echo(codec.dumps(answer) if as_json else "\n".join(_told(answer)) + "\n", nl=False)


def _told(answer: "Answer") -> List[str]:
    from ng2coreos.report.table import harmless, paragraph
    lines = [harmless(f"{answer.path}: {answer.verdict}"), *paragraph(answer.text, indent=2)]
    if _CHANGES[answer.here]:
        lines.append(f"  here      {_CHANGES[answer.here]}")
    if answer.rule is not None:
        lines += _rule(answer.rule)
    if answer.beaten:
        lines += ["Rules that fit too, and lose:", *map(_line, answer.beaten)]
    if answer.nearest:
        lines += ["The rules most like it:", *map(_line, answer.nearest)]
    return lines


def _rule(rule: "Match") -> List[str]:
    from ng2coreos.report.table import harmless, paragraph
    wanted = [f"owner {rule.owner}" if rule.owner else "",
              f"mode {rule.mode}" if rule.mode else "",
              f"verify {rule.verify}" if rule.action == "carry" else "",
              "secret" if rule.secret else "",
              "this host's alone: never a conflict" if rule.host_data else ""]
    rows = (("rule", f"{rule.id}: {rule.action} {rule.pattern}"), ("why", rule.reason),
            ("where", f"{_place(rule)} ({rule.whose})"),
            ("details", ", ".join(text for text in wanted if text)))
    return [line for name, text in rows if text
            for line in paragraph(harmless(text), indent=12, first=f"  {name:10}")]


def _line(rule: "Match") -> str:
    return f"  {rule.action:10} {rule.pattern}  ({rule.id}, {_place(rule)})"


def _place(rule: "Match") -> str:
    return f"{rule.origin}:{rule.line}"
