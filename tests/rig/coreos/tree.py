"""The tree of the CoreOS stand-in: Debian trixie reshaped as rpm-ostree leaves Fedora CoreOS.

The result has /usr/etc and no /etc, an almost empty /var, links from the top level into /var,
kernel and initramfs in /usr/lib/modules, and the rpm database in /usr/share/rpm.
"""

import contextlib
import glob
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from .. import accounts, debian, guestfiles, keys, rpms, vdsm
from ..cache import cached
from . import identities, initrd, modules, units

VERSION = "41.20261101.3.0"
_HERE = Path(__file__).parent
FILES = _HERE / "files"
PACKAGES = _HERE / "packages.txt"
RPM_TABLE = _HERE / "rpms.txt"
_REMOVED = _HERE / "removed.txt"
_GCONV_KEPT = (
    "gconv-modules",
    "gconv-modules.d",
    "gconv-modules.cache",
    "ISO8859-1.so",
    "UTF-16.so",
)
_LIBBPF = b"libbpf.so.1\0"
_LIBBPF_HIDDEN = b"librpf.so.1\0"
_VAR_LINKS = {
    "home": "var/home",
    "root": "var/roothome",
    "opt": "var/opt",
    "srv": "var/srv",
    "mnt": "var/mnt",
    "media": "run/media",
    "ostree": "sysroot/ostree",
    "usr/local": "../var/usrlocal",
}
_TOP_DIRECTORIES = ("boot", "dev", "proc", "rhev", "run", "sys", "sysroot", "tmp", "var")


def coreos_tree() -> Path:
    """The product with `tree`, ready to be committed, and `initramfs-nolvm.img`; read only."""
    code = (accounts, debian, guestfiles, identities, initrd, modules, rpms, units)
    sources = [Path(str(module.__file__)) for module in code]
    parts = [_HERE / "dracut", FILES, _HERE / "altfiles.c", RPM_TABLE, _REMOVED, Path(__file__)]
    vdsm_files = Path(vdsm.__file__).parent
    key = keys.public_key()
    return cached("coreos-tree", [debian_tree(), key, *sources, *parts, vdsm_files], _build)


def debian_tree() -> Path:
    """The product with `tree`: Debian as its packages leave it."""
    return cached("coreos-debian", [PACKAGES, Path(debian.__file__)], _bootstrap)


def _bootstrap(out: Path) -> None:
    lines = PACKAGES.read_text("ascii").splitlines()
    packages = [word for line in lines if not line.startswith("#") for word in line.split()]
    debian.bootstrap("trixie", packages, out / "tree", log=out / "bootstrap.log")


def _build(out: Path) -> None:
    tree = out / "tree"
    subprocess.run(
        ["cp", "-a", "--reflink=auto", str(debian_tree() / "tree"), str(tree)], check=True
    )
    modules.prune(tree, initrd.kernel_version(tree))
    initrd.prepare(tree)
    _remove_debian(tree)
    _hide_libbpf(tree)
    identities.add(tree)
    _copy_files(tree)
    stamp_version(tree, VERSION)
    guestfiles.install(tree)
    vdsm.install(tree)
    _units(tree)
    # A commit has no time stamps, so Python could not trust compiled files that name one.
    libraries = ("/usr/lib/python3", "/usr/lib/python3.13", "/usr/libexec/vdsm")
    compiler = ("python3", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash")
    debian.chroot(tree, *compiler, *libraries)
    _kernel(tree, out)
    _rpm_database(tree, out)
    _reshape(tree)


def stamp_version(tree: Path, version: str) -> None:
    """Write os-release of `version`."""
    text = (FILES / "usr/lib/os-release").read_text("ascii").replace("@VERSION@", version)
    target = tree / "usr/lib/os-release"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "ascii")


def _remove_debian(tree: Path) -> None:
    lines = _REMOVED.read_text("ascii").splitlines()
    for pattern in " ".join(line for line in lines if not line.startswith("#")).split():
        found = [Path(name) for name in glob.glob(str(tree / pattern))]  # dangling links too
        if not found:
            raise RuntimeError(f"{_REMOVED.name}: nothing matches {pattern}")
        for path in found:
            _remove(path)
    for path in (tree / "usr/lib/x86_64-linux-gnu/gconv").iterdir():
        if path.name not in _GCONV_KEPT:
            path.unlink()


def _hide_libbpf(tree: Path) -> None:
    """Give libbpf another name, which only the programs linked to it know.

    systemd loads it by name if it can, and then a BPF program for RestrictFileSystems=, which no
    unit here uses; under emulation that takes 40 s of each boot.
    """
    libraries = tree / "usr/lib/x86_64-linux-gnu"
    users = [
        path for path in (tree / "usr/sbin", tree / "usr/bin", libraries) for path in path.iterdir()
    ]
    for path in users:
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if content.startswith(b"\x7fELF") and _LIBBPF in content:
                path.write_bytes(content.replace(_LIBBPF, _LIBBPF_HIDDEN))
    link = libraries / _LIBBPF.rstrip(b"\0").decode()
    link.rename(libraries / _LIBBPF_HIDDEN.rstrip(b"\0").decode())


def _copy_files(tree: Path) -> None:
    """The rig's files: root's, 0644, or 0755 where executable here."""
    for source in sorted(FILES.rglob("*")):
        target = tree / source.relative_to(FILES)
        if source.is_dir():
            target.mkdir(exist_ok=True)
            continue
        target.unlink(missing_ok=True)  # never through a link of Debian's
        shutil.copyfile(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    (tree / "etc/sudoers.d/coreos-sudo-group").chmod(0o440)


def _units(tree: Path) -> None:
    """What the presets say, and nothing that Debian's packages enabled."""
    shutil.rmtree(tree / "etc/systemd/system")
    (tree / "etc/systemd/system").mkdir()
    shutil.rmtree(tree / "etc/systemd/user")
    (tree / "etc/systemd/user").mkdir()
    (tree / "usr/lib/systemd/system/default.target").unlink()
    (tree / "usr/lib/systemd/system/default.target").symlink_to("multi-user.target")
    debian.chroot(tree, "systemctl", "preset-all")


def _kernel(tree: Path, out: Path) -> None:
    """Kernel and initramfs where ostree looks for them; the variant without LVM beside the tree."""
    version = initrd.kernel_version(tree)
    target = tree / "usr/lib/modules" / version
    made = initrd.make(tree, "initramfs.img", lvm=True)
    shutil.move(str(made), target / "initramfs.img")
    without = initrd.make(tree, "initramfs-nolvm.img", lvm=False)
    shutil.move(str(without), out / "initramfs-nolvm.img")
    for log in (tree / "tmp").glob("*.log"):
        shutil.move(str(log), out / log.name)
    shutil.move(str(tree / f"boot/vmlinuz-{version}"), target / "vmlinuz")


def _rpm_database(tree: Path, out: Path) -> None:
    packages = rpms.read_table(RPM_TABLE.read_text("ascii"))
    made = out / "rpms"
    made.mkdir()
    rpms.build(packages, tree, made)
    database = tree / "usr/share/rpm"
    rpms.install(sorted(made.glob("*.rpm")), database)
    shutil.rmtree(made)
    settle_database(database)
    if [path.name for path in database.iterdir()] != ["rpmdb.sqlite"]:
        raise RuntimeError(f"{database} holds more than the database")


def settle_database(database: Path) -> None:
    """As rpm-ostree leaves it: one file that can be read where nothing can be written."""
    with contextlib.closing(sqlite3.connect(database / "rpmdb.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    (database / ".rpm.lock").unlink()


def _reshape(tree: Path) -> None:
    identities.move_to_usr(tree)
    for name in (*_TOP_DIRECTORIES, *_VAR_LINKS):
        _remove(tree / name)
    for path in tree.iterdir():  # Debian's links to kernel and initramfs
        if path.is_symlink() and path.name.startswith(("vmlinuz", "initrd.img")):
            path.unlink()
    for name in _TOP_DIRECTORIES:
        (tree / name).mkdir()
    (tree / "tmp").chmod(0o1777)
    (tree / "sysroot/ostree").mkdir()
    for name, target in _VAR_LINKS.items():
        (tree / name).symlink_to(target)
    (tree / "etc").rename(tree / "usr/etc")


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
