"""`ng2coreos apply`: the run, up to the armed trial boot."""

from typing import Any, Optional

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context, make_plan
from ng2coreos.cli.nearest import existing
from ng2coreos.cli.options import target_options
from ng2coreos.cli.reporting import reporting
from ng2coreos.cli.terminal import say


@click.command(cls=Command, changes=True)
@target_options
@click.option("--plan", "plan_file", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Execute this plan (from `plan --output`) instead of a new one.")
@click.option("--reboot", is_flag=True, help="Reboot into the first trial at the end.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def apply(obj: Context, /, plan_file: Optional[str], reboot: bool, as_json: bool,
          **options: Any) -> None:
    """Stage the new system and arm its trial boot. NG stays untouched and stays the default.

    If a step fails, everything is undone. If the run is killed, use `resume` or `rollback`.
    With --reboot, a run that was armed earlier takes NG's volumes again first, so that nothing is
    lost that NG wrote since.
    """
    from ng2coreos.execute import commands
    from ng2coreos.execute.store import read_plan
    with reporting(obj.host, "apply", as_json) as told:
        if plan_file:
            told.plan = read_plan(existing(plan_file, "plan", "Make one with `ng2coreos plan "
                                           "--output FILE`."))
        else:
            told.plan = make_plan(obj, **options)
        directory = told.directory = commands.apply(obj.host, told.plan, obj.progress,
                                                   fresh=reboot)
        told.text = (f"Run {directory.run_id} is staged and armed: the next boot is the first "
                     "trial.")
    if not as_json:
        say(told.text)
    if reboot:
        commands.reboot(obj.host, directory)
