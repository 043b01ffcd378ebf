"""Changes to files that survive a power cut: the old content or the new one, never a mixture.

Every change is followed by fsync of the file and of its directory.  GRUB reads a file system
without replaying its log, so what GRUB must see also needs `settle()` (freeze and thaw).
"""

import errno
import fcntl
import os
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterable, Iterator, NoReturn, Optional, Tuple

_FIFREEZE = 0xC0045877  # _IOWR('X', 119, int), linux/fs.h
_FITHAW = 0xC0045878  # _IOWR('X', 120, int), linux/fs.h
_ZEROS_BYTES = 1 << 20
_NO_FREEZE = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EPERM, errno.EINVAL)


def write_file(path: Path, data: bytes, *, mode: int = 0o644,
               owner: Optional[Tuple[int, int]] = None) -> None:
    """Replace or create `path` with `data`; after a cut it is the old file or all of the new."""
    write_parts(path, (data,), mode=mode, owner=owner)


def write_parts(path: Path, parts: Iterable[bytes], *, mode: int = 0o644,
                owner: Optional[Tuple[int, int]] = None,
                check: Optional[Callable[[Path], None]] = None, settled: bool = False) -> None:
    """As `write_file`, piece by piece: what is written need not fit into memory.

    What `check` does not like of the new file (it raises) does not take the place of the old one.
    Nobody but root can read the file before it is whole.  With `settled` it has left the file
    system's log before it gets its name.
    """
    new = temporary(path)
    _unlink(new)
    fd = os.open(str(new), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            if check is not None:
                check(new)
            if owner is not None:
                os.fchown(stream.fileno(), *owner)
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        if settled:
            settle(path.parent)
        os.rename(str(new), str(path))
    except BaseException:
        _unlink(new)
        raise
    sync_directory(path.parent)


def write_for_grub(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """As `write_file`, and GRUB too sees the old file or all of the new at any moment.

    GRUB reads what is not only in the log, and the log is written back in any order.  So the new
    file is out of it before its name is, and the old one's blocks go after its name.
    """
    with _kept_for_grub(path):
        write_parts(path, (data,), mode=mode, settled=True)


def remove_for_grub(path: Path) -> None:
    """Remove the file `path`; GRUB sees all of it or nothing at any moment (`write_for_grub`)."""
    with _kept_for_grub(path):
        remove(path)


def overwrite_in_place(path: Path, data: bytes) -> None:
    """Rewrite a file of the same length without changing its blocks (a GRUB environment block).

    GRUB itself overwrites these blocks in place and rhboot hosts may have a symlink here, so a
    rename would be wrong.  The block is one sector-aligned page: it is written by one call.
    """
    with open(path, "r+b") as stream:
        if os.fstat(stream.fileno()).st_size != len(data):
            raise OSError(errno.EINVAL, "the size would change", str(path))
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def overwrite(path: Path) -> None:
    """Put zeros in the place of a file's content, and nothing else: what it held was a secret."""
    with open(path, "r+b") as stream:
        left = os.fstat(stream.fileno()).st_size
        while left:
            left -= stream.write(bytes(min(left, _ZEROS_BYTES)))
        stream.flush()
        os.fsync(stream.fileno())


def make_symlink(path: Path, target: str) -> None:
    """Make `path` a symlink to `target`, replacing another symlink, never a file or directory."""
    if path.is_symlink() and os.readlink(str(path)) == target:
        return
    if path.exists() and not path.is_symlink():
        raise FileExistsError(errno.EEXIST, "not a symlink", str(path))
    new = temporary(path)
    _unlink(new)
    os.symlink(target, str(new))
    os.rename(str(new), str(path))
    sync_directory(path.parent)


def make_directory(path: Path, *, mode: int = 0o755, new: bool = False) -> None:
    """Make `path` a directory of exactly `mode`, parents included (0755).

    With `new` it is ours: FileExistsError for whatever somebody has put there.
    """
    path.mkdir(mode=mode, parents=True, exist_ok=not new)
    os.chmod(str(path), mode)
    sync_directory(path.parent)


def remove(path: Path) -> None:
    """Remove a file, symlink or whole directory, if it is there; never follows a symlink."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    else:
        _unlink(path)
    if path.parent.is_dir():
        sync_directory(path.parent)


def temporary(path: Path) -> Path:
    """Where a write of `path` is prepared; only a killed one leaves something there."""
    return path.with_name(f".{path.name}.ng2coreos-new")


def sync_directory(path: Path) -> None:
    """Make the names in directory `path` durable."""
    fd = os.open(str(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def settle(path: Path) -> None:
    """Write the log of the file system at `path` back, so that GRUB sees what was written.

    xfs keeps changes in its log even after sync, and GRUB does not replay it; freeze and thaw
    empties it.  Where freezing is not supported (vfat, overlay) a plain sync of the file system
    is all there is.  The file system is thawed whatever happens.
    """
    fd = os.open(str(path), os.O_RDONLY)
    try:
        os.fsync(fd)
        with _thawed_at_last(fd):
            try:
                fcntl.ioctl(fd, _FIFREEZE, 0)
            except OSError as error:
                if error.errno not in _NO_FREEZE:
                    raise
                os.sync()
            else:
                fcntl.ioctl(fd, _FITHAW, 0)
    finally:
        os.close(fd)


@contextmanager
def _thawed_at_last(fd: int) -> Iterator[None]:
    """A child thaws the file system of `fd` if the block does not end, or this process does.

    A file system stays frozen when its freezer is killed: whoever writes to it then hangs until
    the next boot.  The child inherits the lock of a run, so nobody else begins before it is done.
    """
    watched, ended = os.pipe()
    try:
        try:
            child = os.fork()
        except OSError:  # no memory, no free pid: as good as it goes then
            yield
            return
        if not child:
            _thaw_unless_told(fd, watched, ended)
        try:
            yield
            os.write(ended, b".")
        finally:
            os.close(ended)
            ended = -1
            os.waitpid(child, 0)
    finally:
        os.close(watched)
        if ended >= 0:
            os.close(ended)


def _thaw_unless_told(fd: int, watched: int, ended: int) -> NoReturn:
    """The child's life; no signal that is meant for the run ends it."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        os.close(ended)
        if not os.read(watched, 1):
            fcntl.ioctl(fd, _FITHAW, 0)
    finally:
        os._exit(0)  # nothing of the run's own ends twice


@contextmanager
def _kept_for_grub(path: Path) -> Iterator[None]:
    """What is done to the name inside has left the log before a file that it frees is emptied."""
    try:
        old = os.open(str(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        old = -1
    try:
        yield
        settle(path.parent)
    finally:
        if old >= 0:
            os.close(old)


def _unlink(path: Path) -> None:
    try:
        os.unlink(str(path))
    except FileNotFoundError:
        pass
