"""The report of a command: JSON on standard output, an HTML file, whatever the command's end."""

import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional

import click

from ng2coreos.core.errors import BadInput, Exit, Ng2CoreosError
from ng2coreos.core.host import Host

if TYPE_CHECKING:
    from ng2coreos.execute.status import Status
    from ng2coreos.execute.store import RunDirectory
    from ng2coreos.model.plan import Plan

# what the codes say of a host that a run had begun to change; the others leave it as it stands
_STATES = {Exit.ROLLED_BACK: "rolled-back", Exit.NO_SPACE: "rolled-back",
           Exit.SIGINT: "rolled-back", Exit.SIGTERM: "rolled-back",
           Exit.ROLLBACK_INCOMPLETE: "inconsistent"}


@dataclass
class Told:
    """What a command has found out for its report so far."""

    command: str
    started: str
    plan: "Optional[Plan]" = None
    directory: "Optional[RunDirectory]" = None
    status: "Optional[Status]" = None  # where the host stands; looked at when it is not given
    exit_code: int = 0
    text: str = ""
    state: str = ""
    error: Optional[Ng2CoreosError] = None


@contextmanager
def reporting(host: Host, command: str, as_json: bool, html: Optional[str] = None
              ) -> Iterator[Told]:
    """The command's work goes in the block; its report is written at the end, failed or not."""
    from ng2coreos.execute.store import Store, utc_now
    told = Told(command, utc_now())
    with suppress(Ng2CoreosError, OSError):
        told.directory = Store(host).current()
    try:
        yield told
    except Ng2CoreosError as error:
        told.error, told.exit_code = error, int(error.exit_code)
        raise
    finally:
        if as_json or html:
            _write(report_of(host, told), as_json, html)


def report_of(host: Host, told: Told) -> Dict[str, Any]:
    """The report of what is told."""
    from ng2coreos.execute.store import RunDirectory, Store, utc_now
    from ng2coreos.report import document
    store = Store(host)
    if told.plan is not None and (store.path / told.plan.run_id).is_dir():
        told.directory = RunDirectory(store.path / told.plan.run_id)
    if told.plan is None and told.directory is not None:
        with suppress(Ng2CoreosError):
            told.plan = told.directory.plan()
    occasion = document.Occasion(
        command=told.command, host_state=told.state, exit_code=told.exit_code,
        argv=("ng2coreos", *sys.argv[1:]), started=told.started, finished=utc_now(),
        boot_id=host.read_text("/proc/sys/kernel/random/boot_id", default="").strip(),
        fqdn=host.read_text("/etc/hostname", default="").strip(), text=told.text)
    if told.directory is not None and told.command != "plan":
        with suppress(Ng2CoreosError, OSError):
            occasion = replace(occasion, records=told.directory.records(),
                               run_id=told.directory.run_id)
    occasion = _standing(occasion, host, told)
    if told.error is not None:
        occasion = replace(occasion, trouble=document.Trouble(
            type(told.error).__name__, told.error.message, told.error.hint))
    return document.document(occasion, told.plan)


def downtime_of(told: Told) -> Optional[Dict[str, Any]]:
    """Predicted and measured downtime of the run that the status is of; None where there is none.

    An unreadable plan is no reason to hide where the host stands.
    """
    from ng2coreos.report import sections
    with suppress(Ng2CoreosError, OSError):
        if told.directory is not None and told.status is not None:
            return sections.downtime_of(told.directory.plan(), told.directory.records(),
                                        told.status.attempts)
    return None


def _standing(occasion: Any, host: Host, told: Told) -> Any:
    from ng2coreos.execute.status import status
    from ng2coreos.execute.store import Store
    found = told.status
    if found is None:
        with suppress(Ng2CoreosError, OSError):
            found = status(host, Store(host))
    state = told.state or _STATES.get(Exit(told.exit_code), "")
    if found is None:
        return replace(occasion, host_state=state or "untouched")
    here = told.command == "status"
    return replace(
        occasion, host_state=state or found.host_state, phase=found.phase, next=found.next,
        attempts=found.attempts, reboot_required=found.phase == "armed" and state == "",
        run_id=occasion.run_id or found.run_id, text=occasion.text or (found.text if here else ""))


def _write(report: Dict[str, Any], as_json: bool, html: Optional[str]) -> None:
    from ng2coreos.report import document
    if as_json:
        click.echo(document.dumps(report), nl=False)
    if html:
        write_html(report, html)


def write_html(report: Dict[str, Any], file: str) -> None:
    """Write the report as one HTML file."""
    from ng2coreos.core import durable
    from ng2coreos.report import html
    try:
        durable.write_file(Path(file), html.page(report).encode(), mode=0o600)
    except OSError as error:
        raise BadInput(f"The report cannot be written to {file}: {error.strerror}.",
                       hint="Name a file in a directory that exists and has room.") from None
