"""Real rpm packages and rpm databases, built by rpmbuild from a table.

A table is text: one line a package, `NAME VERSION RELEASE ARCH [VENDOR]`, and below it, indented,
the files that it owns; `config ` before a path marks it %config(noreplace).  Lines with # are
comments.  The files' content is taken from a tree, so `rpm -V` on the host tells the truth.
"""

import stat
import subprocess
from pathlib import Path
from typing import Iterator, List, NamedTuple, Sequence, Tuple

_MACROS = {
    "_topdir": "/nonexistent",
    "_build_id_links": "none",
    "_binary_payload": "w3.gzdio",
    "__os_install_post": "%{nil}",
    "debug_package": "%{nil}",
    "use_source_date_epoch_as_buildtime": "1",
    "_buildhost": "rig.example.org",
    # EL's databases of 9 are SQLite; the packages' digests are what rpm 4.16 knows
    "_db_backend": "sqlite",
    "_unpackaged_files_terminate_build": "0",
}
_EPOCH = "1701302400"


class Package(NamedTuple):
    """A line of a table with the lines below it."""

    name: str
    version: str
    release: str
    arch: str
    vendor: str
    files: Tuple[Tuple[str, bool], ...]

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.release}.{self.arch}.rpm"


def read_table(text: str) -> List[Package]:
    """The packages of a table, in its order."""
    found: List[Package] = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if line[0].isspace():
            package = found[-1]
            found[-1] = package._replace(files=(*package.files, (words[-1], words[0] == "config")))
        else:
            name, version, release, arch = words[:4]
            found.append(Package(name, version, release, arch, " ".join(words[4:]) or "CentOS", ()))
    return found


def build(packages: Sequence[Package], tree: Path, out: Path) -> None:
    """The packages as files in `out`, with the owned files' content from `tree`."""
    work = out / "work"
    work.mkdir()
    spec = work / "rig.spec"
    spec.write_text("\n".join(_spec(packages, tree)) + "\n", "utf-8")
    _run(
        [
            "rpmbuild",
            "-bb",
            "--quiet",
            "--buildroot",
            str(work / "root"),
            "--define",
            f"_rpmdir {out}",
            "--define",
            "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
            *_defines(work),
            str(spec),
        ],
        work,
    )
    subprocess.run(["rm", "-rf", str(work)], check=True)


def install(files: Sequence[Path], database: Path) -> None:
    """Add packages to the database (made if it is absent), and to it only."""
    database.mkdir(parents=True, exist_ok=True)
    work = database.parent
    _run(
        [
            "rpm",
            "--install",
            "--justdb",
            "--nodeps",
            "--noscripts",
            "--notriggers",
            "--nosignature",
            "--ignorearch",
            "--ignoreos",
            "--dbpath",
            str(database),
            *_defines(work),
            *map(str, files),
        ],
        work,
    )


def _spec(packages: Sequence[Package], tree: Path) -> Iterator[str]:
    yield from ("Name: rig", "Version: 1", "Release: 1", "Summary: The rig", "License: GPLv2+", "")
    yield from (
        "%description",
        "Packages of a stand-in host.",
        "",
        "%install",
        "mkdir -p %{buildroot}",
    )
    owned = sorted({path for package in packages for path, _ in package.files})
    for path in owned:
        yield f"mkdir -p %{{buildroot}}{Path(path).parent}"
        yield f"cp -a {tree}{path} %{{buildroot}}{path}"
    for package in packages:
        yield f"%package -n {package.name}"
        yield f"Version: {package.version}"
        yield f"Release: {package.release}"
        yield f"Vendor: {package.vendor}"
        yield "AutoReqProv: no"
        yield f"Summary: {package.name}"
        if package.arch == "noarch":
            yield "BuildArch: noarch"
        yield from (f"%description -n {package.name}", package.name, "")
        yield f"%files -n {package.name}"
        for path, config in package.files:
            yield _file(tree, path, config)
        yield ""


def _file(tree: Path, path: str, config: bool) -> str:
    """The line of %files, with the owner by the tree's names: this machine has other numbers."""
    real = tree / path.lstrip("/")
    status = real.lstat()
    names = [_name(tree, "passwd", status.st_uid), _name(tree, "group", status.st_gid)]
    kind = "%config(noreplace) " if config else "%dir " if stat.S_ISDIR(status.st_mode) else ""
    return f"%attr(-,{','.join(names)}) {kind}{path}"


def _name(tree: Path, file: str, number: int) -> str:
    for line in (tree / "etc" / file).read_text("utf-8").splitlines():
        words = line.split(":")
        if words[2] == str(number):
            return words[0]
    raise ValueError(f"{tree}/etc/{file} has no name for {number}")


def _defines(work: Path) -> List[str]:
    macros = {**_MACROS, "_topdir": str(work)}
    return [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]


def _run(argv: List[str], work: Path) -> None:
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=work,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(work),
            "SOURCE_DATE_EPOCH": _EPOCH,
        },
    )
    if done.returncode:
        raise RuntimeError(f"{argv[0]} failed ({done.returncode}):\n{done.stdout[-3000:]}")
