"""A guest's serial console: the log that QEMU writes, and typing."""

import re
import socket
import time
from pathlib import Path
from typing import Callable, Match, Pattern, Union

_POLL_S = 0.2
_CHUNK = 4  # GRUB loses what is beyond the FIFO of the emulated port
_PACE_S = 0.15


class SerialConsole:
    """`log` grows as the guest prints; `path` is the socket that takes input."""

    def __init__(self, log: Path, path: Path) -> None:
        self.log = log
        self._socket = path

    def text(self, since: int = 0) -> str:
        """Everything after `since` bytes of the log (see `end`)."""
        if not self.log.exists():
            return ""
        with open(self.log, "rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", "replace")

    def end(self) -> int:
        """The log's length: a mark for `since`."""
        return self.log.stat().st_size if self.log.exists() else 0

    def tail(self, lines: int = 40) -> str:
        """The end of the log, without the escape sequences of firmware and GRUB."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.text(max(0, self.end() - 20000)))
        return "\n".join(plain.splitlines()[-lines:])

    def wait(
        self,
        regex: Union[str, Pattern[str]],
        deadline_s: float,
        since: int,
        alive: Callable[[], bool],
    ) -> Match[str]:
        """The first match after `since`; TimeoutError late or when the guest died."""
        pattern = re.compile(regex)
        limit = time.monotonic() + deadline_s
        while True:
            running = alive()  # asked first: what it printed last is in the log by now
            found = pattern.search(self.text(since))
            if found:
                return found
            if not running:
                raise TimeoutError(
                    f"QEMU ended before {pattern.pattern!r} was on the console\n{self.tail()}"
                )
            if time.monotonic() > limit:
                raise TimeoutError(
                    f"{pattern.pattern!r} was not on the console in {deadline_s:.0f} s\n"
                    f"{self.tail()}"
                )
            time.sleep(_POLL_S)

    def type(self, text: str) -> None:
        """Send keys, as fast as a boot menu can take them."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self._socket))
            data = text.encode()
            for start in range(0, len(data), _CHUNK):
                sock.sendall(data[start : start + _CHUNK])
                time.sleep(_PACE_S)
