"""Records every write, discard and flush of a running guest's disk, from a moment on.

Nothing is copied: the guest's disk becomes the unchanging base of the recording, what the guest
writes from then on goes into an overlay and, by QEMU's blklogwrites, into a log.
"""

import subprocess
from pathlib import Path
from typing import Any, Dict, List, cast

from .guest import Guest

_NODE = "disk0"


class Recording:
    """The writes of a guest's first disk; its files lie in `directory`."""

    def __init__(self, guest: Guest, directory: Path) -> None:
        """Begin: what the guest has written until now is the base."""
        self.guest = guest
        self.log = directory / "writes.log"
        self.final = directory / "final.qcow2"
        self.base = guest.overlays[0]
        self.marks: Dict[str, int] = {}
        guest.monitor("stop")
        overlay(self.final, self.base)
        self.log.touch()
        self._add("qcow2", "recorded", self.final, backing=None)
        guest.monitor("blockdev-snapshot", node=_NODE, overlay="recorded")
        self._add("raw", "writes", self.log)
        guest.monitor("blockdev-add", driver="blklogwrites", file="recorded", log="writes",
                      **{"node-name": "logged"})
        guest.monitor("qom-set", path=self._device(), property="drive", value="logged")
        guest.monitor("cont")

    def mark(self, name: str) -> None:
        """Remember how long the log is now: what is told apart later by that name."""
        self.guest.ssh("sync")
        self.guest.monitor("stop")
        self.marks[name] = self.log.stat().st_size
        self.guest.monitor("cont")

    def end(self) -> None:
        """Power the guest off between two requests: log and overlay are then the whole truth."""
        self.guest.monitor("stop")
        self.guest.monitor("quit")
        self.guest.wait_end()
        self.guest.cut_power()

    def _device(self) -> str:
        for block in cast(List[Dict[str, Any]], self.guest.monitor("query-block")):
            if block.get("inserted", {}).get("node-name") == "recorded":
                path: str = block["qdev"]
                return path
        raise LookupError("no device of the guest has the recorded disk")

    def _add(self, driver: str, name: str, path: Path, **more: object) -> None:
        cache = {"no-flush": True}  # as the guest's other disks: see machine.py
        file = {"driver": "file", "filename": str(path.resolve()), "cache": cache,
                "discard": "unmap"}
        self.guest.monitor("blockdev-add", driver=driver, file=file, discard="unmap",
                           **{"node-name": name}, **more)


def overlay(path: Path, base: Path) -> None:
    """Make an empty qcow2 overlay of a qcow2 image."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b",
                    str(base.resolve()), str(path)], check=True)
