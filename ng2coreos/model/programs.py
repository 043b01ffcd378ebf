"""Which programs of NG a run starts: one table for who looks for them and who judges.

Programs without which a run goes on (udevadm, dmsetup) and those that a host cannot have lost
(systemctl) are not in it.
"""

from dataclasses import dataclass
from typing import Tuple

MAKE_ROOT, SNAPSHOT = "make-root", "snapshot-volumes"


@dataclass(frozen=True)
class Program:
    """A program, under any of its `names`, by the package that brings it and the steps it serves.

    With `fstype` it is needed only where one of these steps makes such a file system.
    """

    names: Tuple[str, ...]
    package: str
    steps: Tuple[str, ...]
    fstype: str = ""


PROGRAMS = (
    Program(("lvs",), "lvm2", (MAKE_ROOT, SNAPSHOT)),
    Program(("lvcreate",), "lvm2", (MAKE_ROOT, SNAPSHOT)),
    Program(("lvchange",), "lvm2", (MAKE_ROOT, SNAPSHOT)),
    Program(("lvremove",), "lvm2", (MAKE_ROOT, SNAPSHOT)),
    Program(("blkid",), "util-linux", (MAKE_ROOT, SNAPSHOT)),
    Program(("mount",), "util-linux", (MAKE_ROOT, SNAPSHOT)),
    Program(("umount",), "util-linux", (MAKE_ROOT, SNAPSHOT)),
    Program(("sync",), "coreutils", ("pull-commit", "deploy", SNAPSHOT)),
    Program(("mkfs.ext4",), "e2fsprogs", (MAKE_ROOT,), "ext4"),
    Program(("e2fsck",), "e2fsprogs", (SNAPSHOT,), "ext4"),
    Program(("tune2fs",), "e2fsprogs", (SNAPSHOT,), "ext4"),
    Program(("mkfs.xfs",), "xfsprogs", (MAKE_ROOT,), "xfs"),
    Program(("xfs_admin",), "xfsprogs", (SNAPSHOT,), "xfs"),
    Program(("ostree",), "ostree", ("pull-commit", "deploy")),
    Program(("grub2-script-check", "grub-script-check"), "grub2-tools", ("write-boot",)))
