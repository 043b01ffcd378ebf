"""`ng2coreos export`: the bundle, without a run."""

from pathlib import Path
from typing import Any

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context, make_plan, write_plan
from ng2coreos.cli.options import target_options


@click.command(cls=Command)
@target_options
@click.argument("directory", type=click.Path())
@click.pass_obj
def export(obj: Context, /, directory: str, **options: Any) -> None:
    """Write the bundle, the host's carried state with its manifest, to DIRECTORY.

    DIRECTORY must not exist. It holds keys and password hashes: mind where it goes.
    """
    from ng2coreos.execute import commands
    made = make_plan(obj, **options)
    commands.export(obj.host, made, Path(directory))
    write_plan(Path(directory) / "plan.json", made)
