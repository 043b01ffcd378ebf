"""The command line on a scripted host: arguments in, exit code and both outputs out."""

from dataclasses import replace
from pathlib import Path
from typing import Any, List, NamedTuple, Tuple

import pytest

from ng2coreos.cli import conf, context, logs, main
from ng2coreos.execute import planning
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.target import TargetFacts, TargetSource
from tests.execute.world import World
from tests.plan import build


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


class Tool:
    """`ng2coreos` on the host of `world`, with a target at `repo`."""

    def __init__(self, world: World, repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self.repo = world, repo
        self.target = build.target()
        self._capsys = capsys

    def __call__(self, *argv: Any) -> Said:
        """As the shell would call it, up to the last line and the exit code."""
        said = self._call(argv)
        assert "Traceback" not in said.out + said.err
        return said

    def errors(self, *argv: Any) -> str:
        """What a call says on standard error, tracebacks included: that is what -v is for."""
        return self._call(argv).err

    def _call(self, argv: Tuple[Any, ...]) -> Said:
        with pytest.raises(SystemExit) as ended, pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["ng2coreos", *map(str, argv)])
            main.main()
        assert isinstance(ended.value.code, int)
        captured = self._capsys.readouterr()
        return Said(ended.value.code, captured.out, captured.err)

    def targeted(self, command: str, *more: Any) -> Said:
        """A command that wants a target."""
        return self(command, "--target", self.repo, *more)


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
         capsys: pytest.CaptureFixture[str]) -> Tool:
    """The command line; host and image are those of tests/plan/build.py, the steps are fake."""
    world = World(tmp_path / "world").install(monkeypatch)
    monkeypatch.setattr(logs, "JOURNAL", str(tmp_path / "none"))  # never this machine's own
    repo = tmp_path / "repo"
    repo.mkdir()
    made = Tool(world, repo, capsys)

    def read_host(host: Any, plugins: Any = None) -> HostFacts:
        return world.facts

    def read_target(host: Any, source: TargetSource, facts: Any = None) -> TargetFacts:
        return replace(made.target, source=source)

    monkeypatch.setattr(context, "Host", lambda root="/": world.host)
    monkeypatch.setattr(conf, "FILE", str(tmp_path / "ng2coreos.conf"))
    monkeypatch.setattr(planning, "read_host", read_host)
    monkeypatch.setattr(planning, "read_target", read_target)
    return made


def lines(text: str) -> List[str]:
    """The lines of a text without empty ones."""
    return [line for line in text.splitlines() if line.strip()]
