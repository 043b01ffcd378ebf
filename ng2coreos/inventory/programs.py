"""Which of the programs that a run needs are installed; nothing is started."""

import os
import stat
from typing import Tuple

from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import readable
from ng2coreos.model.programs import PROGRAMS

PLACES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin")


def read(host: Host) -> Tuple[str, ...]:
    """The names out of the table of model/programs.py under which the host has a program."""
    names = sorted({name for program in PROGRAMS for name in program.names})
    return tuple(name for name in names
                 if any(_executable(host, f"{place}/{name}") for place in PLACES))


def _executable(host: Host, path: str) -> bool:
    with readable(path):
        try:
            fd = host.open(path, os.O_PATH)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            mode = os.fstat(fd).st_mode
        finally:
            os.close(fd)
        return stat.S_ISREG(mode) and bool(mode & 0o111)
