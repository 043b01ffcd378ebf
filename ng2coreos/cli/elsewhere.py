"""The commands that only the new system has: on NG each says so."""

from typing import Tuple

import click

from ng2coreos import execute

NAMES = ("verify", "confirm", "finalize", "layers")


def elsewhere(name: str) -> click.Command:
    """A command that ends as Unsupported, whatever its arguments."""
    @click.command(name, context_settings={"ignore_unknown_options": True},
                   help=f"On the new system: see `ng2coreos {name} --help` there.")
    @click.argument("rest", nargs=-1)
    def command(rest: Tuple[str, ...]) -> None:
        del rest
        raise execute.only_on_new_system(name)

    return command
