"""A file system of this machine whose every write is logged: a loop device on a disk over FUSE.

The disk is QEMU's, without a guest: blklogwrites writes the log that `writelog` reads.
"""

import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

_DEADLINE_S = 60.0
_BYTES = {"ext4": 64 << 20, "xfs": 320 << 20}


class LoggedFs:
    """`base` is the disk as mkfs left it, `log` what was written since, `mount` the mount point."""

    def __init__(self, kind: str, place: Path) -> None:
        self.kind, self.size = kind, _BYTES[kind]
        self.base, self.log, self.mount = place / "base", place / "log", place / "mount"
        self.disk, self.fuse = place / "disk", place / "fuse"
        with open(self.base, "wb") as file:
            file.truncate(self.size)
        subprocess.run([f"mkfs.{kind}", "-q", str(self.base)], check=True)
        shutil.copyfile(self.base, self.disk)
        self.mount.mkdir()
        self.log.touch()
        self.fuse.touch()

    def rebase(self) -> None:
        """What is on the disk now becomes the base of an empty log; only while not mounted."""
        shutil.copyfile(self.disk, self.base)
        self.log.write_bytes(b"")

    @contextmanager
    def mounted(self) -> Iterator[Path]:
        """The file system, mounted; all that is written ends up in the log."""
        export = f"type=fuse,id=export,node-name=logged,mountpoint={self.fuse},writable=on"
        argv = ["qemu-storage-daemon",
                *("--blockdev", f"driver=file,node-name=disk,filename={self.disk}"),
                *("--blockdev", f"driver=file,node-name=log,filename={self.log}"),
                *("--blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log"),
                *("--export", export)]
        with subprocess.Popen(argv) as daemon:
            try:
                self._wait(daemon)
                subprocess.run(["mount", "-t", self.kind, "-o", "loop", str(self.fuse),
                                str(self.mount)], check=True)
                try:
                    yield self.mount
                finally:
                    subprocess.run(["umount", str(self.mount)], check=True)
            finally:
                daemon.terminate()

    def _wait(self, daemon: "subprocess.Popen[bytes]") -> None:
        limit = time.monotonic() + _DEADLINE_S
        while f" {self.fuse} " not in Path("/proc/mounts").read_text("utf-8"):
            if daemon.poll() is not None or time.monotonic() > limit:
                raise OSError(f"no disk over FUSE at {self.fuse}")
            time.sleep(0.05)
