"""The program for the new system as one file: the modules that need only the standard library."""

import io
import zipfile
from pathlib import Path
from typing import List

import ng2coreos

# whole rooms, and of stage/ what works on the boot partition
_ROOMS = ("core", "firstboot", "model", "report")
_STAGE = ("__init__", "arm", "bls", "bootdir", "grubenv", "menu", "state")
_NOT_THERE = ("firstboot/parcel.py", "firstboot/zipapp.py")  # they make it
_MAIN = b"""\
import sys

from ng2coreos.firstboot.cli import main

sys.exit(main())
"""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def build() -> bytes:
    """The zipapp; the same bytes for the same modules, on every host and at any time.

    Stored, not deflated: deflate's result depends on the zlib that made it.
    """
    package = Path(ng2coreos.__file__).parent
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "__main__.py", _MAIN)
        for name in modules(package):
            _add(archive, f"ng2coreos/{name}", (package / name).read_bytes())
    return stream.getvalue()


def modules(package: Path) -> List[str]:
    """The modules inside, as sorted paths below the package."""
    found = ["__init__.py", *(f"stage/{name}.py" for name in _STAGE)]
    for room in _ROOMS:
        found += [f"{room}/{path.name}" for path in (package / room).glob("*.py")]
    return sorted(set(found) - set(_NOT_THERE))


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3  # Unix, wherever it is made
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)
