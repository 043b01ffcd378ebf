"""Runs a build script in User Mode Linux: it has a device-mapper, this machine's kernel has none.

The script sees this machine's file system, can write to it as root, and gets disk image files as
/dev/ubdb, /dev/ubdc, ... with their partitions.
"""

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Mapping, Sequence

_PRELUDE = Path(__file__).with_name("uml-init.sh")
_OK = "RIG-UML-OK"
_DEADLINE_S = 1800
# The log names each command, and the longest takes some 15 s where nothing else runs
_SILENCE_S = 300


class Stalled(RuntimeError):
    """The machine stopped doing anything; with new disks, it may be started once more."""


def run(script: Path, disks: Sequence[Path], variables: Mapping[str, str], log: Path) -> None:
    """Run `script` (bash -ex) with `variables` set; a failure raises with the log's end.

    It is `Stalled` if the script neither ended nor printed anything for five minutes: such a
    machine has hung on a busy build machine, at no command in particular.
    """
    settings = log.with_suffix(".env")
    settings.write_text(
        "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items()), "utf-8"
    )
    argv = [
        "linux.uml",
        "mem=1536M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "rw",
        "con=null",
        "con0=null,fd:1",
        f"init={_PRELUDE}",
        f"RIG_SCRIPT={script}",
        f"RIG_ENV={settings}",
    ]
    argv += [f"ubd{chr(ord('b') + index)}={disk}" for index, disk in enumerate(disks)]
    ended = _watched(argv, log)
    text = log.read_text("utf-8", "replace")
    if not ended:
        raise Stalled(f"User Mode Linux hung ({log}):\n{text[-3000:]}")
    if _OK not in text:
        raise RuntimeError(f"the build in User Mode Linux failed ({log}):\n{text[-3000:]}")


def _watched(argv: Sequence[str], log: Path) -> bool:
    """Whether the program ended by itself; otherwise it is killed with all its processes."""
    began = heard = time.monotonic()
    size = 0
    with open(log, "wb") as out:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    try:
        while process.poll() is None:
            now = time.monotonic()
            if log.stat().st_size != size:
                size, heard = log.stat().st_size, now
            if now - heard > _SILENCE_S or now - began > _DEADLINE_S:
                return False
            time.sleep(0.5)
        return True
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
