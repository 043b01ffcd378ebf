"""attributes: access lists, capabilities and flags in /etc, which no file's content tells."""

import fcntl
import os
import stat
import struct
from typing import Any, Dict, List

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

ETC = "/etc"
KINDS = {"system.posix_acl_access": "an access list", "system.posix_acl_default": "an access list",
         "security.capability": "capabilities"}
GETFLAGS = 0x80086601  # FS_IOC_GETFLAGS, include/uapi/linux/fs.h
IMMUTABLE = 0x00000010  # FS_IMMUTABLE_FL
_SHOWN = 100


class Attributes:
    """Facts: paths of /etc that have more than an owner and a mode."""

    id = "attributes"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Looks at every file and directory of /etc; what goes meanwhile is passed over."""
        found: List[str] = []
        for path in host.walk(ETC):
            words = _of(str(host.path(path)))
            if words:
                found.append(f"{path}: {', '.join(words)}")
        return {"found": sorted(found)}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """They are named: Ignition writes files with an owner and a mode, and no more."""
        lines = mine.get("found", [])
        if not lines:
            return Contribution()
        return Contribution(findings=(finding("N2C_ETC_EXTENDED", evidence=lines[:_SHOWN],
                                              count=len(lines)),))


PLUGIN = Attributes


def _of(real: str) -> List[str]:
    """What a file or directory has beyond its mode."""
    try:
        info = os.lstat(real)
        if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
            return []
        names = os.listxattr(real, follow_symlinks=False)
        flags = _flags(real)
    except OSError:  # gone, or a file system without them
        return []
    words = sorted({KINDS[name] for name in names if name in KINDS})
    words += sorted(name for name in names if name.startswith("user."))
    return [*words, *(["immutable"] if flags & IMMUTABLE else [])]


def _flags(real: str) -> int:
    fd = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        data = fcntl.ioctl(fd, GETFLAGS, struct.pack("l", 0))
    except OSError:  # a file system that has no flags
        return 0
    finally:
        os.close(fd)
    return int(struct.unpack("l", data)[0])
