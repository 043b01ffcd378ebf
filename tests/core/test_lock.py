"""One run at a time, and a dead one holds nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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
