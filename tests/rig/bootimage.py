"""An image of a boot partition, read by GRUB's own code: its file systems know of no log."""

import hashlib
import subprocess
from pathlib import Path
from typing import Dict, List, Optional

_LOOP = "(loop0)"
_ABSENT = ("not found", "not a directory")


class Unreadable(Exception):
    """GRUB finds the file system, or a file in it, damaged."""


class BootImage:
    """What GRUB sees at one moment: the image may not change while this object is in use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: Dict[str, Optional[bytes]] = {}
        self._digests: Dict[str, str] = {}

    def read(self, path: str) -> Optional[bytes]:
        """A file's content; None if it is not there."""
        if path not in self._read:
            self._read[path] = self._run("cat", path)
        return self._read[path]

    def names(self, path: str) -> List[str]:
        """What is in a directory, in no order; nothing if it is not there."""
        found = self._run("ls", path.rstrip("/") + "/")
        return [name.rstrip("/") for name in (found or b"").decode("utf-8").split()]

    def digest(self, path: str) -> str:
        """SHA-256 of a file; Unreadable if it is not there."""
        if path not in self._digests:
            data = self.read(path)
            if data is None:
                raise Unreadable(f"{path} is not there")
            self._digests[path] = hashlib.sha256(data).hexdigest()
        return self._digests[path]

    def _run(self, command: str, path: str) -> Optional[bytes]:
        argv = ["grub-fstest", str(self.path), command, f"{_LOOP}{path}"]
        done = subprocess.run(argv, capture_output=True, check=False)
        told = done.stderr.decode("utf-8", "replace").strip()
        if done.returncode == 0 and not told:
            return done.stdout
        if any(word in told for word in _ABSENT):
            return None
        raise Unreadable(f"{command} {path}: {told}")
