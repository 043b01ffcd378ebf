"""`ng2coreos resume`: an interrupted run, carried on."""

import click

from ng2coreos.cli.context import Context


@click.command()
@click.option("--reboot", is_flag=True, help="Reboot into the first trial at the end.")
@click.pass_obj
def resume(obj: Context, /, reboot: bool) -> None:
    """Carry an interrupted run on from where its journal ends."""
    from ng2coreos.execute import commands
    directory = commands.resume(obj.host, obj.progress)
    click.echo(f"Run {directory.run_id} is staged and armed: the next boot is the first trial.")
    if reboot:
        commands.reboot(obj.host, directory)
