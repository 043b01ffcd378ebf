"""What a file holds, read only while it is written, and how Ignition wants to be told it."""

import base64
import hashlib
import io
import zlib
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, Callable, Iterator, Tuple

from ng2coreos.core.errors import StalePlan

CHUNK_BYTES = 3 * 64 * 1024  # a multiple of 3: base64 of the pieces is base64 of the whole
_IN_MEMORY_BYTES = 1024 * 1024  # smaller files are packed in one go
_SMALL_BYTES = 512  # gains nothing: a header, and a field that says so
_WORTH = 0.9  # packed by unpacked size: what gains less is easier to look at as it is
_GZIP = 16 + zlib.MAX_WBITS  # zlib's own header: no time, no name, so the same bytes each time


@dataclass(frozen=True)
class Contents:
    """Contents that `open` gives; two are equal where their digests are. Never shown."""

    sha256: str
    size_bytes: int
    open: Callable[[], BinaryIO] = field(repr=False, compare=False)
    name: str = field(default="A file", compare=False)  # for errors

    @classmethod
    def of(cls, data: bytes, name: str = "A file") -> "Contents":
        """Contents that are in memory."""
        return cls(hashlib.sha256(data).hexdigest(), len(data), lambda: io.BytesIO(data), name)

    def chunks(self) -> Iterator[bytes]:
        """The contents in pieces; StalePlan at their end where they are not those of the digest."""
        digest = hashlib.sha256()
        with self.open() as stream:
            while True:
                data = stream.read(CHUNK_BYTES)
                if not data:
                    break
                digest.update(data)
                yield data
        if digest.hexdigest() != self.sha256:
            raise StalePlan(f"{self.name} is not what the plan carries.",
                            hint="Was it edited? Make a new plan.")


def encoded(contents: Contents, may_pack: bool) -> Tuple[bool, Iterator[bytes]]:
    """Is it packed by gzip, and the data URL in pieces; memory is bounded whatever the size.

    Of a large file the beginning tells whether it pays.
    """
    chunks = contents.chunks()
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) > _IN_MEMORY_BYTES:
            break
    packed = b"".join(_gzip(iter((start,)))) if may_pack and len(start) > _SMALL_BYTES else start
    pays = len(packed) < _WORTH * len(start)
    if len(start) <= _IN_MEMORY_BYTES:
        return pays, _url(iter((packed if pays else start,)))
    whole = chain((start,), chunks)
    return pays, _url(_gzip(whole) if pays else whole)


def _gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP)
    for chunk in chunks:
        piece = packer.compress(chunk)
        if piece:
            yield piece
    yield packer.flush()


def _url(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces as one data URL; an empty one in its shortest form."""
    rest = b""
    started = False
    for chunk in chunks:
        rest += chunk
        whole = len(rest) // 3 * 3
        if not rest:
            continue
        if not started:
            started = True
            yield b"data:;base64,"
        yield base64.b64encode(rest[:whole])
        rest = rest[whole:]
    if rest:
        yield base64.b64encode(rest)
    if not started:
        yield b"data:,"
