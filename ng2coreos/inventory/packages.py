"""The layer's rpm packages against those that its image was built with, through librpm.

librpm is given a private copy of each database: opened in place as root, sqlite would leave
rpmdb.sqlite-shm and Berkeley DB its __db files beside a database that we may only read.
"""

import importlib
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import AbstractSet, Any, Callable, Dict, FrozenSet, List, Sequence, Set, Tuple, TypeVar

from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.inventory import origins
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import Package, Packages

Made = TypeVar("Made")

LIVE = "/usr/share/rpm"
FACTORY = "/usr/share/factory/var/lib/rpm"
PERSISTED = "/var/imgbased/persisted-rpms"

# Database by file name and the files that make it up; first found is used.
_SQLITE = "rpmdb.sqlite"
_FILES: Dict[str, Tuple[str, ...]] = {
    _SQLITE: (_SQLITE, f"{_SQLITE}-wal"),
    "Packages.db": ("Packages.db", "Index.db"),
    "Packages": ("Packages", "Name"),
}
_KEYS = "gpg-pubkey"  # trusted keys, kept as if they were packages
# NG's own mark of the running image, made by --justdb; the admin did not add it (ng-host 3.3).
_IMAGE_MARKS = ("ovirt-node-ng-image-update", "redhat-virtualization-host-image-update",
                "ovirt-node-ng-image-update-placeholder",
                "redhat-virtualization-host-image-update-placeholder")
# What one package alone brings, in any release: a library's soname, a module of a language.  Any
# other word that is not its name is a choice among several (server(smtp), /usr/sbin/sendmail).
_ITS_OWN = re.compile(r"lib\S+\.so[.\d]*(?:\(|$)|(?:perl|python[\d.]*dist|rubygem|pkgconfig)\(")

_Ties = Tuple[Package, FrozenSet[str], FrozenSet[str]]  # with what it provides and requires


def read(host: Host) -> Packages:
    """What was added to and removed from the image; an update by the admin is both."""
    ties = [row for row in _read(host, LIVE, _ties) if row[0].name != _KEYS]
    live = {row[0].nevra: row[0] for row in ties}
    factory = {package.nevra: package for package in database(host, FACTORY)}
    added = tuple(live[n] for n in sorted(live.keys() - factory.keys()) if _real(live[n]))
    return Packages(
        total=len(live),
        added=added,
        removed=tuple(factory[n] for n in sorted(factory.keys() - live.keys())
                      if _real(factory[n])),
        persisted=tuple(n for n in host.names(PERSISTED) if n.endswith(".rpm")),
        needs=_needs(ties, {package.name for package in added}),
        origins=origins.read(host, added))


def database(host: Host, directory: str) -> List[Package]:
    """Every package of the rpm database in `directory`, trusted keys left out."""
    return [package for package in _read(host, directory, _package) if package.name != _KEYS]


def files(host: Host, tops: Sequence[str]) -> Dict[str, Tuple[int, int]]:
    """Each file below `tops` that a package of the running layer owns: its size and its time."""
    found: Dict[str, Tuple[int, int]] = {}
    prefixes = tuple(top + "/" for top in tops)
    for rows in _read(host, LIVE, lambda header: _files(header, prefixes)):
        found.update(rows)
    return found


def _read(host: Host, directory: str, make: Callable[[Any], Made]) -> List[Made]:
    with readable(directory), tempfile.TemporaryDirectory(prefix="ng2coreos-rpm-") as private:
        real = host.follow(directory)
        name = next((n for n in _FILES if (real / n).is_file()), None)
        if name is None:
            raise BadInput(f"There is no rpm database in {directory}.",
                           hint="An NG layer has one there; is this host's image damaged?")
        for file in _FILES[name]:
            if (real / file).is_file():
                shutil.copyfile(str(real / file), f"{private}/{file}")
        headers = _headers(private, make)
        if not headers or (name == _SQLITE and len(headers) != _count(Path(private) / name)):
            raise BadInput(f"The rpm database in {directory} cannot be read completely.",
                           hint="See `rpm --verifydb`; is another package manager at work?")
    return headers


def _headers(directory: str, make: Callable[[Any], Made]) -> List[Made]:
    rpm = _rpm()
    rpm.setVerbosity(rpm.RPMLOG_CRIT)  # a database of another kind than the default is no news
    rpm.addMacro("_dbpath", directory)
    try:
        transactions = rpm.TransactionSet("/")
        try:
            transactions.setVSFlags(-1)  # signatures were checked when they were installed
            return [make(header) for header in transactions.dbMatch()]
        finally:
            transactions.closeDB()
    except rpm.error:
        return []
    finally:
        rpm.delMacro("_dbpath")


def _package(header: Any) -> Package:
    return Package(name=_text(header["name"]), epoch=int(header["epoch"] or 0),
                   version=_text(header["version"]), release=_text(header["release"]),
                   arch=_text(header["arch"]), vendor=_text(header["vendor"]))


def _ties(header: Any) -> _Ties:
    return (_package(header), frozenset(_text(name) for name in header["providename"]),
            frozenset(_text(name) for name in header["requirename"]))


def _needs(ties: Sequence[_Ties], added: AbstractSet[str]) -> Dict[str, Tuple[str, ...]]:
    """For each added package the added ones that come with it wherever it is installed.

    That is sure only for what it asks by that package's own name, library or module, and nothing
    else here provides.  A rich requirement may be met otherwise elsewhere: it proves nothing.
    """
    providers: Dict[str, Set[str]] = {}
    for package, provides, _ in ties:
        for word in provides:
            providers.setdefault(word, set()).add(package.name)
    found: Dict[str, Set[str]] = {}
    for package, _, requires in ties:
        for word in requires if package.name in added else ():
            name, *others = providers.get(word) or [""]
            if name in added and not others and name != package.name and (
                    word == name or word.startswith(f"{name}(") or _ITS_OWN.match(word)):
                found.setdefault(package.name, set()).add(name)
    return {name: tuple(sorted(found[name])) for name in sorted(found)}


def _files(header: Any, prefixes: Tuple[str, ...]) -> Dict[str, Tuple[int, int]]:
    names = [_text(name) for name in header["filenames"]]
    if not any(name.startswith(prefixes) for name in names):
        return {}
    sizes = header["longfilesizes"] or header["filesizes"]
    return {name: (int(size), int(mtime))
            for name, size, mtime in zip(names, sizes, header["filemtimes"])
            if name.startswith(prefixes)}


def _text(value: Any) -> str:
    if isinstance(value, bytes):  # librpm before 4.15
        return value.decode("utf-8", "surrogateescape")
    return str(value or "")


def _count(path: Path) -> int:
    """The rows of a sqlite database, since librpm skips damaged headers without an error."""
    try:
        with closing(sqlite3.connect(str(path))) as connection:
            return int(connection.execute("SELECT count(*) FROM Packages").fetchone()[0])
    except sqlite3.DatabaseError:
        return -1


def _real(package: Package) -> bool:
    return package.name not in _IMAGE_MARKS


def _rpm() -> Any:
    try:
        return importlib.import_module("rpm")
    except ImportError as error:
        raise Unsupported(f"The Python module rpm cannot be used: {error}.",
                          hint="Install python3-rpm.") from None
