"""`ng2coreos resume`: an interrupted run, carried on."""

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context
from ng2coreos.cli.reporting import reporting
from ng2coreos.cli.terminal import say


@click.command(cls=Command, changes=True)
@click.option("--reboot", is_flag=True, help="Reboot into the first trial at the end.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def resume(obj: Context, /, reboot: bool, as_json: bool) -> None:
    """Carry an interrupted run on from where its journal ends."""
    from ng2coreos.execute import commands
    with reporting(obj.host, "resume", as_json) as told:
        directory = told.directory = commands.resume(obj.host, obj.progress, fresh=reboot)
        told.text = (f"Run {directory.run_id} is staged and armed: the next boot is the first "
                     "trial.")
    if not as_json:
        say(told.text)
    if reboot:
        commands.reboot(obj.host, directory)
