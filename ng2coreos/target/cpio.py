"""Names in an initramfs: newc archives, some plain, some compressed, one after the other.

Everything streams: memory is bounded by one piece, one name and the decompressor's window,
however large the initramfs is or claims to be.
"""

from typing import Callable, Iterator, Optional

from ng2coreos.core.errors import BadInput

HEADER_BYTES = 110
NAME_LIMIT_BYTES = 4096  # PATH_MAX
MAGICS = (b"070701", b"070702")
TRAILER = "TRAILER!!!"
_NAMESIZE_FIELD, _FILESIZE_FIELD, _MODE_FIELD = 11, 6, 1


class Pieces:
    """A stream of byte pieces that is read by lengths; `skip` copies nothing."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._data = b""
        self._at = 0

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end; they stay unread."""
        while len(self._data) - self._at < count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._data = self._data[self._at:] + piece
            self._at = 0
        return self._data[self._at:self._at + count]

    def take(self, count: int) -> bytes:
        """The next `count` bytes; BadInput if there are fewer."""
        found = self.peek(count)
        if len(found) < count:
            raise cut_off()
        self._at += count
        return found

    def skip(self, count: int) -> None:
        """Pass over `count` bytes; BadInput if there are fewer."""
        while True:
            have = len(self._data) - self._at
            if count <= have:
                self._at += count
                return
            count -= have
            piece = next(self._pieces, None)
            if piece is None:
                raise cut_off()
            self._data, self._at = piece, 0

    def skip_zeros(self) -> None:
        """Pass over zero bytes, as between two archives."""
        while True:
            rest = self._data[self._at:].lstrip(b"\0")
            if rest:
                self._at = len(self._data) - len(rest)
                return
            piece = next(self._pieces, None)
            self._data, self._at = piece or b"", 0
            if piece is None:
                return

    def some(self) -> bytes:
        """The next piece, of any length; empty at the end."""
        found = self._data[self._at:]
        self._data, self._at = b"", 0
        return found or next(self._pieces, b"")

    def push_back(self, data: bytes) -> None:
        """Make `data` the next bytes again."""
        self._data, self._at = data + self._data[self._at:], 0

    def rest(self) -> Iterator[bytes]:
        """All that is left, in pieces."""
        while True:
            piece = self.some()
            if not piece:
                return
            yield piece


Found = Callable[[str], None]


def read_names(pieces: Pieces, found: Found) -> Optional[bytes]:
    """Tell `found` each name (the trailers' too) of the plain archives that `pieces` begins with.

    Returns the first bytes of what follows and is no plain archive, unread; None at the end.
    """
    while True:
        pieces.skip_zeros()
        start = pieces.peek(6)
        if not start:
            return None
        if start not in MAGICS:
            return start
        _one_archive(pieces, found)


def _one_archive(pieces: Pieces, found: Found) -> None:
    at = 0  # position in this archive: fields are padded to 4 relative to its start
    while True:
        header = pieces.take(HEADER_BYTES)
        if header[:6] not in MAGICS:
            raise BadInput("The initramfs holds a damaged cpio archive.", hint="Fetch it again.")
        try:
            fields = [int(header[6 + 8 * n:14 + 8 * n], 16) for n in range(13)]
        except ValueError:
            raise BadInput("The initramfs holds a damaged cpio header.",
                           hint="Fetch the image again.") from None
        length = fields[_NAMESIZE_FIELD]
        if not 0 < length <= NAME_LIMIT_BYTES:
            raise BadInput("The initramfs holds a name that is too long.",
                           hint="Is it an initramfs?")
        name = pieces.take(length).rstrip(b"\0").decode("utf-8", "surrogateescape")
        size = fields[_FILESIZE_FIELD]
        at += HEADER_BYTES + length
        pieces.skip(-at % 4)
        at += -at % 4
        found(name[2:] if name.startswith("./") else name.lstrip("/"))
        if name == TRAILER:
            return
        pieces.skip(size + -size % 4)
        at += size + -size % 4


def cut_off() -> BadInput:
    """The error for an initramfs that ends too early."""
    return BadInput("The image's initramfs is cut off.",
                    hint="Fetch the image again and check its SHA-256.")
