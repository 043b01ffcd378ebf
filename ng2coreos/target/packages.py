"""The image's packages: from the commit's metadata, else from its rpm database."""

import re
from pathlib import Path
from typing import Any, List, Optional, Set, Tuple

from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.model.facts import Package
from ng2coreos.target.tree import Tree
from ng2coreos.target.work import temporary

_PKGLIST = "rpmostree.rpmdb.pkglist"
_DATABASES = ("usr/share/rpm", "usr/lib/sysimage/rpm")
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")
# The build sets one string variable (internal/version.Raw), which the linker puts between zeros;
# Go's own constants run into each other. Debian writes "Debian 2.14.0+ds1-1".
_RAW_VERSION = re.compile(
    rb"(?<=\0)(?:[A-Za-z]+ )?v?(\d+\.\d+\.\d+)(?:[+~-][0-9A-Za-z.+~-]{0,40})?(?=\0)")
_BINARIES = ("usr/lib/dracut/modules.d/30ignition/ignition", "usr/libexec/ignition",
             "usr/bin/ignition")
_OVERLAP_BYTES = 256  # longer than the version string, which may lie across two pieces


def packages(tree: Tree, work: Path) -> Tuple[Package, ...]:
    """Every package of the image, sorted by name; none where the image has no list at all."""
    listed = tree.metadata(_PKGLIST)
    found = (_from_database(tree, work) if listed is None
             else [_from_list(entry) for entry in listed])
    return tuple(sorted(found, key=lambda p: (p.name, p.nevra)))


def ignition_version(tree: Tree, listed: Tuple[Package, ...]) -> str:
    """Ignition's version as "2.14.0", or "" where the image has none that can be told.

    The package's version comes first (distributions add suffixes: 2.14.0+ds1), then the string
    that Ignition's build puts into its binary, if there is exactly one such string.
    """
    package = next((p for p in listed if p.name == "ignition"), None)
    if package is not None:
        match = _VERSION.match(package.version)
        if match:
            return f"{match.group(1)}.{match.group(2)}.{match.group(3) or 0}"
    for path in _BINARIES:
        node = tree.find(path)
        if node is not None and not node.is_directory:
            version = _in_binary(tree.open(node)[1])
            if version:
                return version
    return ""


def _in_binary(pieces: Any) -> str:
    tail = b""
    found: Set[str] = set()
    for piece in pieces:
        found.update(match.decode() for match in _RAW_VERSION.findall(tail + piece))
        tail = piece[-_OVERLAP_BYTES:]
    return found.pop() if len(found) == 1 else ""


def _from_list(entry: Any) -> Package:
    try:
        name, epoch, version, release, arch = entry
        return Package(name, int(epoch or 0), version, release, arch)
    except (TypeError, ValueError):
        raise BadInput("The commit's list of packages is malformed.",
                       hint="Was the image made by another version of rpm-ostree?") from None


def _from_database(tree: Tree, work: Path) -> List[Package]:
    for path in _DATABASES:
        names = [n for n, node in tree.list(path).items() if not node.is_directory]
        if names:
            with temporary(work) as directory:
                for name in names:
                    data = tree.read(f"{path}/{name}")
                    if data is not None:
                        (directory / name).write_bytes(data)
                return _query(str(directory))
    return []


def _query(directory: str) -> List[Package]:
    try:
        import rpm
    except ImportError:
        raise Unsupported("The rpm bindings for Python are missing.",
                          hint="Install python3-rpm, then try again.") from None
    rpm.addMacro("_dbpath", directory)
    try:
        return [_from_header(header) for header in rpm.TransactionSet("/").dbMatch()
                if header["name"] != "gpg-pubkey"]
    except rpm.error as error:
        raise BadInput(f"The image's rpm database cannot be read: {error}.",
                       hint="An image of rpm-ostree names its packages in the commit; is this "
                            "one older than 2020?") from None
    finally:
        rpm.delMacro("_dbpath")


def _from_header(header: Any) -> Package:
    return Package(_str(header["name"]) or "", int(header["epoch"] or 0),
                   _str(header["version"]) or "", _str(header["release"]) or "",
                   _str(header["arch"]) or "", _str(header["vendor"]) or "")


def _str(value: Any) -> Optional[str]:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
