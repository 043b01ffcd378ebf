"""What a snapshot of one of NG's volumes takes: the chunks of it that are then written."""

from dataclasses import dataclass
from typing import Optional

from ng2coreos.model.facts import HostFacts, LogicalVolume
from ng2coreos.model.filesystem import BLOCK, EXT4_INODE, XFS_INODE, backups, ext4_groups
from ng2coreos.model.plan import Volume

# Superblock, journal and root directory on both sides; NG goes on writing while it is taken over
_BASE_CHUNKS = 14
_JOURNAL_BYTES = 128 << 20  # of ext4 at most; it is written round and round
_BUSY_BYTES = 32 << 20  # of margin: what a host that is not quiet writes to the origin meanwhile
_INODES_A_DIRECTORY = 10
_DIRECTORIES_A_CHUNK = 16  # that were made one after the other lie side by side
_XFS_GROUPS = 4
_XFS_SPREAD = 1.5  # inodes are allocated in clusters that lie between the files


@dataclass(frozen=True)
class Taken:
    """What a snapshot takes, how far that may be off, and how much its origin maps."""

    bytes: int
    margin_bytes: int
    mapped_chunks: int

    def leaves(self, mappings: int) -> int:
        """Leaves of the pool's B-tree that the snapshot shares with its origin."""
        return self.mapped_chunks // mappings + 1


def snapshot(facts: HostFacts, volume: Volume, chunk: int, moved: bool) -> Taken:
    """A new UUID and, where owners are `moved`, inodes that are written; never more than all."""
    mount = next((m for m in facts.layout.mounts if m.target == volume.source_mount), None)
    if mount is None:
        return Taken(_BASE_CHUNKS * chunk, _BUSY_BYTES, 0)
    origin = facts.layout.volume(volume.origin)
    mapped = _mapped(origin, mount.used_bytes)
    inodes = mount.inodes_used
    directories = inodes // _INODES_A_DIRECTORY
    if volume.fstype == "xfs":
        # `xfs_admin -U` writes the whole log anew; what statvfs lacks of the volume is the log
        log = max(0, volume.size_bytes - mount.size_bytes) if mount.size_bytes else 0
        owners = int(inodes * XFS_INODE * _XFS_SPREAD) if moved else 0
        expected = (_BASE_CHUNKS + _XFS_GROUPS) * chunk + log + owners
        most = expected + (directories + inodes * XFS_INODE // chunk) * chunk
        mapped += log  # xfs is not asked to discard its log: it is mapped, but it is not used
    else:
        # tune2fs writes every checksum anew: of inodes, of directories, and each superblock's copy
        copies = len(backups(ext4_groups(volume.size_bytes)))
        tables = -(-inodes * EXT4_INODE // chunk)
        expected = (_BASE_CHUNKS + copies + tables + directories // _DIRECTORIES_A_CHUNK) * chunk
        journal = min(_JOURNAL_BYTES, inodes * EXT4_INODE) if moved else 0
        expected += journal
        most = expected + (tables + directories) * chunk + min(_JOURNAL_BYTES, inodes * BLOCK)
    most = min(most, max(mapped, expected) + _BASE_CHUNKS * chunk)
    return Taken(expected, max(0, most - expected) + _BUSY_BYTES, mapped // chunk)


def _mapped(origin: Optional[LogicalVolume], used_bytes: int) -> int:
    """How much of the pool the origin maps, as lvs tells it, or else what its files take."""
    if origin is None or origin.data_percent is None:
        return used_bytes
    return max(used_bytes, int(origin.size_bytes * origin.data_percent / 100))
