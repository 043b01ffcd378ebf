"""The recorded hosts of tests/data/hosts, as trees with scripted programs or as facts."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, List

from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts
from tests.fakes import MANY, FakeHost

HOSTS = Path(__file__).parent / "data" / "hosts"
_HEADER_MAGIC = b"\x8e\xad\xe8\x01\0\0\0\0"  # rpm's lib/header.c


def names() -> List[str]:
    """All recorded hosts."""
    return sorted(path.parent.name for path in HOSTS.glob("*/host.json"))


def facts(name: str) -> HostFacts:
    """What the inventory makes of the host, as recorded; no program, no tree, no librpm needed."""
    return codec.loads(HostFacts, (HOSTS / name / "facts.json").read_text("utf-8"), name)


def host(name: str, scratch: Path, *, script: bool = True) -> FakeHost:
    """The host set up in `scratch`; without `script` its programs are left to the caller."""
    recorded = HOSTS / name
    described = json.loads((recorded / "host.json").read_text("utf-8"))
    root = scratch / name
    shutil.copytree(str(recorded / "root"), str(root))
    fake = FakeHost(root)
    for path, target in described["links"].items():
        fake.link(path, target)
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    for path, mode in described["modes"].items():
        fake.path(path).chmod(int(mode, 8) | (0o400 if os.geteuid() else 0))
    for path in described["programs"]:
        fake.write(path, mode=0o755)
    for path, packages in described["rpmdb"].items():
        rpm_database(fake.path(path), packages)
    return programs(name, fake) if script else fake


def programs(name: str, fake: FakeHost) -> FakeHost:
    """The host's programs answer as they were recorded."""
    recorded = HOSTS / name
    for command in json.loads((recorded / "host.json").read_text("utf-8"))["commands"]:
        words = command["argv"] if len(command["argv"]) > 1 else [*command["argv"], ...]
        output = (recorded / "commands" / command["stdout"]).read_text("utf-8")
        fake.on(*words, stdout=output, times=MANY)
    return fake


def rpm_database(directory: Path, packages: List[str]) -> None:
    """Make an rpm database with packages named name-[epoch:]version-release.arch."""
    directory.mkdir(parents=True)
    blob = b"".join(_HEADER_MAGIC + _header(nevra) for nevra in packages)
    subprocess.run(["rpmdb", "--importdb", "--dbpath", str(directory)], input=blob, check=True,
                   timeout=60)


def _header(nevra: str) -> bytes:
    import rpm
    rest, _, arch = nevra.rpartition(".")
    name, version, release = rest.rsplit("-", 2)
    epoch, colon, version = version.rpartition(":")
    header: Any = rpm.hdr()
    header["name"], header["version"], header["release"] = name, version, release
    header["os"], header["vendor"] = "linux", "Example"
    if arch != "(none)":
        header["arch"] = arch
    header["sourcerpm"] = f"{name}-{version}-{release}.src.rpm"
    if colon:
        header["epoch"] = int(epoch)
    return bytes(header.unload())
