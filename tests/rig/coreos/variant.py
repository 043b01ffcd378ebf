"""A variant of the stand-in: what further Debian packages bring, laid over its tree, and a commit.

The packages come with what they need; only files of packages that the stand-in lacks are taken,
so that what is in the tree, and was trimmed there, stays as it is.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import List, Sequence, Set

from .. import debian, rpms
from . import commit, tree


def words(file: Path) -> List[str]:
    """The words of a list; lines with # are comments."""
    lines = file.read_text("ascii").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def bootstrap(packages: Path, out: Path) -> Path:
    """Debian with the packages of that list: their own files in `out`/tree; the rest, to remove."""
    whole, kept = out.resolve() / "whole", out / "tree"
    debian.bootstrap("trixie", [*words(tree.PACKAGES), *words(packages)], whole,
                     log=out / "bootstrap.log")
    for path in sorted(_brought(whole)):
        target = kept / path
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", str(whole / path), str(target)], check=True)
    return whole


def _brought(whole: Path) -> Set[str]:
    """The files of the packages that the stand-in lacks, relative; no documentation."""
    def installed(root: Path) -> Set[str]:
        return {path.name for path in (root / "var/lib/dpkg/info").glob("*.list")}

    found: Set[str] = set()
    for name in installed(whole) - installed(tree.debian_tree() / "tree"):
        for line in (whole / "var/lib/dpkg/info" / name).read_text("utf-8").splitlines():
            path = line.lstrip("/")
            real = os.path.realpath(os.path.dirname(whole / path))  # /sbin and so on are links
            path = os.path.join(os.path.relpath(real, whole), os.path.basename(path))
            skipped = path.startswith(("var/", "usr/share/doc", "usr/share/selinux"))
            if not skipped and ((whole / path).is_symlink() or (whole / path).is_file()):
                found.add(path)
    return found


def based(out: Path, product: Path) -> Path:
    """A copy of the stand-in's tree in `out`, with /usr of `product`/tree laid over it."""
    root = out / "tree"
    subprocess.run(["cp", "-a", "--reflink=auto", str(tree.coreos_tree() / "tree"), str(root)],
                   check=True)
    subprocess.run(["cp", "-a", f"{product}/tree/usr", str(root)], check=True)
    return root


def repository(out: Path, *options: str, more: Sequence[rpms.Package] = ()) -> None:
    """`repo` and `key.asc` in `out`: one signed commit of `out`/tree, which goes away.

    `options` are those of `ostree commit`; `more` are packages that the stand-in's table lacks.
    """
    repo, root = out / "repo", out / "tree"
    subprocess.run(["ostree", f"--repo={repo}", "init", "--mode=archive"], check=True)
    commit.make(out, repo, tree.VERSION, [f"--tree=dir={root}", *options], more=more)
    shutil.copy(commit.signing_key() / "key.asc", out)
    commit.forget(out)
    shutil.rmtree(root)
