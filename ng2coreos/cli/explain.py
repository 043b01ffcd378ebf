"""`ng2coreos explain`: what a finding means, and what to do about it."""

import shlex
from typing import TYPE_CHECKING, List, Optional

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.completing import FINDING

if TYPE_CHECKING:
    from ng2coreos.plan.catalogue import Entry


@click.command(cls=Command)
@click.argument("finding_id", type=FINDING, metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the catalogue's row as JSON.")
def explain(finding_id: Optional[str], as_json: bool) -> None:
    """Say what the finding ID means and what to do; without ID, list all findings.

    Works anywhere and looks at no host.
    """
    from ng2coreos.model import codec
    from ng2coreos.plan.catalogue import entries, nearest
    if finding_id is None:
        rows = entries()
        click.echo(codec.dumps(tuple(rows.values())) if as_json else "".join(
            f"{e.id:34} {e.kind.value:12} {e.title}\n" for e in rows.values()), nl=False)
        return
    name = finding_id.strip().upper().replace("-", "_")
    found = entries().get(name) or entries().get(f"N2C_{name}")
    if found is None:
        close = " or ".join(nearest(finding_id))
        raise click.UsageError(f"There is no finding {finding_id}." + (
            f" Did you mean {close}?" if close else " `ng2coreos explain` lists all."))
    click.echo(codec.dumps(found) if as_json else "\n".join(_told(found)) + "\n", nl=False)


def _told(entry: "Entry") -> List[str]:
    from ng2coreos.model.finding import Kind, StepKind
    from ng2coreos.report.table import paragraph
    severity = entry.severity.value if entry.severity else ""
    lines = [f"{entry.id}: {entry.kind.value}" + (f", severity {severity}" if severity else ""),
             *paragraph(entry.title), ""]
    lines += paragraph(" ".join(text for text in (entry.summary, entry.about) if text))
    if entry.remedy or entry.steps:
        lines += ["", "What to do:", *paragraph(entry.remedy, indent=2)]
    for step in entry.steps:
        note = ", changes nothing" if step.safe else ", with a reboot" if step.reboot else ""
        if step.kind is StepKind.COMMAND:
            lines.append(f"  $ {shlex.join(step.argv)}")
        elif step.kind is StepKind.ANSWER:
            lines += [f"  in the answers file: {key}: {value}"
                      for key, value in step.answer.items()]
        lines += paragraph(f"({step.kind.value}{note}) {step.text}", indent=4)
    if entry.kind is Kind.OVERRIDABLE:
        lines += ["", f"To go on all the same: --override {entry.id}=REASON"]
    return [*lines, "", f"Words in braces are filled in on a host. See {entry.page}"]
