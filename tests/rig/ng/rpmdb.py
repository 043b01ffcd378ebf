"""The stand-in's rpm databases: the image's (in two versions) and the running layer's."""

import shutil
import tempfile
from pathlib import Path
from typing import List, Optional

from .. import rpms
from .names import NEW, Generation

_TABLES = Path(__file__).with_name("packages")
# Installed with --justdb by imgbased at the update, so it is there without its files.
IMAGE_UPDATE = rpms.Package(
    "ovirt-node-ng-image-update", NEW.version, "1.el9", "noarch", "oVirt", ()
)


def image_packages(generation: Generation) -> List[rpms.Package]:
    """What the image of the generation was made of."""
    packages = _read("system") + _read("ovirt")
    if generation != NEW:
        older = {package.name: package for package in _read("older")}
        packages = [
            older[p.name]._replace(files=p.files) if p.name in older else p for p in packages
        ]
    return packages


def admin_packages() -> List[rpms.Package]:
    """What the admin added to the running layer."""
    return _read("admin")


def install(
    tree: Path, database: Path, packages: List[rpms.Package], keep: Optional[Path] = None
) -> None:
    """Add packages, whose files are those of `tree`, to a database; `keep` gets the rpm files."""
    with tempfile.TemporaryDirectory(prefix="rig-rpm-") as temporary:
        out = Path(temporary)
        rpms.build(packages, tree, out)
        rpms.install([out / package.file_name for package in packages], database)
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            for package in packages:
                shutil.copy(out / package.file_name, keep)


def _read(name: str) -> List[rpms.Package]:
    return rpms.read_table((_TABLES / f"{name}.txt").read_text("utf-8"))
