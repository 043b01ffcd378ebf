"""Debian trees for the stand-ins, made by mmdebstrap from the mirror of this machine's apt."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

_PACKED = ("man", "doc", "locale", "info", "gnome/help", "omf")


def mirror() -> str:
    """The first mirror in this machine's apt sources (never written into a file of the repo)."""
    for path in sorted(Path("/etc/apt").glob("sources.list.d/*.sources")):
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("URIs:") and "debian" in line:
                return line.split()[1]
    for path in [
        Path("/etc/apt/sources.list"),
        *sorted(Path("/etc/apt").glob("sources.list.d/*.list")),
    ]:
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            if line.startswith("deb ") and "debian" in line:
                return next(word for word in line.split() if "://" in word)
    raise RuntimeError("no Debian mirror in this machine's apt sources")


def bootstrap(
    suite: str, packages: Sequence[str], tree: Path, *extra: str, log: Path, variant: str = "apt"
) -> None:
    """A minimal tree of `suite` with `packages` in `tree` (no docs, no recommends, no initramfs).

    Variant `extract` unpacks the packages and what they depend on, and configures nothing:
    enough to run a program there.
    """
    argv = [
        "mmdebstrap",
        "--mode=root",
        f"--variant={variant}",
        "--include=" + ",".join(packages),
        '--aptopt=Apt::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=Acquire::Retries "5"',
    ]
    argv += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _PACKED]
    argv += [*extra, suite, str(tree), f"deb [trusted=yes] {mirror()} {suite} main"]
    with open(log, "w", encoding="utf-8") as out:
        result = subprocess.run(
            argv,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "INITRD": "No"},
            check=False,
        )
    if result.returncode:
        raise RuntimeError(
            f"mmdebstrap {suite} failed:\n" + log.read_text("utf-8", "replace")[-3000:]
        )


@contextmanager
def mounted_for_chroot(tree: Path) -> Iterator[None]:
    """/proc and /dev of this machine inside `tree`, for programs run there by chroot."""
    subprocess.run(["mount", "-t", "proc", "proc", str(tree / "proc")], check=True)
    try:
        subprocess.run(["mount", "--bind", "/dev", str(tree / "dev")], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", str(tree / "dev")], check=True)
    finally:
        subprocess.run(["umount", str(tree / "proc")], check=True)


def chroot(tree: Path, *argv: str, **kwargs: object) -> "subprocess.CompletedProcess[str]":
    """Run a program of `tree` in `tree`; raises with its output when it fails."""
    result = subprocess.run(
        ["chroot", str(tree), *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"},
    )
    if result.returncode:
        raise RuntimeError(
            f"chroot {' '.join(argv)} failed ({result.returncode}):\n{result.stdout[-3000:]}"
        )
    return result
