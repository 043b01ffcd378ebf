"""`ng2coreos fleet`: the reports of many hosts as one."""

from pathlib import Path
from typing import Optional, Tuple

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.nearest import Existing, existing
from ng2coreos.core.errors import BadInput

FORMATS = ("text", "json", "csv", "html")


@click.command(cls=Command)
@click.argument("reports", nargs=-1, required=True, type=Existing())
@click.option("--inventory", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="YAML: `pilot` (true: the first wave is one host) and `clusters`, a list of "
                   "`name`, `hosts`, `away_at_once`, `hosted_engine` (hosts that can run it), "
                   "`hosted_engine_up`, `gluster` (a list of replica sets) and `heal_minutes`.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="text",
              help="Default: text.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Write it to FILE instead of standard output.")
def fleet(reports: Tuple[str, ...], inventory: Optional[str], kind: str, output: Optional[str],
          as_json: bool) -> None:
    """Say which hosts are ready, what blocks how many, and propose waves.

    REPORTS are files that `plan --json` printed, or directories of them. Looks at no host. Exit
    status 8 when one of them cannot be read; the others are told all the same.
    """
    from ng2coreos.core import durable
    from ng2coreos.report import fleet as many
    known = many.Inventory()
    if inventory:
        known = many.read_inventory(existing(inventory, "inventory", "It is a YAML mapping: see "
                                             "`ng2coreos fleet --help`."))
    found = many.gather([Path(name) for name in reports])
    waves = many.propose(found.hosts, known)
    view = {"text": many.as_text, "json": many.as_json, "csv": many.as_csv,
            "html": many.as_html}["json" if as_json else kind]
    text = view(found, waves, known)
    if output:
        try:
            durable.write_file(Path(output), text.encode("utf-8", "replace"), mode=0o600)
        except OSError as error:
            raise BadInput(f"The fleet cannot be written to {output}: {error.strerror}.",
                           hint="Name a file in a directory that exists and has room.") from None
    else:
        click.echo(text, nl=False)
    if found.unreadable:
        file, why = found.unreadable[0]
        raise BadInput(f"{len(found.unreadable)} reports cannot be read, the first is {file}: "
                       f"{why}.", hint="Make them anew with `ng2coreos plan --json`.")
