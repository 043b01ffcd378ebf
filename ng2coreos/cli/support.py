"""`ng2coreos support`: what somebody who helps needs to see."""

from pathlib import Path

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context
from ng2coreos.core.errors import BadInput


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False), default="ng2coreos-support.tar.gz",
                metavar="[FILE]")
@click.option("--json", "as_json", is_flag=True, help="Print name and size as JSON.")
@click.pass_obj
def support(obj: Context, /, file: str, as_json: bool) -> None:
    """Pack journal, logs, reports and facts of this host into FILE, without secrets.

    FILE is ng2coreos-support.tar.gz here unless named. Changes nothing else. Keys, passwords and
    carried files are not in it; look through it all the same before you send it.
    """
    from ng2coreos.core import durable
    from ng2coreos.execute.support import bundle
    from ng2coreos.model import codec
    data = bundle(obj.host)
    try:
        durable.write_file(Path(file), data, mode=0o600)
    except OSError as error:
        raise BadInput(f"The bundle cannot be written to {file}: {error.strerror}.",
                       hint="Name a file in a directory that exists and has room.") from None
    told = {"file": file, "bytes": len(data)}
    click.echo(codec.dumps(told) if as_json else f"{file}: {len(data)} bytes\n", nl=False)
