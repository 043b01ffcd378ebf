"""`ng2coreos rollback`: the run, undone."""

import click

from ng2coreos.cli.context import Context


@click.command()
@click.pass_obj
def rollback(obj: Context, /) -> None:
    """Undo the run: NG as it was before, nothing of ours left.

    From the new system, run `rollback` there first: it makes NG the next boot.
    """
    from ng2coreos.execute import commands
    directory = commands.roll_back(obj.host, obj.progress)
    if directory is None:
        click.echo("There is nothing to roll back.")
    else:
        click.echo(f"Run {directory.run_id} is rolled back; nothing of it is left.")
