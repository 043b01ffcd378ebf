"""Runs a build script in User Mode Linux: it has a device-mapper, this machine's kernel has none.

The script sees this machine's file system, can write to it as root, and gets disk image files as
/dev/ubdb, /dev/ubdc, ... with their partitions.
"""

import shlex
import subprocess
from pathlib import Path
from typing import Mapping, Sequence

_PRELUDE = Path(__file__).with_name("uml-init.sh")
_OK = "RIG-UML-OK"
_DEADLINE_S = 1800


def run(script: Path, disks: Sequence[Path], variables: Mapping[str, str], log: Path) -> None:
    """Run `script` (bash -ex) with `variables` set; a failure raises with the log's end."""
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
    with open(log, "wb") as out:
        subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=_DEADLINE_S,
            check=False,
        )
    text = log.read_text("utf-8", "replace")
    if _OK not in text:
        raise RuntimeError(f"the build in User Mode Linux failed ({log}):\n{text[-3000:]}")
