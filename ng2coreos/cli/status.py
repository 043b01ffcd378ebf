"""`ng2coreos status`: where the host stands."""

from typing import Optional

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context
from ng2coreos.cli.reporting import reporting
from ng2coreos.cli.terminal import painted


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--html", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Also write the report of the current run as one HTML file.")
@click.pass_obj
def status(obj: Context, /, as_json: bool, html: Optional[str]) -> None:
    """Say how far the move has come. The exit status tells the host's state.

    Exit status 7 after an interrupted run, 12 when the new system was tried and NG is back.
    """
    from ng2coreos import report
    from ng2coreos.execute.status import status as read_status
    from ng2coreos.execute.store import Store
    with reporting(obj.host, "status", as_json, html) as told:
        told.status = found = read_status(obj.host, Store(obj.host))
        told.exit_code = int(found.exit_code)
        if not as_json:
            click.echo(painted(report.status_text(found)), nl=False)
    raise SystemExit(told.exit_code)
