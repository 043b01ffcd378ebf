"""Work that processes share: every part is done once, and no failure is lost or left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, List, Tuple

import pytest

from ng2coreos.core.errors import BadInput, CommandFailed
from ng2coreos.core.progress import Advance
from ng2coreos.core.shares import processors, shared


def nothing(amount: int) -> None:
    assert amount >= 0


def children() -> List[str]:
    me = os.getpid()
    return Path(f"/proc/{me}/task/{me}/children").read_text("utf-8").split()


def test_each_part_is_done_by_a_process_of_its_own() -> None:
    told: List[int] = []

    def part(number: int, count: int, advance: Advance) -> Tuple[int, int, int]:
        advance(10 * number)
        return number, count, os.getpid()

    found = shared(part, told.append, 3)
    assert [(number, count) for number, count, _ in found] == [(0, 3), (1, 3), (2, 3)]
    assert len({pid for _, _, pid in found} | {os.getpid()}) == 4
    assert sorted(told) == [0, 10, 20]
    assert len(shared(part, nothing)) == processors() >= 1


def test_a_part_may_change_its_directory() -> None:
    before = os.getcwd()
    shared(lambda number, count, advance: os.chdir("/"), nothing, 2)
    assert os.getcwd() == before


def broken() -> None:
    raise BadInput("An ACL.", hint="Look.")


def refused() -> None:
    raise PermissionError(1, "Operation not permitted", "file")


def mistaken() -> None:
    raise KeyError("a bug")


@pytest.mark.parametrize("fail, kind, words", [
    (broken, BadInput, "An ACL."), (refused, PermissionError, "not permitted: 'file'"),
    (mistaken, RuntimeError, "KeyError: 'a bug'")])
def test_an_error_of_a_part_is_ours_and_ends_the_others(
        fail: Callable[[], None], kind: type, words: str) -> None:
    before = children()
    began = time.monotonic()

    def part(number: int, count: int, advance: Advance) -> None:
        if number == 1:
            fail()
        time.sleep(60)

    with pytest.raises(kind, match=words):
        shared(part, nothing, 3)
    assert time.monotonic() - began < 30
    assert children() == before


def test_a_part_that_is_killed_is_an_error() -> None:
    def part(number: int, count: int, advance: Advance) -> None:
        if number:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    with pytest.raises(CommandFailed, match="was killed"):
        shared(part, nothing, 2)


def test_an_error_in_the_listener_ends_the_parts() -> None:
    def part(number: int, count: int, advance: Advance) -> None:
        advance(1)
        time.sleep(60)

    def listen(amount: int) -> None:
        raise ZeroDivisionError

    before = children()
    with pytest.raises(ZeroDivisionError):
        shared(part, listen, 2)
    assert children() == before


def test_signals_are_the_parents_business() -> None:
    def part(number: int, count: int, advance: Advance) -> int:
        for held in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), held)
        return number

    assert shared(part, nothing, 2) == [0, 1]


def test_parts_end_with_a_parent_that_was_killed() -> None:
    script = r"""
import os, time
from ng2coreos.core.shares import shared
def part(number, count, advance):
    os.write(1, b"%d\n" % os.getpid())
    while True:
        advance(1)
        time.sleep(.01)
shared(part, lambda amount: None, 2)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        try:
            pids = [int(parent.stdout.readline()) for _ in range(2)]
        finally:
            parent.kill()
        assert parent.stdout.read() == b""  # the end of the last one that has it open
    deadline = time.monotonic() + 30  # its files are closed a moment before it is gone
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False
