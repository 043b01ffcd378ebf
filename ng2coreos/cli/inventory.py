"""`ng2coreos inventory`: the facts."""

import click

from ng2coreos.cli.context import Context


@click.command()
@click.pass_obj
def inventory(obj: Context, /) -> None:
    """Print what the tool knows about this host, as JSON. Changes nothing."""
    from ng2coreos.execute import planning
    from ng2coreos.model import codec
    click.echo(codec.dumps(planning.read_host(obj.host)), nl=False)
