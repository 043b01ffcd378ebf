"""What every command gets, and what several of them do: make a plan, write it to a file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import click

from ng2coreos.cli import conf, logs
from ng2coreos.cli.nearest import meant_path
from ng2coreos.cli.options import answers_in, policy_of, source_of
from ng2coreos.cli.terminal import LogProgress, listener
from ng2coreos.core.errors import BadInput, Ng2CoreosError, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.progress import Both, Progress

if TYPE_CHECKING:
    from ng2coreos.model.plan import Plan

_COLORS = {"auto": None, "always": True, "never": False}  # as click's own contexts have it


class Context:
    """What every command gets: the host, whoever listens to progress, and the defaults."""

    def __init__(self) -> None:
        self.host = Host()
        self.progress = Progress()
        self.given: Dict[str, Any] = {}  # the global options of this call
        self.conf = conf.Conf()
        self.color: Optional[bool] = None
        self.typed: Dict[str, Any] = {}  # the command's own options, without the file's

    def begin(self, ctx: click.Context) -> None:
        """Set up what the global options and the defaults file ask for; the command may run."""
        if self.given.get("root", "/") != "/" and getattr(ctx.command, "changes", False):
            raise Unsupported(f"`{ctx.info_name}` changes the running host only.",
                              hint="Leave --root out on the host itself.")
        self.conf = conf.load(self.given.get("config"))
        self.typed = dict(ctx.params)
        self.conf.fill(ctx.params)
        if self.given.get("as_json"):
            if "as_json" not in ctx.params:
                raise click.UsageError(f"`{ctx.info_name}` takes no --json.", ctx)
            ctx.params["as_json"] = True
        color = self._setting("color", "auto")
        self.color = ctx.color = _COLORS[color] if color != "auto" or not os.environ.get(
            "NO_COLOR") else False
        logs.start(bool(self._setting("verbose", False)), self._setting("log_file", ""),
                   journal=getattr(ctx.command, "changes", False))
        self.host = Host(self.given.get("root", "/"))
        if not self.host.root.is_dir():
            raise BadInput(f"There is no directory {self.host.root}.",
                           hint=meant_path(str(self.host.root)) or "Give the root of a host.")
        if type(self.progress) is Progress:
            self.listen()

    def listen(self) -> None:
        """Let whoever the options name listen to progress."""
        self.progress = listener(self.given.get("progress_fd"),
                                 bool(self._setting("quiet", False)))
        if logs.kept() and not isinstance(self.progress, LogProgress):
            self.progress = Both(logs.Notes(), self.progress)

    def defaults(self) -> Optional[Tuple[str, List[Tuple[str, str]]]]:
        """The defaults file and what it sets, for --help; an error takes the place of values."""
        try:
            found = conf.load(self.given.get("config"))
        except Ng2CoreosError as error:
            return self.given.get("config", conf.FILE), [("error", error.message)]
        return (found.path, found.rows()) if found.rows() else None

    def _setting(self, name: str, default: Any) -> Any:
        """Command line, then the defaults file, then `default`."""
        return self.given.get(name, self.conf.options.get(name.replace("_", "-"), default))


def make_plan(obj: Context, target: str, ref: str, key: str, insecure: bool,
              answers: Optional[str], override: Tuple[str, ...], trial_boots: Optional[int],
              confirm: Optional[str]) -> "Plan":
    """The plan that these options ask for; the host is only read."""
    from ng2coreos.execute import commands
    policy = policy_of(answers, override, obj.conf.policy, trial_boots=trial_boots,
                       confirm=confirm)
    return commands.plan(obj.host, source_of(target, ref, key, insecure), policy)


def ask_and_plan(obj: Context, target: str, ref: str, key: str, insecure: bool,
                 answers: Optional[str], override: Tuple[str, ...], trial_boots: Optional[int],
                 confirm: Optional[str]) -> "Plan":
    """As `make_plan`, once what is open was asked; the host and the image are read once."""
    from ng2coreos.cli import asking
    from ng2coreos.execute import planning
    source = source_of(target, ref, key, insecure)
    path = Path(obj.typed.get("answers") or asking.FILE)
    start = str(path) if path.exists() else answers if answers != str(path) else None
    file = asking.Answers(path, answers_in(start) if start else {})

    def planned() -> "Plan":
        known = str(path) if path.exists() else start
        policy = policy_of(known, override, obj.conf.policy, trial_boots=trial_boots,
                           confirm=confirm)
        return planning.make_plan(obj.host, facts, image, policy)

    policy_of(start, override, obj.conf.policy, trial_boots=trial_boots, confirm=confirm)
    facts = planning.read_host(obj.host)
    image = planning.read_target(obj.host, source, facts)
    spoken = {words.partition("=")[0].strip() for words in override}
    left = asking.ask_all(file, lambda: tuple(
        f for f in planned().decisions.findings if f.id not in spoken))
    click.echo(f"{left} questions are left open." if left else "No question is left open.",
               err=True)
    if path.exists():
        click.echo(f"The answers are in {path}: give it with --answers.", err=True)
    return planned()


def write_plan(path: Path, made: "Plan") -> None:
    """Write `made` durably to `path`, 0600: it may hold secrets."""
    from ng2coreos.core import durable
    from ng2coreos.model import codec
    try:
        durable.write_file(path, codec.dumps(made).encode(), mode=0o600)
    except OSError as error:
        raise BadInput(f"The plan cannot be written to {path}: {error.strerror}.",
                       hint="Name a file in a directory that exists and has room.") from None
