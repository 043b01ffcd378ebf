"""The Debian tree under the stand-in: bullseye, for its Python 3.9, with blivet from PyPI."""

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import List

from .. import debian
from ..cache import cached

BLIVET = "blivet==3.6.0"  # the version of el9; Debian has no package of it
_LIST = Path(__file__).with_name("debian.txt")
# bullseye has no usr-is-merged package, which mmdebstrap's own hook for a merged /usr wants
_MERGE_USR = (
    'for dir in bin sbin lib lib64; do mkdir -p "$1/usr/$dir"; ln -s "usr/$dir" "$1/$dir"; done'
)
# dmraid's postinst triggers udev events: they would reach this machine's devices, or fail
_DIVERT = 'chroot "$1" dpkg-divert --quiet --local --divert /bin/udevadm.real'
_NO_UDEV = f'{_DIVERT} --no-rename --add /bin/udevadm; ln -s true "$1/bin/udevadm"'
_UDEV_AGAIN = f'rm "$1/bin/udevadm"; {_DIVERT} --rename --remove /bin/udevadm'


def debian_tree() -> Path:
    """The directory of the unpacked tree: Debian and blivet, nothing of oVirt.  Only to read."""
    return cached("ng-tree", [_LIST, Path(debian.__file__), Path(__file__)], _build) / "tree"


def packages() -> List[str]:
    """The Debian packages that are asked for by name."""
    lines = _LIST.read_text("ascii").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def _build(out: Path) -> None:
    tree = out / "tree"
    debian.bootstrap(
        "bullseye",
        packages(),
        tree,
        f"--setup-hook={_MERGE_USR}",
        f"--essential-hook={_NO_UDEV}",
        f"--customize-hook={_UDEV_AGAIN}",
        log=out / "bootstrap.log",
    )
    (archive,) = cached("blivet", [BLIVET], _download_blivet).glob("blivet-*.tar.gz")
    with tarfile.open(
        archive
    ) as sdist:  # its setup.py would pull in what Debian has under other names
        for member in sdist:
            _, _, name = member.name.partition("/")
            if name.startswith("blivet/"):
                member.name = name
                sdist.extract(member, tree / "usr/lib/python3/dist-packages")
    with debian.mounted_for_chroot(tree):  # without its modules blivet fails only when it is used
        debian.chroot(tree, "python3", "-c", "import blivet; blivet.Blivet()")


def _download_blivet(out: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--dest",
            str(out),
            BLIVET,
        ],
        check=True,
    )
