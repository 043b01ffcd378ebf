"""The classes of our commands: global options before or after the name, examples, nearest matches.

A global option means the same wherever it stands; given twice, the one after the command wins.
"""

from typing import Any, Dict, List, Tuple

import click

from ng2coreos.cli.context import Context
from ng2coreos.cli.examples import EXAMPLES
from ng2coreos.cli.nearest import meant

HELP_NAMES = ["-h", "--help"]
COLORS = ("auto", "always", "never")


class GlobalOption(click.Option):
    """An option that every command takes; its value goes to the Context."""


def global_options() -> List[click.Parameter]:
    """The options of every command, as click wants them: an object can be in one command only."""
    def option(*names: str, **more: Any) -> click.Parameter:
        return GlobalOption(names, callback=keep, expose_value=False, default=None, **more)

    return [
        option("--root", type=click.Path(), metavar="DIR",
               help="Look at the host below DIR; for commands that change nothing."),
        option("--config", type=click.Path(), metavar="FILE",
               help="Read defaults from FILE instead of /etc/ng2coreos/ng2coreos.conf: "
                    "ng2coreos.conf(5)."),
        option("--color", type=click.Choice(COLORS),
               help="Colour what is printed: auto (default) on a terminal, unless NO_COLOR is "
                    "set."),
        option("-v", "--verbose/--no-verbose",
               help="Tell every program that is started, and how it ended."),
        option("-q", "--quiet/--no-quiet", help="Tell no progress, only errors."),
        option("--log-file", type=click.Path(), metavar="FILE",
               help="Also append to FILE (0600) what -v would tell, with times."),
        option("--progress-fd", type=int, metavar="N",
               help="Write progress as JSON Lines to this file descriptor: "
                    "data/schema/progress-1.json.")]


def keep(context: click.Context, param: click.Parameter, value: Any) -> None:
    """Note a global option of this call for the Context."""
    if value is not None and not context.resilient_parsing:
        context.ensure_object(Context).given[str(param.name)] = value


class _Documented(click.Command):
    """A command that takes the global options and shows them apart, then its examples."""

    changes = False

    def __init__(self, *args: Any, changes: bool = False, **more: Any) -> None:
        more.setdefault("context_settings", {}).setdefault("help_option_names", HELP_NAMES)
        super().__init__(*args, **more)
        self.changes = changes  # its programs act on the running system
        self.params = [*self.params, *global_options()]

    def parse_args(self, ctx: click.Context, args: List[str]) -> List[str]:
        """See click; an option that is not known is answered with the nearest."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = (name for p in self.get_params(ctx) for name in (*p.opts, *p.secondary_opts))
            error.possibilities = None
            error.message = f"{error.message} {meant(error.option_name, known)}".rstrip()
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click: ours first, then those that every command takes."""
        rows: Dict[bool, List[Tuple[str, str]]] = {False: [], True: []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                rows[isinstance(param, GlobalOption)].append(record)
        for title, found in (("Options", rows[False]), ("Global options", rows[True])):
            if found:
                with formatter.section(title):
                    formatter.write_dl(found)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click: the examples, and what a defaults file sets."""
        name = ctx.command_path.partition(" ")[2]
        with formatter.section("Examples"):
            for what, line in EXAMPLES[name]:
                formatter.write_text(what)
                formatter.write(f"{'':{formatter.current_indent + 2}}{line}\n")
        rows = ctx.ensure_object(Context).defaults()
        if rows:
            with formatter.section(f"Defaults from {rows[0]}"):
                formatter.write_dl(rows[1])


class Command(_Documented):
    """A command: what the conf says fills what the command line left open, then it runs."""

    def invoke(self, ctx: click.Context) -> Any:
        """See click."""
        ctx.ensure_object(Context).begin(ctx)
        return super().invoke(ctx)


class Group(_Documented, click.Group):
    """A group of commands; an unknown one is answered with the nearest."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(self, ctx: click.Context, args: List[str]) -> Tuple[Any, Any, List[str]]:
        """See click."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchOption:
            raise
        except click.UsageError as error:
            close = meant(args[0], self.list_commands(ctx))
            error.message = f"{error.message} {close}".rstrip()
            raise
