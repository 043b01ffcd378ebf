"""`ng2coreos status`: where the host stands, and what a run elsewhere is at."""

import json
import time
from typing import Optional

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context
from ng2coreos.cli.reporting import downtime_of, reporting
from ng2coreos.cli.terminal import painted


@click.command(cls=Command)
@click.option("--follow", is_flag=True,
              help="While a run is at work elsewhere, tell its progress until it ends, and end "
                   "with its exit status. With --json the events of --progress-fd, one a line.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--html", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Also write the report of the current run as one HTML file.")
@click.pass_obj
def status(obj: Context, /, follow: bool, as_json: bool, html: Optional[str]) -> None:
    """Say how far the move has come. The exit status tells the host's state.

    Exit status 6 while a run is at work, 7 after an interrupted run, 12 when the new system was
    tried and NG is back.
    """
    from ng2coreos import report
    from ng2coreos.execute.status import status as read_status
    from ng2coreos.execute.store import Store
    code = _followed(obj, as_json) if follow else None
    with reporting(obj.host, "status", as_json and not follow, html) as told:
        told.status = found = read_status(obj.host, Store(obj.host))
        told.exit_code = int(found.exit_code)
        if not as_json:
            click.echo(painted(report.status_text(found, downtime_of(told))), nl=False)
    if follow and code is None:
        code = told.exit_code
        if as_json:
            _print({"event": "end", "exit_code": code})
    raise SystemExit(told.exit_code if code is None else code)


def _followed(obj: Context, as_json: bool) -> Optional[int]:
    """Tell the progress of the run at work; its exit status, None where it does not say."""
    from ng2coreos.execute import follow
    from ng2coreos.execute.store import Store
    replay = follow.Replay(obj.progress)
    try:
        for event in follow.events(obj.host, Store(obj.host), lambda: time.sleep(follow.POLL_S)):
            if as_json:
                _print(event)
            else:
                replay.tell(event)
            if event["event"] == "end":
                return int(event["exit_code"])
    finally:
        replay.close()
    return None


def _print(event: "dict[str, object]") -> None:
    click.echo(json.dumps(event))
