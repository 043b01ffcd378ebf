"""A config without its contents, so that one of any size can be looked at in little memory.

Contents stand in a config as ``"data:;base64,…"``.  They are checked while they pass by and left
out; all else of the JSON text stays as it is.
"""

import re
from typing import BinaryIO, List

_URL = b'"data:;base64,'
_CHUNK_BYTES = 256 * 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*(={0,2})")
_BROKEN = b"!"  # no base64: who reads the skeleton sees that something was wrong


def read(stream: BinaryIO) -> bytes:
    """The JSON text in `stream` with every base64 data URL emptied.

    One whose body is no base64 (RFC 4648, padded) keeps a body that is none.  Text that is no JSON
    stays no JSON.
    """
    return b"".join(_Reader(stream).parts())


class _Reader:
    """Reads in blocks; `_at` is how far the block in `_buffer` was looked at."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._buffer = b""
        self._at = 0

    def parts(self) -> List[bytes]:
        found: List[bytes] = []
        while True:
            start = self._buffer.find(_URL, self._at)
            if start < 0:
                keep = max(self._at, len(self._buffer) - len(_URL))  # a URL may begin there
                if keep > self._at:
                    found.append(self._buffer[self._at:keep])
                self._at = keep
                if not self._more():
                    found.append(self._buffer[self._at:])
                    return found
                continue
            before = self._buffer[start - 1:start] if start > self._at else b"".join(found[-1:])
            end = start + len(_URL)
            found.append(self._buffer[self._at:end])
            self._at = end
            # A quote with a backslash before it is inside a string, or the text is no JSON.
            if not before.endswith(b"\\"):
                found.append((b"" if self._is_base64() else _BROKEN) + b'"')

    def _more(self) -> bool:
        """Read on; False at the end."""
        data = self._stream.read(_CHUNK_BYTES)
        self._buffer = self._buffer[self._at:] + data
        self._at = 0
        return bool(data)

    def _is_base64(self) -> bool:
        """Pass by a body and its closing quote: is it base64?"""
        length, padding, good = 0, 0, True
        while True:
            end = self._buffer.find(b'"', self._at)
            piece = self._buffer[self._at:end if end >= 0 else len(self._buffer)]
            match = _BASE64.fullmatch(piece)
            if match is None or (padding and piece.strip(b"=")):
                good = False
            else:
                padding += len(match.group(1))
            length += len(piece)
            self._at += len(piece)
            if end >= 0:
                self._at += 1
                return good and padding <= 2 and length % 4 == 0
            if not self._more():
                return False
