"""Following a run: from its start to its end, by another process that touches nothing of it."""

import errno
import io
import json
import os
import signal
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

from ng2coreos.core import lock
from ng2coreos.core.errors import CommandFailed, Exit, Ng2CoreosError
from ng2coreos.core.progress import Both, JsonProgress, Progress
from ng2coreos.execute import follow
from ng2coreos.execute.status import status
from tests.execute.world import Notes, World
from tests.fakes import FakeHost


class Elsewhere:
    """A run in a process of its own, which stops at one point until it is told to go on."""

    def __init__(self, world: World, work: Callable[[], Any], stop: str) -> None:
        reached, self._go = os.pipe(), os.pipe()
        reach = world.points.reach

        def stopping(name: str) -> None:
            if name == stop:
                os.write(reached[1], b"x")
                os.read(self._go[0], 1)
            reach(name)

        self.pid = os.fork()
        if self.pid == 0:
            code = 99
            try:
                world.points.reach = stopping  # type: ignore[method-assign]
                try:
                    work()
                    code = 0
                except Ng2CoreosError as error:
                    code = int(error.exit_code)
            finally:
                os._exit(code)
        os.close(reached[1])
        assert os.read(reached[0], 1) == b"x"
        os.close(reached[0])
        self.code: Optional[int] = None

    def go(self) -> None:
        """On, to the end."""
        os.write(self._go[1], b"x")

    def kill(self) -> None:
        """As a power cut would."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit status."""
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            for end in self._go:
                os.close(end)
        return self.code


@contextmanager
def elsewhere(world: World, work: Callable[[], Any], stop: str) -> Iterator[Elsewhere]:
    """A run that is at `stop` when the block begins, and gone when it ends."""
    run = Elsewhere(world, work, stop)
    try:
        yield run
    finally:
        if run.code is None:
            run.kill()
            run.wait()


@pytest.fixture(name="world")
def _world(place: World) -> World:
    return place


def followed(world: World, *deeds: Callable[[], Any]) -> List[Dict[str, Any]]:
    """The events; at each pause the next of `deeds` is done."""
    rest = list(deeds)

    def pause() -> None:
        if rest:
            rest.pop(0)()

    return list(follow.events(world.host, world.store, pause))


def texts(events: List[Dict[str, Any]]) -> List[str]:
    return [e["text"] for e in events if e["event"] == "note"]


ALL = ["Make 0", "Make 1", "Make 0", "Make 0", "Make 1", "Make 0"]


def test_nobody_at_work_is_nothing_to_follow(world: World) -> None:
    assert followed(world) == []
    world.apply()
    assert followed(world) == []  # also not what a run has left


def test_a_run_is_told_from_its_start_to_its_end(world: World) -> None:
    with elsewhere(world, world.apply, "half beta:0") as run:
        events = followed(world, run.go, run.wait)
        assert run.wait() == 0
    assert events[0]["event"] == "start" and events[0]["pid"] == run.pid
    assert texts(events) == ALL and events[-1] == {"event": "end", "exit_code": 0}


def test_a_run_that_fails_ends_with_its_exit_status(world: World) -> None:
    world.points.raises["applied beta:0"] = CommandFailed("lvcreate failed.", hint="Look.")
    with elsewhere(world, world.apply, "half beta:0") as run:
        events = followed(world, run.go, run.wait)
        assert run.wait() == Exit.ROLLED_BACK
    assert events[-1] == {"event": "end", "exit_code": Exit.ROLLED_BACK}
    assert "Undoing everything: lvcreate failed." in texts(events)
    assert world.store.current() is None


def test_a_run_that_is_killed_ends_the_following(world: World) -> None:
    with elsewhere(world, world.apply, "half beta:0") as run:
        events = followed(world, run.kill, run.wait)
    assert texts(events) == ALL[:3] and events[-1]["event"] == "note"
    assert status(world.host, world.store).exit_code == Exit.INTERRUPTED


def test_what_an_earlier_process_told_is_not_told_again(world: World) -> None:
    with elsewhere(world, world.apply, "half beta:0") as run:
        run.kill()
        run.wait()
    with lock.exclusive(world.store.lock_file):  # at work, but its run has not begun
        assert followed_for(world, 2) == []
    with elsewhere(world, world.resume, "verify beta:0") as again:
        events = followed(world, again.go, again.wait)
    assert texts(events) == ALL[2:] and events[0]["pid"] == again.pid


def followed_for(world: World, pauses: int) -> List[Dict[str, Any]]:
    class Enough(Exception):
        pass

    found: List[Dict[str, Any]] = []
    left = [pauses]

    def pause() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Enough

    with pytest.raises(Enough):
        for event in follow.events(world.host, world.store, pause):
            found.append(event)
    return found


def test_a_rollback_can_be_followed_too(world: World) -> None:
    world.apply()
    with elsewhere(world, world.roll_back, "undo beta:0") as run:
        events = followed(world, run.go, run.wait)
    assert events[-1] == {"event": "end", "exit_code": 0} and world.store.current() is None


def test_status_says_what_is_at_work_and_who(world: World) -> None:
    with elsewhere(world, world.apply, "half beta:0") as run:
        found = status(world.host, world.store)
    assert (found.exit_code, found.host_state) == (Exit.LOCKED, "prepared")
    assert f"at work (pid {run.pid}): Make 0." in found.text and "interrupted" not in found.text
    assert (found.changes_done, found.changes_total) == (2, 6)
    assert found.next == "ng2coreos status --follow"
    assert status(world.host, world.store).exit_code == Exit.INTERRUPTED  # killed by now


def test_how_far_a_task_is(fake_host: FakeHost) -> None:
    fake_host.write(follow.FILE, "")
    now = [0.0]
    with open(fake_host.path(follow.FILE), "w") as stream:
        progress = JsonProgress(stream, clock=lambda: now[0], pid=7)
        assert follow.latest(fake_host, 7) == ""
        progress.note("Copy the image")
        with progress.task("pull", "Copy", 200) as advance:
            assert follow.latest(fake_host, 7) == "Copy the image"
            now[0] = 9.0
            advance(90)
            assert follow.latest(fake_host, 7) == "Copy the image (45 %)"
        assert follow.latest(fake_host, 7) == "Copy the image"
    assert follow.latest(fake_host, 8) == ""  # another process: an old file
    fake_host.path(follow.FILE).write_bytes(
        b'{"event": "start", "pid": 7}\n[]\n\xff\n{"event": 3}\n{"ev')
    assert follow.latest(fake_host, 7) == ""


@pytest.mark.parametrize("break_it", ["a directory in its place", "full"])
def test_progress_that_cannot_be_kept_stops_nothing(world: World, break_it: str,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    if break_it == "full":
        class Full(io.StringIO):
            def write(self, text: str) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

            def close(self) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(follow, "_begun", lambda directory: Full())
    else:
        world.host.path(follow.FILE).mkdir(parents=True)
    world.apply()
    found = world.store.current()
    assert found is not None and found.ended() == "finished"


def test_replayed_to_a_listener_it_is_as_it_was_told() -> None:
    def told(out: io.StringIO) -> List[Dict[str, Any]]:
        return [json.loads(line) for line in out.getvalue().splitlines()]

    first, second = io.StringIO(), io.StringIO()
    progress = JsonProgress(first, interval_s=0)
    progress.note("begin")
    with progress.task("copy", "Copy", 10, "files") as advance:
        advance(3)
        advance(4)
    replay = follow.Replay(JsonProgress(second, interval_s=0))
    events = told(first)
    for event in events:
        replay.tell(event)
    replay.close()
    assert [e for e in told(second) if e["event"] != "progress"] == [
        e for e in events if e["event"] != "progress"]
    assert [e["done"] for e in told(second) if e["event"] == "progress"][:2] == [3, 7]
    cut = follow.Replay(JsonProgress(second, interval_s=0))
    cut.tell(events[2])
    cut.close()  # a bar of a killed run does not stay
    assert told(second)[-1]["event"] == "done"


def test_both_listeners_hear_everything() -> None:
    one, two = Notes(), Notes()
    both = Both(one, Progress(), two)
    both.note("a")
    with both.task("t", "T") as advance:
        advance(1)
    both.end(0)
    assert one.said == two.said == ["a"]


@pytest.mark.parametrize("event", [
    {"event": "progress", "task": "t"}, {"event": "progress", "task": "t", "total": 5},
    {"event": "done", "task": "t", "done": "all"},
    {"event": "task", "task": "u", "text": "x", "total": "x"},
    {"event": "note", "text": 7}])
def test_what_another_version_tells_is_no_obstacle(
        fake_host: FakeHost, event: Dict[str, Any]) -> None:
    told = [{"event": "start", "pid": 7}, {"event": "task", "task": "t", "total": 9}, event]
    fake_host.write(follow.FILE, "".join(f"{json.dumps(one)}\n" for one in told))
    assert isinstance(follow.latest(fake_host, 7), str)
    replay = follow.Replay(JsonProgress(io.StringIO(), interval_s=0))
    for one in told[1:]:
        replay.tell(one)
    replay.close()
