"""`ng2coreos ignition`: the Ignition config of a bundle."""

from pathlib import Path

import click

from ng2coreos.cli.context import Context


@click.command("ignition")
@click.argument("bundle", type=click.Path(exists=True, file_okay=False))
@click.pass_obj
def ignition_config(obj: Context, /, bundle: str) -> None:
    """Print the Ignition config for an exported BUNDLE. It holds secrets: mind where it goes."""
    from ng2coreos import ignition
    from ng2coreos.execute.bundle import Bundle, build_config
    from ng2coreos.execute.store import read_plan
    made = read_plan(Path(bundle) / "plan.json")
    config = build_config(made, Bundle(Path(bundle)))
    ignition.validate(config, obj.host)
    click.echo(config.decode())
