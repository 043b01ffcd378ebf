"""`ng2coreos report`: a report that was written before, in another form."""

import json
import sys
from typing import Any, Dict, Optional

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context
from ng2coreos.cli.nearest import existing
from ng2coreos.cli.reporting import reporting
from ng2coreos.cli.terminal import painted
from ng2coreos.core.errors import BadInput

FORMATS = ("text", "json", "html", "leapp-1.2.0", "insights")


@click.command(cls=Command)
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True),
                metavar="[FILE]")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="text",
              help="leapp-1.2.0 and insights are for dashboards that know these. Default: text.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_obj
def report(obj: Context, /, file: Optional[str], kind: str, as_json: bool) -> None:
    """Print a report in another form; without FILE that of the run which holds this host.

    FILE is what `--json` of any command printed, or a plan of `plan --output`; - reads it from
    standard input.
    """
    found = read(file) if file else _current(obj)
    text = formatted(found, "json" if as_json else kind)
    click.echo(painted(text) if (as_json, kind) == (False, "text") else text, nl=False)


def formatted(found: Dict[str, Any], kind: str) -> str:
    """The report as `kind`."""
    from ng2coreos.report import document
    from ng2coreos.report.export.text import report_text
    if kind == "text":
        return report_text(found)
    if kind == "html":
        from ng2coreos.report import html
        return html.page(found)
    if kind == "json":
        return document.dumps(found)
    from ng2coreos.report import export
    made = (export.leapp(found) if kind == "leapp-1.2.0"
            else export.insights(found, report_text(found)))
    return json.dumps(made, indent=1) + "\n"


def read(file: str) -> Dict[str, Any]:
    """The report in `file`; BadInput where it is none."""
    from ng2coreos.report.export.reading import report_in
    try:
        data = sys.stdin.buffer.read() if file == "-" else existing(
            file, "report", "Give what `plan --json` printed.").read_bytes()
    except OSError as error:
        raise BadInput(f"The report {file} cannot be read: {error.strerror}.",
                       hint="Give what `plan --json` printed.") from None
    return report_in(data, file)


def _current(obj: Context) -> Dict[str, Any]:
    from ng2coreos.cli.reporting import report_of
    with reporting(obj.host, "status", as_json=False) as told:
        return report_of(obj.host, told)
