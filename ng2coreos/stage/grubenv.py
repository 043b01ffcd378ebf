"""GRUB environment blocks, read and changed exactly as GRUB does (grub-core/lib/envblk.c).

A block is 1024 bytes: a signature line, lines ``name=value`` (backslash and line feed in a value
are escaped by a backslash), then ``#`` to the end.  Lines that are no assignment (the warning
that newer tools write) keep their place.  GRUB overwrites the file's blocks in place, so this
module does too; a block that GRUB would refuse is refused here.
"""

import os
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, Ng2CoreosError
from ng2coreos.core.reading import STATE_BYTES, read_regular

SIZE_BYTES = 1024  # what grub-editenv creates; save_env refuses to grow a file
_SIGNATURE = b"# GRUB Environment Block\n"
_HINT = "Make a new one with `grub2-editenv FILE create`, then set saved_entry again."


class Block:
    """The lines of one environment block, in their order."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self._lines: List[bytes] = list(lines)  # without the line feed that ends each, escapes kept

    @classmethod
    def parse(cls, data: bytes, where: str = "The GRUB environment block") -> "Block":
        """The block in `data`; BadInput unless it is one that GRUB itself would change."""
        if len(data) != SIZE_BYTES:
            raise BadInput(f"{where} has {len(data)} bytes, not {SIZE_BYTES}.", hint=_HINT)
        if not data.startswith(_SIGNATURE):
            raise BadInput(f"{where} does not start with GRUB's signature.", hint=_HINT)
        used = data.rstrip(b"#")
        if not used.endswith(b"\n"):
            raise BadInput(f"{where} is damaged: its last line has no end.", hint=_HINT)
        lines = _split(used[len(_SIGNATURE):])
        if lines is None:
            raise BadInput(f"{where} is damaged: an escape at its end.", hint=_HINT)
        return cls(lines)

    def variables(self) -> Dict[str, str]:
        """The variables as GRUB's load_env sets them: of two lines for a name the last wins."""
        found = {}
        for line in self._lines:
            name, equals, value = line.partition(b"=")
            if equals and not line.startswith(b"#"):
                found[_text(name)] = _text(_unescape(value))
        return found

    def set(self, name: str, value: str) -> None:
        """Give `name` a value: in its present place, else at the end."""
        key = _bytes(name)
        if not key or key.startswith(b"#") or set(key) & set(b"=\n\\"):
            raise BadInput(f"{name!r} is no name of a GRUB variable.", hint="Use letters and _.")
        line = key + b"=" + _escape(_bytes(value))
        places = [n for n, old in enumerate(self._lines) if _key(old) == key]
        for extra in reversed(places[1:]):
            del self._lines[extra]
        if places:
            self._lines[places[0]] = line
        else:
            self._lines.append(line)

    def unset(self, name: str) -> None:
        """Forget `name`."""
        key = _bytes(name)
        self._lines = [line for line in self._lines if _key(line) != key]

    def format(self) -> bytes:
        """The block's 1024 bytes; BadInput if the lines do not fit."""
        data = _SIGNATURE + b"".join(line + b"\n" for line in self._lines)
        if len(data) > SIZE_BYTES:
            raise BadInput(f"The GRUB environment would need {len(data)} of {SIZE_BYTES} bytes.",
                           hint="Unset a variable that is not needed with grub2-editenv.")
        return data.ljust(SIZE_BYTES, b"#")


def read(path: Path) -> Dict[str, str]:
    """The variables of the block at `path` (a symlink is followed, as GRUB does)."""
    return _load(path).variables()


def change(path: Path, values: Optional[Mapping[str, str]] = None,
           unset: Iterable[str] = ()) -> bool:
    """Set and unset variables of the block at `path`; True if that changed anything.

    The file is overwritten in place and fsynced, its file system's log written back so that GRUB
    sees it, and the block read back.  Nothing is written when all is as wanted already.
    """
    before = _load(path).format()
    block = Block.parse(before)
    for name in unset:
        block.unset(name)
    for name, value in (values or {}).items():
        block.set(name, value)
    after = block.format()
    if after == before:
        return False
    real = Path(os.path.realpath(str(path)))
    durable.overwrite_in_place(real, after)
    durable.settle(real.parent)
    if _read_from_disk(real) != after:
        raise Ng2CoreosError(f"{path} does not read back as it was written.",
                             hint="Check the disk of /boot; the host boots as the file says now.")
    return True


def create(path: Path) -> None:
    """Make an empty block at `path`, or leave the valid one that is there."""
    if path.exists():
        try:
            _load(path)
            return
        except BadInput:
            pass
    durable.write_file(path, Block().format(), mode=0o644)


def _load(path: Path) -> Block:
    try:
        return Block.parse(read_regular(path, STATE_BYTES), str(path))
    except FileNotFoundError:
        raise BadInput(f"{path} is missing, or its symlink leads nowhere.", hint=_HINT) from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", hint=_HINT) from None


def _read_from_disk(path: Path) -> bytes:
    fd = os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        return os.read(fd, SIZE_BYTES + 1)
    finally:
        os.close(fd)


def _split(data: bytes) -> Optional[List[bytes]]:
    """Lines of `data` without their ends; a line feed after a backslash does not end one."""
    lines, start, at = [], 0, 0
    while at < len(data):
        if data[at:at + 1] == b"\\":
            at += 2
            continue
        if data[at:at + 1] == b"\n":
            lines.append(data[start:at])
            start = at + 1
        at += 1
    return lines if start == len(data) else None


def _key(line: bytes) -> Optional[bytes]:
    return line.partition(b"=")[0] if b"=" in line and not line.startswith(b"#") else None


def _escape(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b"\n", b"\\\n")


def _unescape(value: bytes) -> bytes:
    found, at = bytearray(), 0
    while at < len(value):
        if value[at:at + 1] == b"\\":
            at += 1
        found += value[at:at + 1]
        at += 1
    return bytes(found)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
