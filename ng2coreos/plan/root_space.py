"""What the image takes on the new root: each object once, in whole blocks, by its own size."""

from ng2coreos.model.filesystem import BLOCK, XFS_INODE
from ng2coreos.model.target import Stored, TargetFacts

_REPO_DIRECTORIES = 256 + 17  # objects/00 to ff, and the rest of a sysroot and its repository
_REPO_FILES = 12  # commit, its signatures, config, refs, key, origin
_ENTRY = 84  # bytes of an object's name in a directory of ext4, which is three quarters full
_INLINE = 5  # of so many small directories one needs a block on xfs, the others fit their inode
_ROOM, _ROOM_BYTES = 1.05, 160 << 20
_SYSTEM_INODES = 11  # that ext4 keeps for itself
_EXT4_GUESS, _XFS_GUESS = 1.05, 1.06  # where only files and bytes are known


def content_bytes(target: TargetFacts, fstype: str) -> int:
    """The pulled commit, before it is checked out.

    Holds for sysroots in which objects are files as they are (ostree's mode ``bare``).
    """
    stored = target.stored
    if stored is None:
        content = target.bytes + target.files * BLOCK // 2
        return int(content * (_XFS_GUESS if fstype == "xfs" else _EXT4_GUESS))
    objects = stored.objects + stored.metadata
    repo = (_REPO_DIRECTORIES + objects * _ENTRY // BLOCK) * BLOCK
    files = stored.object_bytes + stored.metadata_bytes + _REPO_FILES * BLOCK
    if fstype == "xfs":
        return files + repo + root_inodes(target) * XFS_INODE
    return files + repo


def checkout_bytes(target: TargetFacts, fstype: str) -> int:
    """A deployment: directories of hard links, and /etc, which is copied."""
    linked = target.stored.directory_bytes if target.stored else 0
    return (linked // _INLINE if fstype == "xfs" else linked) + etc_bytes(target)


def deployment_bytes(target: TargetFacts) -> int:
    """Room for one deployment on a root volume, generously: later images are larger."""
    taken = content_bytes(target, "ext4") + checkout_bytes(target, "ext4")
    return int(taken * _ROOM) + _ROOM_BYTES


def etc_bytes(target: TargetFacts) -> int:
    """The deployment's /etc: a second copy of what /usr/etc has."""
    return sum(-(-fact.size_bytes // BLOCK) * BLOCK if fact.kind == "file" else
               BLOCK * (fact.kind == "directory") for fact in target.etc.values())


def root_inodes(target: TargetFacts) -> int:
    """Inodes in use on the new root."""
    stored = target.stored or Stored(target.files, 0, target.files // 8, 0, target.files // 8, 0)
    return (stored.objects + stored.metadata + stored.directories + len(target.etc)
            + _REPO_DIRECTORIES + _REPO_FILES + _SYSTEM_INODES)
