"""What is mounted in a private namespace is seen by nobody else, and is gone after it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ng2coreos.core import namespace

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has mount namespaces")

_PROGRAM = """\
import os, subprocess, sys
from ng2coreos.core import namespace
place = sys.argv[1]
before = os.readlink("/proc/self/ns/mnt")
try:
    with namespace.private():
        assert os.readlink("/proc/self/ns/mnt") != before
        subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True)
        assert os.path.ismount(place)
        assert not os.path.ismount(f"/proc/{os.getppid()}/root{place}")
        if len(sys.argv) > 2:
            raise KeyError
except KeyError:
    pass
except OSError as error:
    sys.exit(77 if error.errno == 1 else str(error))
assert os.readlink("/proc/self/ns/mnt") == before
assert not os.path.ismount(place)
assert os.getcwd() == os.environ["PLACE"]
"""


@root_only
@pytest.mark.parametrize("words", [[], ["and-raise"]])
def test_private_mounts_stay_private_and_go(tmp_path: Path, words: "list[str]") -> None:
    environment = {**os.environ, "PLACE": os.getcwd()}
    done = subprocess.run([sys.executable, "-c", _PROGRAM, str(tmp_path), *words], text=True,
                          capture_output=True, check=False, env=environment)
    if done.returncode == 77:
        pytest.skip("no mount namespaces in this sandbox")
    assert done.returncode == 0, done.stderr


def test_a_tree_of_a_test_needs_none(tmp_path: Path) -> None:
    before = os.readlink("/proc/self/ns/mnt")
    with namespace.private(live=False):
        assert os.readlink("/proc/self/ns/mnt") == before
