"""podman for the NG stand-in, which lacks it: bullseye's, to be put into a running guest.

Its 3.0 writes what el9's podman wrote before version 5: overlay storage with a BoltDB.
"""

import io
import shutil
import tarfile
from pathlib import Path
from typing import Set

from . import debian
from .cache import cached, remove_tree

PLACE = "/run/podman"  # on the guest: a tmpfs, so that NG's own volumes hold podman's state alone
COMMAND = f"{PLACE}/run"
_PACKAGES = ("podman", "crun", "conmon", "busybox-static")
_PROGRAMS = ("podman", "crun", "conmon")
_CONFIG = f"""[containers]
seccomp_profile = ""
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
conmon_path = ["{PLACE}/conmon"]
runtime = "crun"
[engine.runtimes]
crun = ["{PLACE}/crun"]
"""


def programs() -> Path:
    """The directory for `PLACE`: `run` is podman, with everything that it needs beside it."""
    return cached("ng-podman", [*_PACKAGES, Path(debian.__file__), Path(__file__)], _build) / "out"


def image() -> bytes:
    """A container image's only layer, as a tar archive: /bin/busybox, which needs nothing else."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(programs().parent / "busybox", "bin/busybox")
    return packed.getvalue()


def _build(out: Path) -> None:
    tree, made = out / "tree", out / "out"
    debian.bootstrap("bullseye", _PACKAGES, tree, log=out / "bootstrap.log", variant="extract")
    (made / "lib").mkdir(parents=True)
    libraries: Set[str] = set()
    for name in _PROGRAMS:
        shutil.copy(tree / "usr/bin" / name, made / f"{name}.real")
        said = debian.chroot(tree, "/lib64/ld-linux-x86-64.so.2", "--list", f"/usr/bin/{name}")
        libraries.update(word for word in said.stdout.split() if word.startswith("/lib/"))
        libraries.update(word for word in said.stdout.split() if word.startswith("/usr/lib/"))
        _script(made / name, f'exec {PLACE}/{name}.real "$@"')  # conmon hands on no environment
    for library in libraries:
        shutil.copy(tree / library.lstrip("/"), made / "lib")
    (made / "containers.conf").write_text(_CONFIG, "ascii")
    _script(made / "run", f'CONTAINERS_CONF={PLACE}/containers.conf exec {PLACE}/podman "$@"')
    shutil.copy(tree / "bin/busybox", out / "busybox")
    remove_tree(tree)


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\nexport LD_LIBRARY_PATH={PLACE}/lib\n{line}\n", "ascii")
    path.chmod(0o755)
