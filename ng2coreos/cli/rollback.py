"""`ng2coreos rollback`: the run, undone."""

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context
from ng2coreos.cli.reporting import reporting
from ng2coreos.cli.terminal import say


@click.command(cls=Command, changes=True)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def rollback(obj: Context, /, as_json: bool) -> None:
    """Undo the run: NG as it was before, nothing of ours left.

    From the new system, run `rollback` there first: it makes NG the next boot.
    """
    from ng2coreos.execute import commands
    with reporting(obj.host, "rollback", as_json) as told:
        directory = commands.roll_back(obj.host, obj.progress)
        told.text = "There is nothing to roll back."
        if directory is not None:
            told.directory, told.state = directory, "rolled-back"
            told.text = f"Run {directory.run_id} is rolled back; nothing of it is left."
    if not as_json:
        say(told.text)
