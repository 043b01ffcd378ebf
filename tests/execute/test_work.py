"""An image that is unpacked never goes to memory: a full /run stops systemd, vdsm and sanlock."""

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Iterator, List, cast

import pytest

from ng2coreos.core.host import Host
from ng2coreos.core.progress import Progress
from ng2coreos.execute.run import Run
from ng2coreos.execute.steps import pull_commit
from ng2coreos.execute.work import clear, work_directory
from ng2coreos.model.plan import Change
from ng2coreos.model.target import TargetSource

WHERE = [("repo", "run"), ("tar", "var/tmp"), ("url", "var/tmp")]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    for name in ("run", "var/tmp"):
        (tmp_path / name).mkdir(parents=True)
    return Host(str(tmp_path))


@pytest.mark.parametrize("kind, place", WHERE)
def test_where_an_image_is_read(host: Host, kind: str, place: str) -> None:
    with work_directory(host, TargetSource(kind, "x", "ref")) as work:
        assert work.parent == host.root / place
        assert work.stat().st_mode & 0o777 == 0o700
    assert not work.exists()


@pytest.mark.parametrize("kind, place", WHERE)
def test_what_a_killed_command_left_goes_with_the_next(host: Host, kind: str, place: str) -> None:
    source = TargetSource(kind, "x", "ref")
    pid = os.fork()
    if not pid:
        with work_directory(host, source) as work:
            (work / "objects").mkdir()
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    left, = (host.root / place).iterdir()
    with work_directory(host, source) as work:
        assert list((host.root / place).iterdir()) == [work] and work != left
        with work_directory(host, source) as other:  # a second command beside it
            assert work.is_dir() and other.is_dir()


def test_nobody_else_s_directory_is_taken_for_ours(host: Host) -> None:
    place = host.root / "var/tmp"
    for name, mode in (("ng2coreos-image-open", 0o755), ("other", 0o700),
                       ("ng2coreos-image-else", 0o700)):
        (place / name).mkdir()
        (place / name).chmod(mode)
    (place / "ng2coreos-image-link").symlink_to(place / "other")
    (place / "ng2coreos-image-file").touch()
    if os.geteuid() == 0:
        os.chown(str(place / "ng2coreos-image-else"), 1000, 1000)
    before = set(place.iterdir())
    clear(host)
    assert before - set(place.iterdir()) == (set() if os.geteuid() == 0
                                             else {place / "ng2coreos-image-else"})


@pytest.mark.parametrize("kind, place", WHERE)
def test_the_run_reads_it_there_too(host: Host, kind: str, place: str,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    seen: List[Path] = []

    @contextmanager
    def opened(host: Host, source: TargetSource, work: Path) -> Iterator[Any]:
        seen.append(work)
        yield SimpleNamespace(repo_path=work)

    monkeypatch.setattr("ng2coreos.target.opened", opened)
    monkeypatch.setattr("ng2coreos.execute.room.require", lambda run, need: None)
    for name in ("init", "pull"):
        monkeypatch.setattr(f"ng2coreos.stage.sysroot.{name}", lambda *_: None)
    run = SimpleNamespace(
        host=host, sysroot=lambda: host.root, progress=Progress(),
        mounts=SimpleNamespace(base=host.root / "run"),
        plan=SimpleNamespace(decisions=SimpleNamespace(boot=SimpleNamespace(stateroot="s"),
                                                       prediction=SimpleNamespace(pool_most_bytes=1)),
                             target=SimpleNamespace(source=TargetSource(kind, "x", "ref"))))
    pull_commit.PullCommit().apply(Change("p", "pull-commit", ""), cast(Run, run))
    assert [work.parent for work in seen] == [host.root / place]
    assert not seen[0].exists()
