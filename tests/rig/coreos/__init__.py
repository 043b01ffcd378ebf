"""The CoreOS stand-in: ostree repositories to migrate to; `build()` makes what the cache lacks."""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Sequence

from ..cache import cached
from . import enforcing, workloads
from .commit import NEWER_VERSION, REF, ostree, repositories
from .tree import VERSION

__all__ = ["CoreosImage", "build", "build_enforcing", "build_workloads"]
_LABEL = "payload"
_SLACK_BYTES = 64 * 1024**2
_INODE_RATIO_BYTES = 8192
_REPOSITORIES = ("repo", "repo-newer", "repo-unsigned", "repo-corrupt", "repo-nolvm")


@dataclass(frozen=True)
class CoreosImage:
    """Where everything is.  All repositories are archives with one branch, `ref`.

    On `payload` (an ext4 image with the label "payload", to be attached read-only) the same names
    lie in the top directory.
    """

    repo: Path
    newer: Path
    unsigned: Path
    corrupt: Path
    nolvm: Path
    tar: Path
    key: Path
    payload: Path
    ref: str
    version: str
    newer_version: str
    checksum: str
    newer_checksum: str
    nolvm_checksum: str


def build() -> CoreosImage:
    """The image, from the cache or made now."""
    repos = repositories()
    payload = _payload("coreos-payload", repos, _REPOSITORIES)
    return CoreosImage(
        repo=repos / "repo",
        newer=repos / "repo-newer",
        unsigned=repos / "repo-unsigned",
        corrupt=repos / "repo-corrupt",
        nolvm=repos / "repo-nolvm",
        key=repos / "key.asc",
        tar=payload / "ostree-commit.tar",
        payload=payload / "payload.img",
        ref=REF,
        version=VERSION,
        newer_version=NEWER_VERSION,
        checksum=ostree(repos / "repo", "rev-parse", REF),
        newer_checksum=ostree(repos / "repo-newer", "rev-parse", REF),
        nolvm_checksum=ostree(repos / "repo-nolvm", "rev-parse", REF),
    )


def build_enforcing() -> CoreosImage:
    """The same image with SELinux enforcing, as `repo` alone."""
    return _variant("coreos-enforcing-payload", enforcing.repository())


def build_workloads() -> CoreosImage:
    """The same image with podman and kdump, as `repo` alone."""
    return _variant("coreos-workloads-payload", workloads.repository())


def _variant(name: str, repos: Path) -> CoreosImage:
    payload = _payload(name, repos, ("repo",))
    return replace(
        build(),
        repo=repos / "repo",
        tar=payload / "ostree-commit.tar",
        payload=payload / "payload.img",
        checksum=ostree(repos / "repo", "rev-parse", REF),
    )


def _payload(name: str, repos: Path, names: Sequence[str]) -> Path:
    return cached(name, [repos, Path(__file__)], lambda out: _build_payload(out, repos, names))


def _build_payload(out: Path, repos: Path, repositories: Sequence[str]) -> None:
    content = out / "content"
    content.mkdir()
    names = [os.fspath(repos / name) for name in (*repositories, "key.asc")]
    subprocess.run(["cp", "-a", *names, os.fspath(content)], check=True)  # one cp keeps the links
    tar = out / "ostree-commit.tar"
    subprocess.run(["tar", "-C", os.fspath(repos / "repo"), "-cf", os.fspath(tar), "."], check=True)
    os.link(tar, content / tar.name)
    image = out / "payload.img"
    used = int(subprocess.check_output(["du", "-s", "-B1", os.fspath(content)]).split()[0])
    with open(image, "wb") as file:
        file.truncate(used + used // 10 + _SLACK_BYTES)
    # These two features are unknown to the tools of the NG stand-in.
    features = ["-O", "^metadata_csum_seed,^orphan_file", "-m", "0"]
    argv = ["mkfs.ext4", "-q", *features, "-i", str(_INODE_RATIO_BYTES), "-L", _LABEL]
    subprocess.run([*argv, "-d", os.fspath(content), os.fspath(image)], check=True)
    shutil.rmtree(content)
