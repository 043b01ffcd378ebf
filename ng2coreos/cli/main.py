"""The commands. Each reads its options, calls one function and prints what was asked for.

What takes long to import is imported by the command that needs it, so that `--help` answers at
once (`python -m bench`: start-up).
"""

import logging
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, Tuple

import click

from ng2coreos import __version__, execute
from ng2coreos.cli.options import policy_of, source_of, target_options
from ng2coreos.cli.terminal import listener
from ng2coreos.core.errors import BadInput, Exit, Ng2CoreosError, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.progress import Progress

if TYPE_CHECKING:
    from ng2coreos.model.plan import Plan

LOG = logging.getLogger("ng2coreos")
_CHANGING = ("apply", "resume", "rollback")  # their programs act on the running system


class Context:
    """What every command gets: the host and whoever listens to progress."""

    def __init__(self) -> None:
        self.host = Host()
        self.progress = Progress()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ng2coreos")
@click.option("--root", default="/", metavar="DIR",
              help="Look at the host below DIR; for commands that change nothing.")
@click.option("-v", "--verbose", is_flag=True,
              help="Tell every program that is started, and how it ended.")
@click.option("-q", "--quiet", is_flag=True, help="Tell no progress, only errors.")
@click.option("--progress-fd", type=int, default=None, metavar="N",
              help="Write progress as JSON Lines to this file descriptor.")
@click.pass_context
def cli(context: click.Context, root: str, verbose: bool, quiet: bool,
        progress_fd: Optional[int]) -> None:
    """Move this oVirt Node NG host in place to oVirt Node CoreOS, and back.

    Start with `ng2coreos plan`: it changes nothing and says what would happen.
    """
    # our own logger only: libraries (blivet, libblockdev) tell every program that they run
    logger = logging.getLogger("ng2coreos")
    logger.handlers[:] = [logging.StreamHandler(sys.stderr)]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    if root != "/" and context.invoked_subcommand in _CHANGING:
        raise Unsupported(f"`{context.invoked_subcommand}` changes the running host only.",
                          hint="Leave --root out on the host itself.")
    obj = context.ensure_object(Context)
    obj.host, obj.progress = Host(root), listener(progress_fd, quiet)


@cli.command()
@click.pass_obj
def inventory(obj: Context, /) -> None:
    """Print what the tool knows about this host, as JSON. Changes nothing."""
    from ng2coreos.execute import planning
    from ng2coreos.model import codec
    click.echo(codec.dumps(planning.read_host(obj.host)), nl=False)


@cli.command()
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, without secrets.")
@click.option("--output", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Also write the plan for `apply --plan` (0600: it may hold secrets).")
@click.pass_obj
def plan(obj: Context, /, as_json: bool, output: Optional[str], **options: Any) -> None:
    """Say what `apply` would do. Changes nothing.

    Exit status 3 when something stands against the run, 4 when something must be answered first.
    """
    from ng2coreos import report
    from ng2coreos.execute.judge import judge
    made = _make(obj, **options)
    if output:
        _write(Path(output), made)
    click.echo(report.plan_json(made) if as_json else report.plan_text(made), nl=False)
    judge(made)


@cli.command()
@target_options
@click.argument("directory", type=click.Path())
@click.pass_obj
def export(obj: Context, /, directory: str, **options: Any) -> None:
    """Write the bundle, the host's carried state with its manifest, to DIRECTORY.

    DIRECTORY must not exist. It holds keys and password hashes: mind where it goes.
    """
    from ng2coreos.execute import commands
    made = _make(obj, **options)
    commands.export(obj.host, made, Path(directory))
    _write(Path(directory) / "plan.json", made)


@cli.command("ignition")
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


@cli.command()
@target_options
@click.option("--plan", "plan_file", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Execute this plan (from `plan --output`) instead of a new one.")
@click.option("--reboot", is_flag=True, help="Reboot into the first trial at the end.")
@click.pass_obj
def apply(obj: Context, /, plan_file: Optional[str], reboot: bool, **options: Any) -> None:
    """Stage the new system and arm its trial boot. NG stays untouched and stays the default.

    If a step fails, everything is undone. If the run is killed, use `resume` or `rollback`.
    """
    from ng2coreos.execute import commands
    from ng2coreos.execute.store import read_plan
    made = read_plan(Path(plan_file)) if plan_file else _make(obj, **options)
    directory = commands.apply(obj.host, made, obj.progress)
    click.echo(f"Run {directory.run_id} is staged and armed: the next boot is the first trial.")
    if reboot:
        commands.reboot(obj.host)


@cli.command()
@click.option("--reboot", is_flag=True, help="Reboot into the first trial at the end.")
@click.pass_obj
def resume(obj: Context, /, reboot: bool) -> None:
    """Carry an interrupted run on from where its journal ends."""
    from ng2coreos.execute import commands
    directory = commands.resume(obj.host, obj.progress)
    click.echo(f"Run {directory.run_id} is staged and armed: the next boot is the first trial.")
    if reboot:
        commands.reboot(obj.host)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
@click.pass_obj
def status(obj: Context, /, as_json: bool) -> None:
    """Say how far the move has come. The exit status tells the host's state.

    Exit status 7 after an interrupted run, 12 when the new system was tried and NG is back.
    """
    from ng2coreos import report
    from ng2coreos.execute.status import status as read_status
    from ng2coreos.execute.store import Store
    from ng2coreos.model import codec
    found = read_status(obj.host, Store(obj.host))
    click.echo(codec.dumps(found) if as_json else report.status_text(found), nl=False)
    raise SystemExit(int(found.exit_code))


@cli.command()
@click.pass_obj
def rollback(obj: Context, /) -> None:
    """Undo the run: NG as it was before, nothing of ours left.

    From the new system, run `rollback` there first: it makes NG the next boot.
    """
    from ng2coreos.execute import commands
    directory = commands.roll_back(obj.host, obj.progress)
    if directory is None:
        click.echo("There is nothing to roll back.")
    else:
        click.echo(f"Run {directory.run_id} is rolled back; nothing of it is left.")


def main() -> None:
    """Entry point: on the new system its own commands, on NG these; errors as a line and a hint."""
    if Path("/run/ostree-booted").exists():
        from ng2coreos.firstboot import cli as firstboot_cli
        raise SystemExit(firstboot_cli.main(sys.argv[1:]))
    temporary_files_in_memory()
    told = Context()
    code = guarded(lambda: cli.main(standalone_mode=False, prog_name="ng2coreos", obj=told))
    with suppress(OSError):  # the listener may have gone
        told.progress.end(code)
    raise SystemExit(code)


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
        LOG.debug("input or output failed", exc_info=True)
        return _tell(f"{error}.", "Look at that file or its disk; what was changed is journaled: "
                     "see `ng2coreos status`.", Exit.INTERNAL)
    except Exception as error:  # nobody but a developer is helped by a traceback: see -v
        LOG.debug("internal error", exc_info=True)
        return _tell(f"{type(error).__name__}: {error}", "This is a bug: please report it with the "
                     "run's directory below /var/lib/ng2coreos.", Exit.INTERNAL)
    return int(Exit.OK)


def _tell(message: str, hint: str, code: Exit) -> int:
    click.echo(f"ng2coreos: {message}\n  {hint}", err=True)
    return int(code)


def _make(obj: Context, target: str, ref: str, key: str, insecure: bool, answers: Optional[str],
          override: Tuple[str, ...], trial_boots: Optional[int], confirm: Optional[str]) -> "Plan":
    from ng2coreos.execute import commands
    policy = policy_of(answers, override, trial_boots=trial_boots, confirm=confirm)
    return commands.plan(obj.host, source_of(target, ref, key, insecure), policy)


def _write(path: Path, made: "Plan") -> None:
    from ng2coreos.core import durable
    from ng2coreos.model import codec
    try:
        durable.write_file(path, codec.dumps(made).encode(), mode=0o600)
    except OSError as error:
        raise BadInput(f"The plan cannot be written to {path}: {error.strerror}.",
                       hint="Name a file in a directory that exists and has room.") from None


for _name in ("verify", "confirm", "finalize"):
    @cli.command(_name, context_settings={"ignore_unknown_options": True},
                 help=f"On the new system: see `ng2coreos {_name} --help` there.")
    @click.argument("rest", nargs=-1)
    def _elsewhere(rest: Tuple[str, ...], name: str = _name) -> None:
        del rest
        raise execute.only_on_new_system(name)
