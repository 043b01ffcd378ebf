"""The repositories: one signed commit, a newer one, and what a careful tool must refuse."""

import os
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path
from typing import List, Mapping, Sequence

from .. import rpms
from ..cache import cached, remove_tree
from . import initrd, tree

REF = "ovirt/x86_64/coreos/stable"
NEWER_VERSION = "41.20261115.3.0"
KEY_NAME = "Rig CoreOS <rig@example.org>"
_CORRUPTED = "/usr/lib/os-release"
# Fast to write and to read under emulation; the repositories never leave this machine.
_ZLIB_LEVEL = "2"


def repositories() -> Path:
    """The product with repo, repo-newer, repo-unsigned, repo-corrupt, repo-nolvm and key.asc."""
    sources = [Path(__file__), Path(str(tree.__file__))]
    return cached("coreos-repos", [tree.coreos_tree(), signing_key(), *sources], _build)


def ostree(repo: Path, *argv: str) -> str:
    """Run ostree on `repo`; what it printed."""
    done = subprocess.run(
        ["ostree", f"--repo={repo}", *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"ostree {argv[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def object_path(repo: Path, checksum: str, kind: str) -> Path:
    """Where an archive repository keeps an object (`kind`: filez, commitmeta, ...)."""
    return repo / "objects" / checksum[:2] / f"{checksum[2:]}.{kind}"


def package_list(packages: Sequence[rpms.Package]) -> str:
    """As rpm-ostree writes it into a commit: (name, epoch, version, release, arch)."""
    rows = sorted((p.name, "0", p.version, p.release, p.arch) for p in packages)
    return "[" + ", ".join("(" + ", ".join(f"'{item}'" for item in row) + ")" for row in rows) + "]"


def signing_key() -> Path:
    """The product with key.asc and secret.pgp."""
    return cached("coreos-key", [KEY_NAME, "ed25519"], _make_key)


def _make_key(out: Path) -> None:
    argv = ["--passphrase", "", "--quick-generate-key", KEY_NAME, "ed25519", "sign", "never"]
    _gpg(out, *argv)
    (out / "key.asc").write_bytes(_gpg(out, "--armor", "--export", KEY_NAME))
    secret = _gpg(out, "--passphrase", "", "--export-secret-keys", KEY_NAME)
    (out / "secret.pgp").write_bytes(secret)
    forget(out)


def _gpg(out: Path, *argv: str) -> bytes:
    """gpg with a key ring of its own below `out`; its agent ends with the call."""
    home = out / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rigpg") as short:  # the agent's socket path is limited
        link = Path(short, "home")
        link.symlink_to(home)
        base = [
            "gpg",
            "--homedir",
            os.fspath(link),
            "--batch",
            "--quiet",
            "--pinentry-mode",
            "loopback",
        ]
        try:
            return subprocess.run([*base, *argv], stdout=subprocess.PIPE, check=True).stdout
        finally:
            subprocess.run(["gpgconf", "--homedir", os.fspath(link), "--kill", "all"], check=True)


def forget(out: Path) -> None:
    """Remove the key ring; the agent that ostree started removes its sockets at the same time."""
    subprocess.run(["gpgconf", "--homedir", os.fspath(out / "home"), "--kill", "all"], check=False)
    remove_tree(out / "home")


def _build(out: Path) -> None:
    product = tree.coreos_tree()
    root = product / "tree"
    shutil.copy(signing_key() / "key.asc", out)
    repo = out / "repo"
    subprocess.run(["ostree", f"--repo={repo}", "init", "--mode=archive"], check=True)
    ostree(repo, "config", "set", "archive.zlib-level", _ZLIB_LEVEL)
    make(out, repo, tree.VERSION, [f"--tree=dir={root}"])
    _link(repo, out / "repo-newer")
    _link(repo, out / "repo-nolvm")
    _newer(out)
    _nolvm(out, product)
    _unsigned(out)
    _corrupt(out)
    forget(out)


def make(out: Path, repo: Path, version: str, trees: Sequence[str],
         more: Sequence[rpms.Package] = ()) -> None:
    """Commit `trees` (options of `ostree commit`), signed; `more` packages than the table has."""
    packages = [*rpms.read_table(tree.RPM_TABLE.read_text("ascii")), *more]
    argv = ["commit", f"--branch={REF}", f"--subject=Rig CoreOS {version}", "--bootable", *trees]
    argv += [f"--add-metadata-string=version={version}"]
    argv += [f"--add-metadata=rpmostree.rpmdb.pkglist={package_list(packages)}"]
    checksum = ostree(repo, *argv)
    _gpg(out, "--import", os.fspath(signing_key() / "secret.pgp"))
    ostree(repo, "gpg-sign", f"--gpg-homedir={out / 'home'}", checksum, _fingerprint(out))


def _fingerprint(out: Path) -> str:
    lines = _gpg(out, "--with-colons", "--list-secret-keys").decode().splitlines()
    return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))


def _link(repo: Path, copy: Path) -> None:
    """A copy by hard links: ostree replaces files, it never writes into one."""
    subprocess.run(["cp", "-al", os.fspath(repo), os.fspath(copy)], check=True)


def _overlay(out: Path, files: Mapping[str, bytes]) -> List[str]:
    """Options for a commit: the one before with some files replaced."""
    directory = out / "overlay"
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [f"--tree=ref={REF}", f"--tree=dir={directory}"]


def _newer(out: Path) -> None:
    """The next version: another os-release, a new file, a default of /etc changed; same kernel."""
    chrony = (tree.FILES / "etc/chrony.conf").read_bytes() + b"maxslewrate 1000\n"
    files = {"usr/share/rig/newer": b"newer\n", "usr/etc/chrony.conf": chrony}
    options = _overlay(out, files)
    tree.stamp_version(out / "overlay", NEWER_VERSION)
    make(out, out / "repo-newer", NEWER_VERSION, options)
    shutil.rmtree(out / "overlay")


def _nolvm(out: Path, product: Path) -> None:
    """The same version with an initramfs that cannot find a root on a logical volume."""
    name = f"usr/lib/modules/{initrd.kernel_version(product / 'tree')}/initramfs.img"
    options = _overlay(out, {name: (product / "initramfs-nolvm.img").read_bytes()})
    (out / "overlay" / name).chmod(0o600)
    make(out, out / "repo-nolvm", tree.VERSION, options)
    shutil.rmtree(out / "overlay")


def _unsigned(out: Path) -> None:
    copy = out / "repo-unsigned"
    _link(out / "repo", copy)
    object_path(copy, ostree(copy, "rev-parse", REF), "commitmeta").unlink()


def _corrupt(out: Path) -> None:
    """One file's content differs from its name, as after bit rot that the disk did not notice."""
    copy = out / "repo-corrupt"
    _link(out / "repo", copy)
    checksum = ostree(copy, "ls", "--checksum", REF, _CORRUPTED).split()[4]
    path = object_path(copy, checksum, "filez")
    data = path.read_bytes()
    start = 8 + int.from_bytes(
        data[:4], "big"
    )  # length, padding, header, then the raw deflate data
    content = bytearray(zlib.decompress(data[start:], -zlib.MAX_WBITS))
    content[0] ^= 1
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    path.unlink()
    path.write_bytes(data[:start] + packer.compress(bytes(content)) + packer.flush())
