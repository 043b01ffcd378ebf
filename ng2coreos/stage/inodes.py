"""One inode at a time, by directory descriptor and name: owner, mode, ACLs, capabilities, flags.

Nothing here follows a symlink.  The kernel clears setuid, setgid and file capabilities when an
owner changes; they are put back.
"""

import errno
import fcntl
import os
import resource
import stat
from typing import Dict, List, Optional, Tuple

from ng2coreos.stage.ids import ACLS, IdMap

CAPABILITY = "security.capability"
LABEL = "security.selinux"
# Set by the kernel for the new place; a copy would be wrong there.  xfs lists its ACLs a second
# time, as it stores them: with numbers that are not translated.
_NOT_COPIED = ("security.ima", "security.evm", "trusted.SGI_ACL_FILE", "trusted.SGI_ACL_DEFAULT",
               *ACLS)
_GETFLAGS, _SETFLAGS = 0x80086601, 0x40086602  # FS_IOC_GETFLAGS, FS_IOC_SETFLAGS (linux/fs.h)
_FIXED = 0x10 | 0x20  # immutable, append only
NO_ATTRIBUTE = (errno.ENODATA, errno.EOPNOTSUPP, errno.ENOTSUP)
_REFUSED = (errno.EINVAL, errno.EACCES, errno.EPERM, errno.EOPNOTSUPP)  # by NG's own policy
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOATIME


def at(directory: int, name: bytes) -> bytes:
    """A path for calls that take no directory descriptor (the xattr family)."""
    return b"/proc/self/fd/%d/%s" % (directory, name)


def allow_deep_trees() -> None:
    """Let this process have as many open files as it may: one directory level takes two."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def reown_one(directory: int, name: bytes, info: os.stat_result, ids: IdMap) -> bool:
    """Give one inode its translated owners; True if anything was to be changed."""
    owner = (ids.users.get(info.st_uid, info.st_uid), ids.groups.get(info.st_gid, info.st_gid))
    acls = {} if stat.S_ISLNK(info.st_mode) else _changed_acls(directory, name, ids)
    if owner == (info.st_uid, info.st_gid) and not acls:
        return False
    try:
        _set_owner(directory, name, info, owner, acls)
    except PermissionError:
        flags = set_fixed(directory, name, info, 0)
        if not flags:
            raise
        _set_owner(directory, name, info, owner, acls)
        set_fixed(directory, name, info, flags)
    return True


def copy_attributes(source: Tuple[int, bytes], target: Tuple[int, bytes], info: os.stat_result,
                    ids: IdMap) -> None:
    """Owner (translated), xattrs, ACLs (translated), mode and times of one inode; times last.

    A label that NG's policy refuses is left out: labels of the image's policy follow anyway.
    """
    directory, name = target
    os.chown(name, ids.users.get(info.st_uid, info.st_uid),
             ids.groups.get(info.st_gid, info.st_gid), dir_fd=directory, follow_symlinks=False)
    link = stat.S_ISLNK(info.st_mode)
    if not link:
        os.chmod(name, stat.S_IMODE(info.st_mode), dir_fd=directory)
    for key, value in _xattrs(at(*source), ids, link).items():
        try:
            os.setxattr(at(*target), key, value, follow_symlinks=False)
        except OSError as error:
            if key != LABEL or error.errno not in _REFUSED:
                raise
    os.utime(name, ns=(info.st_atime_ns, info.st_mtime_ns), dir_fd=directory, follow_symlinks=False)


def set_fixed(directory: int, name: bytes, info: os.stat_result, wanted: int) -> int:
    """Set the immutable and append-only flags to `wanted`; those that it had (0 where none)."""
    if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
        return 0
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                 dir_fd=directory)
    try:
        flags = int.from_bytes(fcntl.ioctl(fd, _GETFLAGS, bytes(8))[:4], "little")
        before = flags & _FIXED
        if before != wanted:
            fcntl.ioctl(fd, _SETFLAGS, ((flags & ~_FIXED) | wanted).to_bytes(8, "little"))
        return before
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EOPNOTSUPP):
            return 0
        raise
    finally:
        os.close(fd)


def get_xattr(path: bytes, key: str) -> Optional[bytes]:
    """One extended attribute, or None where there is none or can be none."""
    try:
        return os.getxattr(path, key, follow_symlinks=False)
    except OSError as error:
        if error.errno in NO_ATTRIBUTE:
            return None
        raise


def _set_owner(directory: int, name: bytes, info: os.stat_result, owner: Tuple[int, int],
               acls: Dict[str, bytes]) -> None:
    path = at(directory, name)
    if owner != (info.st_uid, info.st_gid):
        regular = stat.S_ISREG(info.st_mode)
        capability = get_xattr(path, CAPABILITY) if regular else None
        os.chown(name, *owner, dir_fd=directory, follow_symlinks=False)
        if regular and info.st_mode & (stat.S_ISUID | stat.S_ISGID):
            os.chmod(name, stat.S_IMODE(info.st_mode), dir_fd=directory)
        if capability is not None:
            os.setxattr(path, CAPABILITY, capability, follow_symlinks=False)
    for key, value in acls.items():
        os.setxattr(path, key, value, follow_symlinks=False)


def _changed_acls(directory: int, name: bytes, ids: IdMap) -> Dict[str, bytes]:
    path = at(directory, name)
    found = {}
    for key in _list(path):
        if key in ACLS:
            before = get_xattr(path, key)
            if before is not None and ids.acl(before) != before:
                found[key] = ids.acl(before)
    return found


def _xattrs(path: bytes, ids: IdMap, link: bool) -> Dict[str, bytes]:
    found = {}
    for key in _list(path):
        value = get_xattr(path, key)
        if value is None:
            continue
        if key in ACLS and not link:
            found[key] = ids.acl(value)
        elif key not in _NOT_COPIED:
            found[key] = value
    return found


def _list(path: bytes) -> List[str]:
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno in NO_ATTRIBUTE:
            return []
        raise
