"""A host as the tool sees it: a root directory and the one command runner.

Every path is taken below `root`; symlinks are resolved inside it and never lead out of it, so
the same readers serve the running host, a mounted disk and a directory in a test.  What is read
is opened by descriptor (see confined.py), so that a link that is swapped in meanwhile is not
followed out of it either.
"""

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple

from ng2coreos.core import confined
from ng2coreos.core.command import DEADLINE_S, Completed, Input, Runner, check, run_process
from ng2coreos.core.errors import BadInput

READ_LIMIT_BYTES = 16 * 1024 * 1024  # no configuration file that is read whole is larger
_BLOCK_BYTES = 64 * 1024
_NULL = os.makedev(1, 3)  # Linux: Documentation/admin-guide/devices.txt


class Host:
    """A host below `root`, whose programs are started through `runner`."""

    def __init__(self, root: str = "/", runner: Optional[Runner] = None) -> None:
        self.root = Path(root)
        self._runner: Runner = runner or run_process

    @property
    def live(self) -> bool:
        """Is this the running system itself?"""
        return str(self.root) == "/"

    def run(self, argv: Sequence[str], *, ok: Sequence[int] = (0,), timeout_s: float = DEADLINE_S,
            data: Input = None) -> Completed:
        """Run a program to its end; CommandFailed unless its status is in `ok` (see command.py)."""
        return check(self._runner(tuple(argv), timeout_s, data), ok)

    def path(self, path: str) -> Path:
        """The real path of `path` below the root, its parents' symlinks resolved inside the root.

        The last component is not followed.  Raises BadInput for a loop of symlinks.  For programs
        and for writing; to look or to read, `open`, `parent` and what follows are safer and faster.
        """
        parent, name = os.path.split(os.path.normpath("/" + path))
        return self._resolve(parent) / name if name else self.root

    def follow(self, path: str) -> Path:
        """As `path()`, with the last component followed too (inside the root)."""
        return self._resolve(os.path.normpath("/" + path))

    def open(self, path: str, flags: int = os.O_RDONLY) -> int:
        """A descriptor of what `path` leads to inside the root, symlinks followed."""
        return confined.open_in(str(self.root), os.path.normpath("/" + path), flags)

    @contextmanager
    def parent(self, path: str) -> Iterator[Tuple[int, str]]:
        """The directory that holds `path` as a descriptor, and the name of `path` in it."""
        directory, name = confined.parent_in(str(self.root), path)
        try:
            yield directory, name
        finally:
            os.close(directory)

    def exists(self, path: str) -> bool:
        """Is there something at `path`, symlinks followed?"""
        try:
            os.close(self.open(path, os.O_PATH))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def lstat(self, path: str) -> Optional[os.stat_result]:
        """The lstat of `path`, or None where nothing is."""
        try:
            with self.parent(path) as (directory, name):
                return os.stat(name, dir_fd=directory, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_bytes(self, path: str, *, limit: int = READ_LIMIT_BYTES) -> bytes:
        """The content of the regular file at `path` (symlinks followed inside the root).

        Raises FileNotFoundError, or BadInput for anything but a regular file of at most `limit`
        bytes: a fifo or a device must not block or flood the reader.  /dev/null is empty: links to
        it are how a file of systemd, udev, modprobe or NetworkManager is switched off.
        """
        fd = self.open(path, os.O_RDONLY | os.O_NONBLOCK)
        data = bytearray()
        try:
            found = os.fstat(fd)
            if stat.S_ISCHR(found.st_mode) and found.st_rdev == _NULL:
                return b""
            if not stat.S_ISREG(found.st_mode):
                raise BadInput(f"{path} is not a regular file.", hint="Move it away and try again.")
            # In blocks: files of /proc/sys answer a read of many megabytes with ENOMEM.
            block = os.read(fd, _BLOCK_BYTES)
            while block and len(data) <= limit:
                data += block
                block = os.read(fd, _BLOCK_BYTES)
        finally:
            os.close(fd)
        if len(data) > limit:
            raise BadInput(f"{path} is larger than {limit} bytes.", hint="Is it the right file?")
        return bytes(data)

    def read_text(self, path: str, *, default: Optional[str] = None) -> str:
        """The text at `path`; undecodable bytes become surrogates. `default` if it is missing."""
        try:
            return self.read_bytes(path).decode("utf-8", "surrogateescape")
        except (FileNotFoundError, NotADirectoryError):
            if default is None:
                raise
            return default

    def names(self, path: str) -> List[str]:
        """The sorted names in directory `path`; empty where there is none."""
        try:
            fd = self.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except (FileNotFoundError, NotADirectoryError):
            return []
        try:
            return sorted(os.listdir(fd))
        finally:
            os.close(fd)

    def walk(self, path: str, *, one_file_system: bool = True) -> Iterator[str]:
        """Every path below directory `path` as seen in the host, sorted, symlinks not followed."""
        device: Optional[int] = None
        stack = [path.rstrip("/")]
        while stack:
            shown = stack.pop()
            try:
                fd = self._directory(shown, follow=device is None)
            except (FileNotFoundError, NotADirectoryError):
                continue
            try:
                here = os.fstat(fd).st_dev
                if device is None:
                    device = here
                if one_file_system and here != device:
                    continue
                with os.scandir(fd) as found:
                    entries = sorted((e.name, e.is_dir(follow_symlinks=False)) for e in found)
            finally:
                os.close(fd)
            yield from (f"{shown}/{name}" for name, _ in entries)
            stack.extend(f"{shown}/{name}" for name, below in reversed(entries) if below)

    def _directory(self, path: str, follow: bool) -> int:
        flags = os.O_RDONLY | os.O_DIRECTORY
        if follow:
            return self.open(path, flags)
        with self.parent(path) as (directory, name):
            return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)

    def _resolve(self, path: str) -> Path:
        todo = [part for part in reversed(path.split("/")) if part]
        root = str(self.root).rstrip("/")
        done: List[str] = []
        links = 0
        while todo:
            part = todo.pop()
            if part == "..":
                done = done[:-1]
                continue
            if part == ".":
                continue
            real = "/".join((root, *done, part))
            if not os.path.islink(real):
                done.append(part)
                continue
            links += 1
            if links > confined.MAX_LINKS:
                raise BadInput(f"{path} is a loop of symlinks.", hint="Remove the loop.")
            target = os.readlink(real)
            if target.startswith("/"):
                done = []
            todo += [piece for piece in reversed(target.split("/")) if piece]
        return self.root.joinpath(*done)
