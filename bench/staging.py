"""Staging an image, ours and by bare ostree; both tell the seconds of the work alone.

The image is an unsigned archive repository, as on a medium.  Bare ostree is what an admin would
type who wants the same guarantee: every checksum of the image verified, as in a pull by HTTP.
"""

import os
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable

from ng2coreos.core import durable
from ng2coreos.core.host import Host
from ng2coreos.model.plan import Target
from ng2coreos.model.target import TargetSource
from ng2coreos.stage import bootdir, mounts, sysroot

_OS, _REF = "ovirt-node", "node/x86_64/1"
_ARGUMENTS = ("root=UUID=1", "rw", "rd.lvm.lv=onn/a", "rd.lvm.lv=onn/b")
_FILE_BYTES = 16 * 1024
_KERNEL_BYTES, _INITRAMFS_BYTES = 1024, 8 * 1024  # for each file, the proportion of a real image
_PER_DIRECTORY = 50


def prepare(top: Path, count: int) -> None:
    """A repository below `top` with a commit of `count` files; half of a file compresses well."""
    noise = random.Random(count)
    tree = top / "tree"
    for n in range(count):
        place = tree / f"usr/share/{n // _PER_DIRECTORY}/{n}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(noise.randbytes(_FILE_BYTES // 2) + bytes(_FILE_BYTES // 2))
    modules = tree / "usr/lib/modules/6.1"
    modules.mkdir(parents=True)
    (modules / "vmlinuz").write_bytes(noise.randbytes(count * _KERNEL_BYTES))
    (modules / "initramfs.img").write_bytes(noise.randbytes(count * _INITRAMFS_BYTES))
    (tree / "usr/lib/os-release").write_text('ID=x\nPRETTY_NAME="Stand-in"\n', "utf-8")
    (tree / "usr/etc").mkdir()
    _run("ostree", f"--repo={top / 'repo'}", "init", "--mode=archive")
    _run("ostree", f"--repo={top / 'repo'}", "commit", "-b", _REF, f"--tree=dir={tree}")
    shutil.rmtree(tree)


def ours(top: Path, count: int) -> float:
    """The steps pull-commit and deploy."""
    del count
    commit = _commit(top)
    source = TargetSource("repo", str(top / "repo"), _REF)
    target = Target(source, _REF, commit, "1", False, "", "6.1", "2.14.0")
    host = Host()
    # In memory nothing can be frozen, and it would sync the disks of the whole machine instead.
    durable.settle = lambda path: None

    def work(root: Path, boot: Path) -> None:
        sysroot.init(host, root, _OS)
        sysroot.pull(host, root, top / "repo", target, lambda amount: None)
        with mounts.Mounts(host, root.parent / "mounts") as made:
            private = bootdir.make_private(boot)
            made.bind(private, root / "boot")
            sysroot.deploy(host, root, _OS, target, _ARGUMENTS, private)

    return _timed(top, work)


def bare(top: Path, count: int) -> float:
    """The ostree commands that lead to the same deployment."""
    del count
    commit = _commit(top)

    def work(root: Path, boot: Path) -> None:
        repo, system = f"--repo={root}/ostree/repo", f"--sysroot={root}"
        _run("ostree", "admin", "init-fs", "--modern", str(root))
        _run("ostree", "admin", system, "os-init", _OS)
        _run("ostree", repo, "pull-local", "--untrusted", str(top / "repo"), commit)
        _run("ostree", repo, "refs", f"--create={_REF}", commit)
        _run("ostree", "admin", "deploy", system, f"--os={_OS}",
             *(f"--karg-append={argument}" for argument in _ARGUMENTS), _REF)

    return _timed(top, work)


def _timed(top: Path, work: Callable[[Path, Path], None]) -> float:
    """Seconds of `work` with an empty sysroot and an empty boot; neither is left behind."""
    mounts.private_namespace()
    with tempfile.TemporaryDirectory(dir=top) as name:
        root, boot = Path(name) / "sysroot", Path(name) / "boot"
        root.mkdir()
        boot.mkdir()
        try:
            began = time.perf_counter()
            work(root, boot)
            seconds = time.perf_counter() - began
            found = list(root.glob(f"ostree/deploy/{_OS}/deploy/*.0/usr/lib/modules/6.1/vmlinuz"))
            if len(found) != 1:
                raise SystemExit("There is not one deployment.")
            return seconds
        finally:
            for deployment in root.glob(f"ostree/deploy/{_OS}/deploy/*.0"):
                _run("chattr", "-i", str(deployment))  # ostree makes it immutable


def _commit(top: Path) -> str:
    return _run("ostree", f"--repo={top / 'repo'}", "rev-parse", _REF)


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}, text=True).stdout.strip()
