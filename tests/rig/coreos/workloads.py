"""The CoreOS stand-in with workloads: real podman with its quadlets, and a kdump that dumps.

podman, crun, kexec and makedumpfile are Debian's; kdumpctl is the rig's, in the place of Fedora's.
The stand-in's table of packages has them all by Fedora's names anyway.
"""

import shutil
import subprocess
from pathlib import Path

from ..cache import cached
from . import commit, tree, variant

_LIST = Path(__file__).parent / "workloads.txt"
_FILES = Path(__file__).parent / "workloads"
# Half of what comes along, for nothing in a guest
_UNUSED = ("usr/share/perl", "usr/lib/x86_64-linux-gnu/perl",
           "usr/libexec/podman/podman-testing", "usr/libexec/podman/rootlessport")


def repository() -> Path:
    """The product with `repo`, one signed commit, and `key.asc`."""
    code = [Path(__file__), Path(str(commit.__file__)), Path(str(variant.__file__))]
    return cached("coreos-workloads",
                  [tree.coreos_tree(), _packages(), commit.signing_key(), *code, _FILES], _build)


def _packages() -> Path:
    return cached("coreos-podman", [tree.PACKAGES, _LIST, Path(str(variant.__file__))],
                  lambda out: shutil.rmtree(variant.bootstrap(_LIST, out)))


def _build(out: Path) -> None:
    root = variant.based(out, _packages())
    for name in _UNUSED:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    etc = _packages() / "tree/etc/containers"
    subprocess.run(["cp", "-a", str(etc), str(root / "usr/etc")], check=True)
    shutil.copytree(_FILES, root, dirs_exist_ok=True)
    variant.repository(out)
