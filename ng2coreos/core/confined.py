"""Opens paths below a root by descriptors: no symlink, ``..`` or race leads out of the root.

The kernel resolves where it can (openat2 with RESOLVE_IN_ROOT, Linux 5.6 and kernels with a
backport), else each component is opened on its own, no symlink followed, and links are read and
resolved here.  Magic links (/proc/self/fd/3, /proc/1/root) are never jumped through: their text is
taken as that of a symlink.
"""

import ctypes
import errno
import os
import stat
from functools import cache
from typing import Callable, List, Optional, Tuple

from ng2coreos.core.errors import BadInput

_OPENAT2 = 437  # the same number on every architecture of NG and CoreOS
_RESOLVE_NO_MAGICLINKS, _RESOLVE_IN_ROOT = 0x02, 0x10  # linux/openat2.h
MAX_LINKS = 40  # as the kernel (MAXSYMLINKS)
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HERE = -100  # AT_FDCWD (linux/fcntl.h)
# What openat2 leaves to us: a loop or a magic link, a rename while it looked, a filter that
# knows no such call (seccomp answers EPERM).
_OURS = (errno.ELOOP, errno.EAGAIN, errno.EXDEV, errno.ENOSYS, errno.EPERM)
Kernel = Callable[[int, str, int], int]


class _How(ctypes.Structure):
    """struct open_how of linux/openat2.h."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64),
                ("resolve", ctypes.c_uint64))


def open_in(root: str, path: str, flags: int) -> int:
    """Open `path` below `root`, every symlink followed inside it; the descriptor is the caller's.

    `flags` as for os.open, without O_CREAT and O_NOFOLLOW.  OSError as open(2) has it; BadInput for
    a loop of symlinks.
    """
    top = os.open(root, _DIRECTORY & ~os.O_NOFOLLOW)
    try:
        kernel = by_kernel()
        if kernel is not None and "\0" not in path:
            try:
                return kernel(top, path, flags)
            except OSError as error:
                if error.errno not in _OURS:
                    raise
        return by_component(top, path, flags)
    finally:
        os.close(top)


def parent_in(root: str, path: str) -> Tuple[int, str]:
    """The directory that holds `path`, as open_in() opens it, and the name of `path` within it.

    The name is ``.`` for the root itself.  What has the name is not looked at.
    """
    directory, name = os.path.split(os.path.normpath(f"/{path}"))
    return open_in(root, directory, os.O_PATH | os.O_DIRECTORY), name or "."


@cache
def by_kernel() -> Optional[Kernel]:
    """Open below a directory through openat2, or None where the kernel has none."""
    try:
        syscall = ctypes.CDLL(None, use_errno=True).syscall
    except (OSError, AttributeError):
        return None
    syscall.restype = ctypes.c_long
    syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p,
                        ctypes.c_size_t)

    def opened(top: int, path: str, flags: int) -> int:
        how = _How(flags | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
        found: int = syscall(_OPENAT2, top, os.fsencode(path), ctypes.byref(how),
                             ctypes.sizeof(how))
        if found < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
        return found

    try:
        os.close(opened(_HERE, ".", os.O_PATH | os.O_DIRECTORY))
    except OSError:
        return None
    return opened


def by_component(top: int, path: str, flags: int) -> int:
    """As openat2 does it, without it: open below directory `top`, one component after the other."""
    try:
        return _by_component(top, path, flags)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def _by_component(top: int, path: str, flags: int) -> int:
    todo = _parts(path)
    done: List[str] = []
    links = 0
    here = os.dup(top)
    try:
        while todo:
            part = todo.pop()
            if part == ".":
                continue
            if part == "..":
                # Not asked of the kernel: that of a directory which is moved away lies elsewhere.
                todo += reversed(done[:-1])
                here, done = _instead(here, os.dup(top)), []
                continue
            found, link = _step(here, part, None if todo else flags)
            if link:
                links += 1
                if links > MAX_LINKS:
                    raise BadInput(f"{path} is a loop of symlinks.", hint="Remove the loop.")
                todo += _parts(link)
                if link.startswith("/"):
                    here, done = _instead(here, os.dup(top)), []
            elif todo:
                here = _instead(here, found)
                done.append(part)
            else:
                return found
        return os.open(".", flags | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)


def _step(here: int, name: str, flags: Optional[int]) -> Tuple[int, str]:
    """A component opened, the last one with `flags`; or the target of the symlink that it is."""
    if flags is None:
        try:
            return os.open(name, _DIRECTORY, dir_fd=here), ""
        except NotADirectoryError:
            pass
    found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    try:
        if stat.S_ISLNK(os.fstat(found).st_mode):
            return -1, os.readlink("", dir_fd=found)
    finally:
        os.close(found)
    if flags is None:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
    # Were it a symlink by now, it would not be followed.
    return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here), ""


def _instead(old: int, new: int) -> int:
    os.close(old)
    return new


def _parts(path: str) -> List[str]:
    """The components, the first one last; what ends with a slash must be a directory."""
    names = [part for part in path.split("/") if part]
    return [*(["."] if path.endswith("/") else []), *reversed(names)]
