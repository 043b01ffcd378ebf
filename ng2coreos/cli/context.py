"""What every command gets, and what several of them do: make a plan, write it to a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Optional, Tuple

from ng2coreos.cli.options import policy_of, source_of
from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.core.progress import Progress

if TYPE_CHECKING:
    from ng2coreos.model.plan import Plan


class Context:
    """What every command gets: the host and whoever listens to progress."""

    def __init__(self) -> None:
        self.host = Host()
        self.progress = Progress()


def make_plan(obj: Context, target: str, ref: str, key: str, insecure: bool,
              answers: Optional[str], override: Tuple[str, ...], trial_boots: Optional[int],
              confirm: Optional[str]) -> "Plan":
    """The plan that these options ask for; the host is only read."""
    from ng2coreos.execute import commands
    policy = policy_of(answers, override, trial_boots=trial_boots, confirm=confirm)
    return commands.plan(obj.host, source_of(target, ref, key, insecure), policy)


def write_plan(path: Path, made: "Plan") -> None:
    """Write `made` durably to `path`, 0600: it may hold secrets."""
    from ng2coreos.core import durable
    from ng2coreos.model import codec
    try:
        durable.write_file(path, codec.dumps(made).encode(), mode=0o600)
    except OSError as error:
        raise BadInput(f"The plan cannot be written to {path}: {error.strerror}.",
                       hint="Name a file in a directory that exists and has room.") from None
