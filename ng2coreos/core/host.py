"""A host as the tool sees it: a root directory and the one command runner.

Every path is taken below `root`; symlinks are resolved inside it and never lead out of it, so
the same readers serve the running host, a mounted disk and a directory in a test.
"""

import os
import stat
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

from ng2coreos.core.command import DEADLINE_S, Completed, Input, Runner, check, run_process
from ng2coreos.core.errors import BadInput

READ_LIMIT_BYTES = 16 * 1024 * 1024  # no configuration file that is read whole is larger
_BLOCK_BYTES = 64 * 1024
_MAX_LINKS = 40  # as the kernel (MAXSYMLINKS)


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

        The last component is not followed.  Raises BadInput for a loop of symlinks.
        """
        parent, name = os.path.split(os.path.normpath("/" + path))
        return self._resolve(parent) / name if name else self.root

    def follow(self, path: str) -> Path:
        """As `path()`, with the last component followed too (inside the root)."""
        return self._resolve(os.path.normpath("/" + path))

    def exists(self, path: str) -> bool:
        """Is there something at `path`, symlinks followed?"""
        return self.follow(path).exists()

    def lstat(self, path: str) -> Optional[os.stat_result]:
        """The lstat of `path`, or None where nothing is."""
        try:
            return os.lstat(str(self.path(path)))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_bytes(self, path: str, *, limit: int = READ_LIMIT_BYTES) -> bytes:
        """The content of the regular file at `path` (symlinks followed inside the root).

        Raises FileNotFoundError, or BadInput for anything but a regular file of at most `limit`
        bytes: a fifo or a device must not block or flood the reader.
        """
        real = self.follow(path)
        fd = os.open(str(real), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        data = bytearray()
        with os.fdopen(fd, "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise BadInput(f"{path} is not a regular file.", hint="Move it away and try again.")
            # In blocks: files of /proc/sys answer a read of many megabytes with ENOMEM.
            block = stream.read(_BLOCK_BYTES)
            while block and len(data) <= limit:
                data += block
                block = stream.read(_BLOCK_BYTES)
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
            return sorted(os.listdir(str(self.follow(path))))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def walk(self, path: str, *, one_file_system: bool = True) -> Iterator[str]:
        """Every path below directory `path` as seen in the host, sorted, symlinks not followed."""
        top = self.follow(path)
        device = os.lstat(str(top)).st_dev if top.is_dir() else 0
        stack = [(str(top), path.rstrip("/"))]
        while stack:
            real, shown = stack.pop()
            try:
                entries = sorted(os.scandir(real), key=lambda e: e.name)
            except (FileNotFoundError, NotADirectoryError):
                continue
            below = []
            for entry in entries:
                yield f"{shown}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if one_file_system and entry.stat(follow_symlinks=False).st_dev != device:
                        continue
                    below.append((entry.path, f"{shown}/{entry.name}"))
            stack.extend(reversed(below))

    def _resolve(self, path: str) -> Path:
        todo = [part for part in path.split("/") if part]
        done: List[str] = []
        links = 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                done = done[:-1]
                continue
            if part == ".":
                continue
            real = str(self.root.joinpath(*done, part))
            if not os.path.islink(real):
                done.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise BadInput(f"{path} is a loop of symlinks.", hint="Remove the loop.")
            target = os.readlink(real)
            if target.startswith("/"):
                done = []
            todo = [piece for piece in target.split("/") if piece] + todo
        return self.root.joinpath(*done)
