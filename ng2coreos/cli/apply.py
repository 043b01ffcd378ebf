"""`ng2coreos apply`: the run, up to the armed trial boot."""

from pathlib import Path
from typing import Any, Optional

import click

from ng2coreos.cli.context import Context, make_plan
from ng2coreos.cli.options import target_options


@click.command()
@target_options
@click.option("--plan", "plan_file", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Execute this plan (from `plan --output`) instead of a new one.")
@click.option("--reboot", is_flag=True, help="Reboot into the first trial at the end.")
@click.pass_obj
def apply(obj: Context, /, plan_file: Optional[str], reboot: bool, **options: Any) -> None:
    """Stage the new system and arm its trial boot. NG stays untouched and stays the default.

    If a step fails, everything is undone. If the run is killed, use `resume` or `rollback`.
    """
    from ng2coreos.execute import commands
    from ng2coreos.execute.store import read_plan
    made = read_plan(Path(plan_file)) if plan_file else make_plan(obj, **options)
    directory = commands.apply(obj.host, made, obj.progress)
    click.echo(f"Run {directory.run_id} is staged and armed: the next boot is the first trial.")
    if reboot:
        commands.reboot(obj.host, directory)
