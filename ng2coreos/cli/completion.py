"""`ng2coreos completion`: what makes the shell complete our commands."""

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.completing import script

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that lets SHELL, which is bash, zsh or fish, complete commands and words.

    It completes commands, options, ids of findings, names of whitelists, branches of a local
    repository, and files.
    """
    click.echo(script(shell), nl=False)
