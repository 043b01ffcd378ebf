"""The CoreOS stand-in with SELinux: a real policy with its store and tools, and a labelled commit.

Debian's reference policy stands in for Fedora's, under its name; the kernel has SELinux, and takes
it with ``security=selinux`` on the command line.  Everything else is the stand-in's.
"""

import os
import shutil
import subprocess
from pathlib import Path

from .. import debian, rpms
from ..cache import cached
from . import commit, initrd, tree, variant

KIND = "targeted"
KERNEL_ARGUMENT = "security=selinux"  # Debian's kernel would take AppArmor
_DEBIAN = "default"  # its name of the policy
_LIST = Path(__file__).parent / "selinux.txt"
_MODULE = Path(__file__).parent / "selinux.cil"
_CONFIG = f"SELINUX=enforcing\nSELINUXTYPE={KIND}\n"
# Fedora's policy knows these paths of an ostree system as equivalent
_EQUIVALENCES = (("/var/home", "/home"), ("/var/roothome", "/root"), ("/var/opt", "/opt"),
                 ("/var/usrlocal", "/usr/local"), ("/var/srv", "/srv"), ("/var/mnt", "/mnt"))
_TOOLS = rpms.Package(
    "policycoreutils-python-utils", "3.7", "6.fc41", "noarch", "Fedora Project", ())
_SETFILES = "usr/sbin/setfiles"


def repository() -> Path:
    """The product with `repo`, one signed commit, and `key.asc`."""
    code = [Path(__file__), Path(str(commit.__file__)), Path(str(variant.__file__))]
    parts = [*code, _LIST, _MODULE]
    return cached("coreos-enforcing", [tree.coreos_tree(), _policy(), commit.signing_key(), *parts],
                  _build)


def _policy() -> Path:
    return cached("coreos-policy", [tree.PACKAGES, _LIST, Path(str(debian.__file__))], _bootstrap)


def _bootstrap(out: Path) -> None:
    """What the packages of `_LIST` brought, and the policy as Debian installed it, go to `tree`."""
    whole, kept = variant.bootstrap(_LIST, out), out / "tree"
    store = kept / "etc/selinux" / KIND
    shutil.rmtree(kept / "etc/selinux", ignore_errors=True)
    shutil.copytree(whole / "etc/selinux" / _DEBIAN, store, symlinks=True)
    shutil.copytree(whole / "var/lib/selinux" / _DEBIAN, store, symlinks=True, dirs_exist_ok=True)
    shutil.copy(whole / "etc/selinux/semanage.conf", kept / "etc/selinux")
    shutil.rmtree(whole)


def _build(out: Path) -> None:
    root = variant.based(out, _policy())
    shutil.rmtree(root / "usr/etc/selinux")
    subprocess.run(["cp", "-a", f"{_policy()}/tree/etc/.", str(root / "usr/etc")], check=True)
    place = root / "usr/etc/selinux"
    (place / "config").write_text(_CONFIG, "ascii")
    with open(place / "semanage.conf", "a", encoding="ascii") as file:
        file.write("store-root = /etc/selinux\n")  # as rpm-ostree wants it
    (place / KIND).chmod(0o755)  # Debian's store is root's alone, and D-Bus reads beside it
    _add_module(root)
    known = place / KIND / "contexts/files/file_contexts.subs_dist"
    with open(known, "a", encoding="ascii") as file:
        file.writelines(f"{alias} {real}\n" for alias, real in _EQUIVALENCES)
    _add_tools(root, out)
    _add_setfiles(root, out)
    variant.repository(out, f"--selinux-policy={root}", more=[_TOOLS])


def _add_module(root: Path) -> None:
    """The policy gets `_MODULE`, as one of its own."""
    shutil.copy(_MODULE, root / "rig.cil")
    (root / "etc").symlink_to("usr/etc")
    subprocess.run(["chroot", str(root), "semodule", "-n", "-X", "100", "-i", "/rig.cil"],
                   check=True)
    (root / "etc").unlink()
    (root / "rig.cil").unlink()


def _add_tools(root: Path, out: Path) -> None:
    """The database has the package that semanage comes with, as oVirt's image has."""
    made = out / "rpms"
    made.mkdir()
    rpms.build([_TOOLS], root, made)
    database = root / "usr/share/rpm"
    rpms.install(sorted(made.glob("*.rpm")), database)
    shutil.rmtree(made)
    tree.settle_database(database)


def _add_setfiles(root: Path, out: Path) -> None:
    """The initramfs gets the real setfiles, by which Ignition labels what it wrote."""
    extra = out / "extra"
    libraries = subprocess.run(
        ["chroot", str(root), "/usr/bin/ldd", f"/{_SETFILES}"], check=True, text=True,
        stdout=subprocess.PIPE).stdout
    # /lib and /lib64 are links there, which a directory of that name would replace
    names = [os.path.relpath(os.path.realpath(f"{root}{word}"), os.path.realpath(root))
             for word in libraries.split() if word.startswith("/")]
    for name in (_SETFILES, *names):
        (extra / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, extra / name)
    listing = subprocess.run(["find", ".", "-mindepth", "1"], cwd=extra, check=True,
                             stdout=subprocess.PIPE).stdout
    archive = subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=extra,
                             input=listing, check=True, stdout=subprocess.PIPE).stdout
    image = root / "usr/lib/modules" / initrd.kernel_version(root) / "initramfs.img"
    with open(image, "ab") as file:
        file.write(b"\0" * (-file.tell() % 4) + archive)
    shutil.rmtree(extra)
