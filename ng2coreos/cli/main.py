"""The command group, its global options, and how an error ends: one line, a hint, an exit code.

Each command lives in its own module; it reads its options, calls one function and prints.

What takes long to import is imported by the command that needs it, so that `--help` answers at
once (`python -m bench`: start-up).
"""

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable

import click

from ng2coreos import __version__
from ng2coreos.cli import logs
from ng2coreos.cli.apply import apply
from ng2coreos.cli.command import GlobalOption, Group, keep
from ng2coreos.cli.completing import wire
from ng2coreos.cli.completion import completion
from ng2coreos.cli.context import Context
from ng2coreos.cli.elsewhere import NAMES, elsewhere
from ng2coreos.cli.explain import explain
from ng2coreos.cli.export import export
from ng2coreos.cli.fleet import fleet
from ng2coreos.cli.ignition import ignition_config
from ng2coreos.cli.inventory import inventory
from ng2coreos.cli.plan import plan
from ng2coreos.cli.report import report
from ng2coreos.cli.resume import resume
from ng2coreos.cli.rollback import rollback
from ng2coreos.cli.status import status
from ng2coreos.cli.support import support
from ng2coreos.cli.whitelist import whitelist
from ng2coreos.core.command import hear_of_ends
from ng2coreos.core.errors import Exit, Ng2CoreosError


@click.group(cls=Group)
@click.version_option(__version__, prog_name="ng2coreos")
@click.pass_context
def cli(context: click.Context) -> None:
    """Move this oVirt Node NG host in place to oVirt Node CoreOS, and back.

    Start with `ng2coreos plan`: it changes nothing and says what would happen. Global options may
    stand before or after the command; defaults stand in /etc/ng2coreos/ng2coreos.conf.
    """
    obj = context.ensure_object(Context)
    if "progress_fd" in obj.given:  # a program that listens hears of a wrong call too
        obj.listen()


cli.params.append(GlobalOption(
    ["--json", "as_json"], is_flag=True, expose_value=False, callback=keep,
    help="Print JSON, where the command can."))
for _command in (inventory, plan, export, ignition_config, apply, resume, status, rollback,
                 explain, report, fleet, support, whitelist, completion,
                 *map(elsewhere, NAMES)):
    cli.add_command(_command)
wire(cli)


def main() -> None:
    """Entry point: on the new system its own commands, on NG these; errors as a line and a hint."""
    hear_of_ends()
    if Path("/run/ostree-booted").exists():
        from ng2coreos.firstboot import cli as firstboot_cli
        raise SystemExit(firstboot_cli.main(sys.argv[1:]))
    temporary_files_in_memory()
    told = Context()
    code = guarded(lambda: cli.main(standalone_mode=False, prog_name="ng2coreos", obj=told))
    logs.note(f"exit status {code}")
    with suppress(OSError):  # the listener may have gone
        told.progress.end(code)
    _let_go_of_readers()
    raise SystemExit(code)


def _let_go_of_readers() -> None:
    """Python flushes its streams once more at its end; a reader that left is no exit status 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def temporary_files_in_memory() -> None:
    """Let small temporary files (ours, gpg's, ostree's) lie in /run: NG's /tmp is one of its LVs.

    A plan writes nothing to a disk and works where all are mounted read-only. Images are unpacked
    elsewhere (execute/work.py).
    """
    if os.access("/run", os.W_OK):
        os.environ["TMPDIR"] = tempfile.tempdir = "/run"


def guarded(call: Callable[[], Any]) -> int:
    """Run `call`; its exit code. What goes wrong is printed as one line with a hint."""
    try:
        call()
    except SystemExit as end:
        return int(end.code or 0)
    except click.Abort:
        return int(Exit.SIGINT)
    except click.ClickException as error:
        error.show()
        return int(Exit.USAGE)
    except Ng2CoreosError as error:
        return _tell(error.message, error.hint, error.exit_code)
    except OSError as error:
        logs.LOG.debug("input or output failed", exc_info=True)
        return _tell(f"{error}.", "Look at that file or its disk; what was changed is journaled: "
                     "see `ng2coreos status`.", Exit.INTERNAL)
    except Exception as error:  # nobody but a developer is helped by a traceback: see -v
        logs.LOG.debug("internal error", exc_info=True)
        return _tell(f"{type(error).__name__}: {error}", "This is a bug: please report it with the "
                     "run's directory below /var/lib/ng2coreos.", Exit.INTERNAL)
    return int(Exit.OK)


def _tell(message: str, hint: str, code: Exit) -> int:
    click.echo(f"ng2coreos: {message}\n  {hint}", err=True)
    logs.note(f"error: {message} {hint}")
    return int(code)
