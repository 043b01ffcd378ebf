"""`ng2coreos ignition`: the Ignition config of a bundle."""

import sys
from pathlib import Path
from typing import Optional

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.completing import SPEC
from ng2coreos.cli.context import Context
from ng2coreos.cli.nearest import Existing


@click.command("ignition", cls=Command)
@click.argument("bundle", type=Existing(file_okay=False))
@click.option("--for", "purpose", type=click.Choice(["move", "reinstall"]), default="move",
              help="For the move (default), or for a reinstallation: the config that brings this "
                   "host back on a freshly installed disk.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Write the config to FILE (0600) instead of printing it.")
@click.option("--spec", default=None, type=SPEC, metavar="VERSION",
              help="The spec version, such as 3.2.0; else the lowest that can say it all and that "
                   "the image's Ignition reads.")
@click.pass_obj
def ignition_config(obj: Context, /, bundle: str, purpose: str, output: Optional[str],
                    spec: Optional[str]) -> None:
    """Print the Ignition config of an exported BUNDLE, for the move or `--for reinstall`.

    It holds secrets: mind where it goes.  What the config does not hold is told on standard error,
    with where it went.

    With `--for reinstall` it is one for coreos-installer: without NG's volumes, with the contents
    of /root, /home, /opt, /srv, /usr/local and of what matters below /var, read from this host.
    Files beyond 8 MiB, or beyond 32 MiB in all, are left out and named.
    """
    from ng2coreos.execute import config
    from ng2coreos.model.ignition import parse_spec
    written = config.write(
        obj.host, Path(bundle), Path(output) if output else sys.stdout.buffer,
        spec=parse_spec(spec) if spec else None, for_reinstall=purpose == "reinstall")
    for note in written.notes:
        click.echo(note, err=True)
