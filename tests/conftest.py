"""Fixtures for every test."""

import errno
import fcntl
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from hypothesis import settings

from ng2coreos.core import durable
from ng2coreos.core.progress import JsonProgress
from ng2coreos.report import document
from tests.fakes import FakeHost

FIGURE = "figure"  # a property of a report: (name, value)
# A property holds or not however busy the machine is.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def freezes(monkeypatch: "pytest.MonkeyPatch") -> List[int]:
    """Freeze and thaw requests, recorded instead of made: a test never freezes this machine's disk.

    The real thing is done in the guests. On /dev/shm the answer is the real one of a tmpfs.
    """
    seen: List[int] = []

    real = fcntl.ioctl

    def ioctl(fd: int, request: int, argument: Any = 0) -> Any:
        if request not in (durable._FIFREEZE, durable._FITHAW):
            return real(fd, request, argument)
        if Path(f"/proc/self/fd/{fd}").resolve() == Path("/dev/shm"):
            raise OSError(errno.EOPNOTSUPP, "not supported")
        seen.append(request)
        return argument

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    # A process for each of so many settles takes its time: test_durable.py has its own
    monkeypatch.setattr(durable, "_thawed_at_last", lambda fd: nullcontext())
    return seen


@pytest.fixture(autouse=True)
def reports(monkeypatch: "pytest.MonkeyPatch") -> List[Dict[str, Any]]:
    """Every report that is written in a test, each of them valid by its schema."""
    seen: List[Dict[str, Any]] = []
    write = document.dumps

    def checked(report: Dict[str, Any]) -> str:
        from tests.report.schema import check
        text = write(report)
        check(json.loads(text))
        seen.append(report)
        return text

    monkeypatch.setattr(document, "dumps", checked)
    return seen


@pytest.fixture(autouse=True)
def progress_events(monkeypatch: "pytest.MonkeyPatch") -> List[Dict[str, Any]]:
    """Every event that is told as a JSON line in a test, each of them valid by its schema."""
    seen: List[Dict[str, Any]] = []
    emit = JsonProgress._emit

    def checked(self: JsonProgress, event: Dict[str, Any]) -> None:
        from tests.report.schema import DATA, validator
        validator(DATA / "progress-1.json").validate(event)
        seen.append(event)
        emit(self, event)

    monkeypatch.setattr(JsonProgress, "_emit", checked)
    return seen


@pytest.fixture
def fake_host(tmp_path: Path) -> Iterator[FakeHost]:
    """A host with an empty root, which runs scripted commands only; see tests/fakes.py."""
    root = tmp_path / "root"
    root.mkdir()
    host = FakeHost(root)
    yield host
    host.check()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures that tests have measured, whichever process they ran in."""
    found = [value for reports in terminalreporter.stats.values() for report in reports
             if getattr(report, "when", "") == "teardown"
             for name, value in report.user_properties if name == FIGURE]
    if found:
        terminalreporter.section("figures")
    for name, value in found:
        terminalreporter.write_line(f"{name:55} {value:12.1f}")


def pytest_unconfigure(config: "pytest.Config") -> None:
    """Close with the plain line that says how many tests passed and failed."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        stats = {name: len(reporter.stats.get(name, ())) for name in
                 ("passed", "failed", "error", "skipped")}
        skipped = f", {stats['skipped']} skipped" if stats["skipped"] else ""
        print(f"{stats['passed']} passed, {stats['failed'] + stats['error']} failed{skipped}")
