"""A client of qemu-nbd, as small as writing into a qcow2 image needs."""

import socket
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

_HELLO, _OPTION = b"NBDMAGIC", b"IHAVEOPT"
_FIXED_NO_ZEROES = 3
_EXPORT_NAME = 1
_REQUEST = struct.Struct(">IHHQQI")
_REPLY = struct.Struct(">IIQ")
_READ, _WRITE, _DISCONNECT, _ZERO = 0, 1, 2, 6
_ASK, _ANSWER = 0x25609513, 0x67446698
_DEADLINE_S = 60.0
_MOST = 16 << 20


class NbdError(Exception):
    """The server refused."""


class Nbd:
    """A connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        if self._get(16) != _HELLO + _OPTION:
            raise NbdError("no NBD server")
        self._get(2)
        sock.sendall(struct.pack(">I", _FIXED_NO_ZEROES) + _OPTION
                     + struct.pack(">II", _EXPORT_NAME, 0))
        self.size: int = struct.unpack(">QH", self._get(10))[0]

    def read(self, start: int, size: int) -> bytes:
        """Bytes of the disk."""
        return b"".join(self._do(_READ, at, length) for at, length in _parts(start, size))

    def write(self, start: int, data: bytes) -> None:
        """Change bytes of the disk."""
        for at, length in _parts(start, len(data)):
            self._do(_WRITE, at, length, data[at - start:at - start + length])

    def zero(self, start: int, size: int) -> None:
        """Make bytes zero."""
        for at, length in _parts(start, size):
            self._do(_ZERO, at, length)

    def close(self) -> None:
        """Say goodbye: the server writes everything out and ends."""
        self._sock.sendall(_REQUEST.pack(_ASK, 0, _DISCONNECT, 0, 0, 0))

    def _do(self, kind: int, at: int, length: int, data: bytes = b"") -> bytes:
        self._sock.sendall(_REQUEST.pack(_ASK, 0, kind, 0, at, length) + data)
        magic, error, _ = _REPLY.unpack(self._get(_REPLY.size))
        if magic != _ANSWER or error:
            raise NbdError(f"request {kind} at {at}: error {error}")
        return self._get(length) if kind == _READ else b""

    def _get(self, length: int) -> bytes:
        parts = []
        while length:
            part = self._sock.recv(min(length, 1 << 20))
            if not part:
                raise NbdError("the server closed the connection")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


@contextmanager
def opened(image: Path) -> Iterator[Nbd]:
    """A qcow2 image, to be changed by nobody else meanwhile."""
    path = image.with_suffix(".sock")
    path.unlink(missing_ok=True)
    with subprocess.Popen(["qemu-nbd", "-k", str(path.resolve()), "-f", "qcow2", "--cache=unsafe",
                           "--discard=unmap", str(image)]) as server:
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                _connect(sock, path, server)
                disk = Nbd(sock)
                yield disk
                disk.close()
            if server.wait(_DEADLINE_S):
                raise NbdError(f"qemu-nbd ended with {server.returncode}")
        finally:
            if server.poll() is None:
                server.kill()
            path.unlink(missing_ok=True)


def _connect(sock: socket.socket, path: Path, server: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + _DEADLINE_S
    while True:
        try:
            sock.connect(str(path))
            sock.settimeout(_DEADLINE_S)
            return
        except (FileNotFoundError, ConnectionRefusedError):
            if server.poll() is not None or time.monotonic() > limit:
                raise NbdError("qemu-nbd did not start") from None
            time.sleep(0.02)


def _parts(start: int, size: int) -> Iterator["tuple[int, int]"]:
    for at in range(start, start + size, _MOST):
        yield at, min(_MOST, start + size - at)
