"""`ng2coreos` as a process of its own, on the host of scene.py.

    python -m tests.faults.process DIRECTORY POINTS RESULT ARGUMENTS...

At each point whose name holds one of POINTS (JSON) it says so on standard output and goes on once
it has read a line.  What is on the disks in the end goes to RESULT.
"""

import json
import pickle
import sys
from pathlib import Path
from typing import List

import pytest

from ng2coreos.cli import context, main
from tests.faults.cuts import taken, watching
from tests.faults.scene import Scene


def run(top: str, points: List[str], result: str, arguments: List[str]) -> None:
    """Be the command; leave its exit status to the caller."""
    with pytest.MonkeyPatch.context() as patch:
        scene = Scene(Path(top)).install(patch)
        patch.setattr(context, "Host", lambda root="/": scene.host)
        patch.setattr(sys, "argv", ["ng2coreos", *arguments])
        out = sys.stdout

        def reached(name: str) -> None:
            if points and points[0] in name:
                points.pop(0)
                print(f"at {name}", file=out, flush=True)
                sys.stdin.readline()

        with watching(scene.host) as watch:
            watch.reached.append(reached)
            try:
                main.main()
            finally:
                watch.off = True
                end = taken(scene.host, "", "end", "killed")
                Path(result).write_bytes(pickle.dumps(end))


if __name__ == "__main__":
    run(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], sys.argv[4:])
