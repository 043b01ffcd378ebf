"""How much lies in the directories of NG's root that a move copies into a volume."""

import os
import stat
from typing import List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.inode_set import InodeSet
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import Layout, TreeSize
from ng2coreos.model.places import STANDARD

# What the layer holds of the admin's own, beside /etc; /home where it is no volume of its own
PATHS = ("/home", "/opt", "/root", "/srv", "/usr/local")
_BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's is (stat(2))


def read(host: Host, layout: Layout) -> Tuple[TreeSize, ...]:
    """The size of each directory that is no mount of its own; 0 for one that is not there.

    Counts as a copy does: one file system, no symlink followed, a hard-linked file once, holes not
    at all.  What goes while we look is not counted.  Of the admin's own directories in ``/`` those
    are told that hold something, or below which something is mounted.
    """
    usual = [_size(host, path) for path in PATHS if layout.mount(path) is None]
    own = [_size(host, path) for path in _own(host, layout)]
    return (*usual, *own)


def _own(host: Host, layout: Layout) -> List[str]:
    found = []
    for path in ("/mnt", *(f"/{name}" for name in host.names("/") if name not in STANDARD)):
        if layout.mount(path) is not None:
            continue  # not even looked at: its server may be gone
        st = host.lstat(path)
        if st is None or not stat.S_ISDIR(st.st_mode):
            continue
        if any(m.target.startswith(path + "/") for m in layout.mounts) or _holds(host, path):
            found.append(path)
    return found


def _holds(host: Host, path: str) -> bool:
    """Is there anything but directories below, on the same file system?"""
    with readable(path):
        for below in host.walk(path):
            st = host.lstat(below)
            if st is not None and not stat.S_ISDIR(st.st_mode):
                return True
    return False


def _size(host: Host, path: str) -> TreeSize:
    with readable(path):
        top = host.lstat(path)
        if top is None or not stat.S_ISDIR(top.st_mode):
            return TreeSize(path, 0, 0)
        total = inodes = 0
        linked = InodeSet()
        stack: List[str] = [str(host.path(path))]
        while stack:
            for entry in _entries(stack.pop()):
                try:
                    info = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                directory = entry.is_dir(follow_symlinks=False)
                if info.st_dev != top.st_dev:
                    continue
                if info.st_nlink > 1 and not directory and not linked.add(info.st_ino):
                    continue
                inodes += 1
                if directory:
                    stack.append(entry.path)
                    continue
                if entry.is_file(follow_symlinks=False):
                    total += min(info.st_size, info.st_blocks * _BLOCK_BYTES)
    return TreeSize(path, total, inodes)


def _entries(directory: str) -> List["os.DirEntry[str]"]:
    try:
        with os.scandir(directory) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []
