"""`ng2coreos inventory`: the facts."""

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="It is JSON in any case.")
@click.pass_obj
def inventory(obj: Context, /, as_json: bool) -> None:
    """Print what the tool knows about this host, as JSON. Changes nothing."""
    del as_json
    from ng2coreos.execute import planning
    from ng2coreos.model import codec
    click.echo(codec.dumps(planning.read_host(obj.host)), nl=False)
