"""One run at a time, and a dead one holds nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ng2coreos.core import lock
from ng2coreos.core.command import run_process
from ng2coreos.core.errors import Locked
from ng2coreos.core.lock import exclusive

HOLDER = """
import sys, time
from pathlib import Path
from ng2coreos.core.lock import exclusive
with exclusive(Path(sys.argv[1]), run_id="r1"):
    print("held", flush=True)
    time.sleep(600)
"""
AT_WORK = """
import sys
from pathlib import Path
from ng2coreos.core.command import run_process
from ng2coreos.core.lock import exclusive
with exclusive(Path(sys.argv[1]), run_id="r1"):
    run_process(["sh", "-c", "echo $$ > " + sys.argv[2] + "; exec sleep 600"], timeout_s=600)
"""


def test_a_live_holder_is_named_and_a_killed_one_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Locked, match=f"pid {holder.pid}, run r1"), exclusive(path):
        pytest.fail("the lock was given twice")
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with exclusive(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_program_of_a_killed_holder_still_holds_it(tmp_path: Path) -> None:
    path, pid_file = tmp_path / "lock", tmp_path / "pid"
    holder = subprocess.Popen([sys.executable, "-c", AT_WORK, str(path), str(pid_file)])
    until = time.monotonic() + 60
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    orphan = int(pid_file.read_text())
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert lock.holder(path) == lock.Holder(holder.pid, "r1", False)
    with pytest.raises(Locked, match=f"program that pid {holder.pid}, run r1"), exclusive(path):
        pytest.fail("a second run beside what the first has started")
    os.kill(orphan, signal.SIGKILL)
    while time.monotonic() < until:
        try:
            with exclusive(path):
                return
        except Locked:
            time.sleep(0.05)
    pytest.fail("the lock is held although nothing of the holder is left")


def test_what_a_program_leaves_behind_does_not_hold_it_after_an_orderly_end(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive(path):
        left = run_process(["sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"]).stdout
    try:
        with exclusive(path):
            pass
    finally:
        os.kill(int(left), signal.SIGKILL)


def test_who_holds_it_is_told_without_touching_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert lock.holder(path) is None
    with lock.exclusive(path, run_id="r1"):
        assert lock.holder(path) == lock.Holder(os.getpid(), "r1", True)
        for nonsense in ("nonsense", "[" * 4096):
            path.write_text(nonsense)
            assert lock.holder(path) == lock.Holder(os.getpid(), "", True)
    assert lock.holder(path) is None
    with pytest.MonkeyPatch.context() as patch, lock.exclusive(path):
        patch.setattr(lock, "_LOCKS", str(tmp_path / "none"))
        assert lock.holder(path) is None  # where the kernel cannot be asked
