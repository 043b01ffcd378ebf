"""How the root volume's file system is made, and what it then takes before anything lies in it.

What mkfs would choose by itself depends on its version and on files of the host.  What is asked for
can be foretold: the log's size, the inodes, and that all of it is written at once (ext4 would go on
writing its inode tables for minutes after it was mounted).  None of it needs a newer kernel.
"""

from typing import Dict, Tuple

BLOCK = 4096
LOG_BYTES = 64 << 20  # journal of ext4, log of xfs: plenty for a root, and what newer mkfs take
_BYTES_PER_INODE, EXT4_INODE = 16384, 256
_GROUP = 8 * BLOCK * BLOCK  # of ext4: as much as one block of bitmap tells of
_DESCRIPTOR = 64  # of a group, as ext4 with 64bit has it
_GROW = 1024  # mke2fs keeps room for the descriptors of a file system that many times as large
_PER_POINTER = BLOCK // 4  # and no more of that than one indirect block names
_XFS_GROUPS = 4
XFS_INODE = 512

MAKE: Dict[str, Tuple[str, ...]] = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-b", str(BLOCK), "-i", str(_BYTES_PER_INODE),
             "-I", str(EXT4_INODE), "-J", f"size={LOG_BYTES >> 20}",
             "-E", "lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q", "-f", "-b", f"size={BLOCK}", "-d", f"agcount={_XFS_GROUPS}",
            "-i", f"size={XFS_INODE}", "-l", f"size={LOG_BYTES >> 20}m", "-n", "ftype=1")}


def empty_bytes(fstype: str, size_bytes: int, chunk_bytes: int) -> int:
    """What a file system that `MAKE` made takes of a thin pool, content not counted."""
    if fstype == "xfs":  # the log; the headers of each group, which share a chunk
        return LOG_BYTES + (_XFS_GROUPS + 1) * chunk_bytes
    groups = ext4_groups(size_bytes)
    descriptors = -(-groups * _DESCRIPTOR // BLOCK)
    most = min(size_bytes * _GROW, BLOCK << 32) // _GROUP
    kept = min(-(-most * _DESCRIPTOR // BLOCK) - descriptors, _PER_POINTER)
    tables = size_bytes // _BYTES_PER_INODE * EXT4_INODE + 2 * groups * BLOCK
    copies = len(backups(groups)) * max(chunk_bytes, descriptors * BLOCK)
    return LOG_BYTES + tables + (1 + descriptors + max(kept, 0)) * BLOCK + copies


def backups(groups: int) -> Tuple[int, ...]:
    """The groups of an ext4 file system that have a copy of its superblock (sparse_super)."""
    found = {1} if groups > 1 else set()
    for base in (3, 5, 7):
        power = base
        while power < groups:
            found.add(power)
            power *= base
    return tuple(sorted(found))


def ext4_groups(size_bytes: int) -> int:
    """How many block groups an ext4 file system of this size has."""
    return -(-size_bytes // _GROUP)
