"""QEMU's machine protocol over a UNIX socket: one command a connection."""

import json
import socket
from pathlib import Path
from typing import Any, Dict, Iterator, Protocol

_DEADLINE_S = 60.0


class _Stream(Protocol):
    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...

    def __iter__(self) -> Iterator[bytes]: ...


class QmpError(Exception):
    """QEMU refused a command."""


def execute(path: Path, command: str, /, **arguments: object) -> Any:
    """Run `command` and return what it returns."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(_DEADLINE_S)
        sock.connect(str(path))
        with sock.makefile("rwb") as stream:
            _read(stream, "QMP")
            _send(stream, "qmp_capabilities", {})
            return _send(stream, command, arguments)


def _send(stream: _Stream, command: str, arguments: Dict[str, object]) -> Any:
    stream.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
    stream.flush()
    return _read(stream, "return")


def _read(stream: _Stream, key: str) -> Any:
    """The first message with `key`; events in between are passed over."""
    for line in stream:
        message = json.loads(line)
        if "error" in message:
            raise QmpError(message["error"]["desc"])
        if key in message:
            return message[key]
    raise QmpError("QEMU closed the connection")
