"""Decompresses a stream piece by piece: gzip, xz and bzip2 here, zstd and lz4 by their programs."""

import bz2
import lzma
import subprocess
import tempfile
import threading
import zlib
from typing import Any, Callable, Dict, Iterator, List, Tuple

from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.target.cpio import Pieces

PIECE_BYTES = 1 << 20
DEADLINE_S = 900.0  # an emulated host decompresses some 5 MB/s
_HINT = "Fetch the image again and check its SHA-256."

# First bytes of each format: linux lib/decompress.c, and lz4's own frame.
_PROGRAMS: Dict[bytes, Tuple[str, ...]] = {
    b"\x28\xb5\x2f\xfd": ("zstd", "-dc", "-q"),
    b"\x02\x21\x4c\x18": ("lz4", "-dc", "-q"),
    b"\x04\x22\x4d\x18": ("lz4", "-dc", "-q"),
}
_LIBRARIES: Dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS),
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ),
    b"BZh": bz2.BZ2Decompressor,
}


class ProgramRefused(BadInput):
    """A decompressor gave up, perhaps only on what follows the stream that it knows."""


def decompressed(pieces: Pieces, start: bytes) -> Iterator[bytes]:
    """The plain bytes of the compressed stream that begins with `start` in `pieces`.

    For gzip, xz and bzip2 what follows the stream is left in `pieces`; the programs take all the
    rest and know concatenated frames themselves.  BadInput for damage and unknown formats.
    """
    for magic, make in _LIBRARIES.items():
        if start.startswith(magic):
            return _by_library(pieces, make())
    for magic, argv in _PROGRAMS.items():
        if start.startswith(magic):
            return _by_program(pieces, argv)
    raise BadInput(f"The initramfs is compressed in an unknown way (it begins with {start.hex()}).",
                   hint="zstd, xz, gzip, lz4, bzip2 and plain cpio are known.")


def _by_library(pieces: Pieces, decoder: Any) -> Iterator[bytes]:
    try:
        while not decoder.eof:
            data = pieces.some()
            if not data:
                raise BadInput("The image's initramfs is cut off.", hint=_HINT)
            # zlib keeps what is over in unconsumed_tail, the others keep it themselves.
            while data or not getattr(decoder, "needs_input", True):
                plain = decoder.decompress(data, PIECE_BYTES)
                data = getattr(decoder, "unconsumed_tail", b"")
                if plain:
                    yield plain
                if decoder.eof:
                    break
        pieces.push_back(decoder.unused_data)
    except (zlib.error, lzma.LZMAError, OSError) as error:
        raise BadInput(f"The image's initramfs is damaged: {error}.", hint=_HINT) from None


def _by_program(pieces: Pieces, argv: Tuple[str, ...]) -> Iterator[bytes]:
    """Through a pipe: the one command runner would hold the whole output in memory."""
    errors = tempfile.TemporaryFile()
    try:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=errors)
    except FileNotFoundError:
        raise Unsupported(f"The program {argv[0]} is missing: the initramfs cannot be read.",
                          hint=f"Install {argv[0]}, then try again.") from None
    assert process.stdin and process.stdout
    problems: List[BaseException] = []
    feeder = threading.Thread(target=_feed, args=(process.stdin, pieces, problems), daemon=True)
    late = threading.Event()
    watchdog = threading.Timer(DEADLINE_S, _end, args=(process, late))
    try:
        watchdog.start()
        feeder.start()
        while True:
            plain = process.stdout.read(PIECE_BYTES)
            if not plain:
                break
            yield plain
        feeder.join()
        status = process.wait()
        errors.seek(0)
        said = errors.read(4000).decode("utf-8", "replace").strip()[-400:]
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        feeder.join()
        process.stdout.close()
        errors.close()
    if late.is_set():
        raise CommandFailed(f"{' '.join(argv)} did not end within {DEADLINE_S:.0f} s.",
                            hint="Is the host overloaded? Try again.")
    if problems:
        raise problems[0]
    if status:
        raise ProgramRefused(f"The image's initramfs is damaged: {said}", hint=_HINT)


def _end(process: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    process.kill()


def _feed(pipe: Any, pieces: Pieces, problems: List[BaseException]) -> None:
    try:
        for piece in pieces.rest():
            pipe.write(piece)
        pipe.close()
    except BrokenPipeError:
        pass  # the program ended; its status says why
    except Exception as error:  # told to the reader, in whose thread it is raised
        problems.append(error)
    finally:
        try:
            pipe.close()
        except BrokenPipeError:
            pass
