"""Units that are enabled or masked, by the links in /etc/systemd/system."""

import os
import stat
from typing import Dict, Iterator, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.model.facts import Service

DIRECTORY = "/etc/systemd/system"
_WANTING = (".wants", ".requires")
_NULL = "/dev/null"


def read(host: Host) -> Tuple[Service, ...]:
    """One record per unit, sorted; `wanted_by` holds directory names (multi-user.target.wants)."""
    masked = set(_masked(host))
    wanted: Dict[str, List[str]] = {unit: [] for unit in masked}
    for directory in host.names(DIRECTORY):
        if directory.endswith(_WANTING):
            for unit in host.names(f"{DIRECTORY}/{directory}"):
                if not _null(host, f"{DIRECTORY}/{directory}/{unit}"):
                    wanted.setdefault(unit, []).append(directory)
    return tuple(Service(unit, "masked" if unit in masked else "enabled", tuple(wanted[unit]))
                 for unit in sorted(wanted))


def _masked(host: Host) -> Iterator[str]:
    for unit in host.names(DIRECTORY):
        path = f"{DIRECTORY}/{unit}"
        st = host.lstat(path)
        # systemd takes an empty file for a mask too (systemd.unit(5))
        empty = st is not None and stat.S_ISREG(st.st_mode) and st.st_size == 0
        if _null(host, path) or empty:
            yield unit


def _null(host: Host, path: str) -> bool:
    st = host.lstat(path)
    return (st is not None and stat.S_ISLNK(st.st_mode)
            and os.path.normpath(os.readlink(str(host.path(path)))) == _NULL)
