"""Daemons of an oVirt host that this machine need not have: Debian's own, in a tree to run them in.

Nothing of it is installed or configured: `debian.bootstrap` unpacks the packages, and a test runs
them by chroot in a mount namespace of its own, where all that they write lies on a tmpfs.
"""

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Sequence

from ng2coreos.core.command import Completed, Input, run_process

from . import debian
from .cache import cached

_PACKAGES = ("coreutils", "openvswitch-switch", "sanlock")
_MERGED = "bin", "sbin", "lib", "lib64"
_OWN = "run", "etc", "var", "tmp", "dev"  # what they write to, or look into
_DEADLINE_S = 180.0  # to listen, on a machine that does other things


def tree() -> Path:
    """The directory of the unpacked tree; only to read."""
    return cached("programs", [" ".join(_PACKAGES), Path(__file__), Path(str(debian.__file__))],
                  _build) / "tree"


def _build(out: Path) -> None:
    hook = "".join(f'mkdir -p "$1/usr/{d}"; ln -s "usr/{d}" "$1/{d}"; ' for d in _MERGED)
    debian.bootstrap("trixie", _PACKAGES, out / "tree", f"--setup-hook={hook}",
                     log=out / "bootstrap.log", variant="extract")
    for name in _OWN:
        (out / "tree" / name).mkdir(exist_ok=True)


class Programs:
    """The tree with places to write in; to be made in a mount namespace of the caller's own."""

    def __init__(self) -> None:
        self.root = tree()
        for name in _OWN:
            subprocess.run(["mount", "-t", "tmpfs", "none", str(self.root / name)], check=True)
        for name in ("run/sanlock", "run/openvswitch", "etc/openvswitch", "var/log"):
            (self.root / name).mkdir(parents=True)
        (self.root / "var/run").symlink_to("../run")
        (self.root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n", "ascii")
        (self.root / "etc/group").write_text("root:x:0:\n", "ascii")
        (self.root / "etc/hosts").touch()
        for name in ("null", "urandom"):
            (self.root / "dev" / name).touch()
            subprocess.run(["mount", "--bind", f"/dev/{name}", str(self.root / "dev" / name)],
                           check=True)

    def run(self, argv: Sequence[str], timeout_s: float = _DEADLINE_S,
            data: Input = None) -> Completed:
        """Run a program of the tree: a `Runner`."""
        return run_process(["chroot", str(self.root), *argv], timeout_s, data)

    @contextmanager
    def daemon(self, *argv: str, ready: Callable[[], bool]) -> Iterator[None]:
        """It runs in the block, from when it is `ready`; it must not go to the background."""
        with open(self.root / "tmp" / f"{os.path.basename(argv[0])}.log", "wb") as log:
            process = subprocess.Popen(["chroot", str(self.root), *argv], stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            limit = time.monotonic() + _DEADLINE_S
            while not ready():
                if process.poll() is not None or time.monotonic() > limit:
                    raise AssertionError(Path(log.name).read_text("utf-8", "replace")[-3000:])
                time.sleep(0.1)
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own
            process.wait()
