"""Unpacks the tar of an archive-mode ostree repository that may come from anyone.

Only what the reader needs is written: objects and refs, as regular files below one new
directory, with our own modes.  Links, devices, names with ``..`` and anything else that such a
tar never holds are BadInput.  The repository's `config` is judged, then replaced by our own: a
foreign one could name a parent repository, remotes and commands.
"""

import configparser
import errno
import lzma
import os
import re
import shutil
import stat
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any, Optional, Tuple

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, NoSpace

CONFIG = b"[core]\nrepo_version=1\nmode=archive-z2\n"
MEMBER_LIMIT = 4_000_000  # a 3 GB image has about 60 000
SIZE_LIMIT_BYTES = 32 * 1024 ** 3
RESERVE_BYTES = 256 * 1024 ** 2  # stays free on the file system that is unpacked to
_CONFIG_LIMIT_BYTES = 1 << 20
_HEADER_LIMIT_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_OBJECT = re.compile(r"objects/[0-9a-f]{2}/[0-9a-f]{62}\.(filez|dirtree|dirmeta|commit|commitmeta)")
_REF = re.compile(r"refs/(heads|remotes|mirrors)/[A-Za-z0-9._/-]+")
_IGNORED = re.compile(r"(state|tmp|extensions|deltas|delta-indexes)(/.*)?|summary(\.sig)?|\.lock"
                      r"|[^/]+\.trustedkeys\.gpg|objects/[0-9a-f]{2}/[0-9a-f]{62}\.tombstone-commit")
_TOP = re.compile(r"config|objects|refs|state|tmp|extensions|deltas|delta-indexes"
                  r"|summary(\.sig)?|\.lock|.+\.trustedkeys\.gpg")
# What a tar that is cut off, damaged or at odds with itself (a ref below a ref) ends with.
_CUT = (tarfile.TarError, EOFError, ValueError, zlib.error, lzma.LZMAError, NotADirectoryError,
        IsADirectoryError, FileExistsError)
_HINT = "Is it the ostree-commit.tar of the build? Fetch it again and check its SHA-256."


class _Member(tarfile.TarInfo):
    """A member whose extended headers are bounded: tarfile reads them into memory whole."""

    def _proc_pax(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        return self._bounded()._proc_pax(tar)  # type: ignore[no-any-return]

    def _proc_gnulong(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        return self._bounded()._proc_gnulong(tar)  # type: ignore[no-any-return]

    def _bounded(self) -> Any:
        if self.size > _HEADER_LIMIT_BYTES:
            raise tarfile.ReadError("an extended header is too large")
        return super()


def unpack(archive: Path, repo: Path, *, limit_bytes: int = SIZE_LIMIT_BYTES) -> None:
    """Make `repo` (which must not exist) from `archive`; nothing is left of it after an error."""
    try:
        stream = _opened(archive)
    except OSError as error:
        raise BadInput(f"{archive} cannot be read: {error.strerror}.", hint=_HINT) from None
    repo.mkdir(mode=0o700, parents=True)
    try:
        with stream:
            _unpack(stream, repo, limit_bytes)
    except BaseException as error:
        shutil.rmtree(str(repo), ignore_errors=True)
        if isinstance(error, _CUT):
            raise BadInput(f"{archive} is not a whole tar archive: {error}.", hint=_HINT) from None
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise _no_space(repo) from None
        raise


def _opened(archive: Path) -> IO[bytes]:
    """The archive; a fifo or a device is none, and must not block."""
    stream = open(os.open(str(archive), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "not a regular file", str(archive))
    return stream


def _unpack(stream: IO[bytes], repo: Path, limit_bytes: int) -> None:
    prefix: Optional[str] = None
    have_config = False
    total = count = 0
    free = shutil.disk_usage(str(repo)).free - RESERVE_BYTES
    for sub in ("refs/heads", "refs/remotes", "refs/mirrors", "state", "tmp"):
        (repo / sub).mkdir(parents=True)
    for byte in range(256):
        (repo / f"objects/{byte:02x}").mkdir(parents=True)
    with tarfile.open(fileobj=stream, mode="r|*", tarinfo=_Member) as tar:
        for member in tar:
            tar.members = []  # type: ignore[attr-defined]  # else every header stays in memory
            count += 1
            total += member.size
            if total > limit_bytes or count > MEMBER_LIMIT:
                raise BadInput(f"The archive holds more than {limit_bytes} bytes or "
                               f"{MEMBER_LIMIT} files.", hint=_HINT)
            if total > free:
                raise _no_space(repo)
            above, name = _place(member)
            if member.isdir():
                continue
            if prefix not in (None, above):
                raise BadInput("The archive holds more than one repository.", hint=_HINT)
            prefix = above
            if name == "config":
                have_config = _judge_config(_read(tar, member))
            elif _OBJECT.fullmatch(name) or _REF.fullmatch(name):
                _write(tar, member, repo / name)
            elif not _IGNORED.fullmatch(name):
                raise BadInput(f"The archive holds {member.name!r}, which no ostree repository "
                               "has.", hint=_HINT)
    if not have_config:
        raise BadInput("The archive holds no ostree repository: its `config` is missing.",
                       hint=_HINT)
    durable.write_file(repo / "config", CONFIG)


def _place(member: tarfile.TarInfo) -> Tuple[str, str]:
    """The directory that the repository is in, if any, and the path in the repository.

    BadInput unless the member is a plain file or directory with a relative name without ``..``.
    """
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise BadInput(f"The archive holds {member.name!r}, which is neither a file nor a "
                       "directory.", hint=_HINT)
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if member.name.startswith("/") or ".." in parts:
        raise BadInput(f"The archive holds the unsafe name {member.name!r}.", hint=_HINT)
    if len(parts) > 1 and _TOP.fullmatch(parts[1]) and not _TOP.fullmatch(parts[0]):
        return parts[0], "/".join(parts[1:])
    return "", "/".join(parts)


def _no_space(repo: Path) -> NoSpace:
    return NoSpace(f"Unpacking the image to {repo.parent} needs more space than is free.",
                   hint="Free some space there, or give another work directory.")


def _judge_config(data: bytes) -> bool:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(data.decode())
        mode = parser.get("core", "mode", fallback="bare")
        version = parser.get("core", "repo_version", fallback="1")
    except (configparser.Error, UnicodeDecodeError):
        raise BadInput("The repository's `config` cannot be read.", hint=_HINT) from None
    if mode not in ("archive", "archive-z2") or version != "1":
        raise BadInput(f"The archive holds a repository of mode {mode!r}.",
                       hint="Only archive repositories travel as tar: "
                            "`ostree init --mode=archive`, then `ostree pull-local`.")
    return True


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    if stream is None or member.size > _CONFIG_LIMIT_BYTES:
        raise BadInput(f"{member.name!r} of the archive is too large.", hint=_HINT)
    return stream.read()


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    stream = tar.extractfile(member)
    assert stream is not None  # a regular file
    if not path.parent.is_dir():  # a ref with slashes
        path.parent.mkdir(parents=True)
    fd = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    with os.fdopen(fd, "wb") as out:
        shutil.copyfileobj(stream, out, _CHUNK_BYTES)
    if path.stat().st_size != member.size:
        raise EOFError(f"{member.name} is cut off")
