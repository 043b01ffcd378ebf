"""`ng2coreos ignition`: the Ignition config of a bundle."""

import sys
from pathlib import Path
from typing import Optional

import click

from ng2coreos.cli.context import Context


@click.command("ignition")
@click.argument("bundle", type=click.Path(exists=True, file_okay=False))
@click.option("-o", "--output", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Write the config to FILE (0600) instead of printing it.")
@click.option("--spec", default=None, metavar="VERSION",
              help="The spec version, such as 3.2.0; else the lowest that can say it all and that "
                   "the image's Ignition reads.")
@click.pass_obj
def ignition_config(obj: Context, /, bundle: str, output: Optional[str],
                    spec: Optional[str]) -> None:
    """Print the Ignition config for an exported BUNDLE. It holds secrets: mind where it goes.

    What the spec version cannot say is told on standard error, with where it went.
    """
    from ng2coreos.execute import config
    from ng2coreos.model.ignition import parse_spec
    wanted = parse_spec(spec) if spec else None
    written = config.write(obj.host, Path(bundle), Path(output) if output else sys.stdout.buffer,
                           wanted)
    for note in written.notes:
        click.echo(note, err=True)
