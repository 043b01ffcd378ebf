"""Users and groups of the CoreOS stand-in: fixed ones as everywhere, others unlike those of NG.

The image's are in /usr/lib/passwd and /usr/lib/group (nss-altfiles); /etc has root and the groups
that a host adds members to.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

from ..accounts import Accounts

_HERE = Path(__file__).parent
_LIBRARY = "libnss_altfiles.so.2"
# Debian's name -> the number that it has on Fedora, or one out of the way of those below.
_RENUMBERED = (("uucp", 14), ("cdrom", 11), ("kvm", 36), ("sgx", 985), ("clock", 984))
# name, gid, members
_GROUPS: Tuple[Tuple[str, int, Tuple[str, ...]], ...] = (
    ("wheel", 10, ()),
    ("kvm", 36, ("qemu", "sanlock", "ovirtimg")),
    ("qemu", 107, ("vdsm", "sanlock", "ovirtimg")),
    ("sanlock", 179, ("vdsm",)),
    ("tss", 59, ()),
    ("saslauth", 76, ()),
    ("ovirtimg", 994, ("vdsm",)),
    ("openvswitch", 995, ()),
    ("hugetlbfs", 993, ("openvswitch",)),
    ("chrony", 989, ()),
    ("ovirt-vmconsole", 988, ()),
    ("gluster", 987, ()),
    ("sssd", 986, ()),
)
# name, uid, gid, home; 998 is Debian's systemd-network here, and ovirtimg on the NG stand-in
_USERS = (
    ("vdsm", 36, 36, "/var/lib/vdsm"),
    ("qemu", 107, 107, "/"),
    ("sanlock", 179, 179, "/run/sanlock"),
    ("tss", 59, 59, "/"),
    ("saslauth", 990, 76, "/run/saslauthd"),
    ("ovirtimg", 994, 994, "/"),
    ("openvswitch", 995, 995, "/"),
    ("chrony", 996, 989, "/var/lib/chrony"),
    ("ovirt-vmconsole", 988, 988, "/usr/share/ovirt-vmconsole/empty"),
    ("gluster", 987, 987, "/run/gluster"),
    ("sssd", 986, 986, "/"),
)
_KEPT_IN_ETC = ("root", "wheel", "sudo", "systemd-journal", "adm", "disk", "cdrom", "kvm", "qemu")


def add(tree: Path) -> None:
    """The accounts, still all of them in /etc, and the NSS module that finds them in /usr/lib."""
    accounts = Accounts(tree)
    for name, gid in _RENUMBERED:
        accounts.renumber_group(name, gid)
    for name, gid, _ in _GROUPS:
        if name not in accounts.ids("group"):
            accounts.group(name, gid)
    for name, uid, gid, home in _USERS:
        accounts.user(name, uid, gid, home=home, shell="/usr/sbin/nologin")
    for name, _, members in _GROUPS:
        for member in members:
            accounts.join(member, name)
    accounts.join("qemu", "cdrom")
    accounts.join("sanlock", "disk")
    _install_altfiles(tree)


def move_to_usr(tree: Path) -> None:
    """Split passwd and group between /usr/lib and /etc; only root keeps a shadow line."""
    etc, lib = tree / "etc", tree / "usr/lib"
    kept: Dict[str, Tuple[str, ...]] = {"passwd": ("root",), "group": _KEPT_IN_ETC}
    for file, names in kept.items():
        lines = (etc / file).read_text("utf-8").splitlines()
        _write(etc / file, [line for line in lines if line.split(":")[0] in names])
        _write(lib / file, [line for line in lines if line.split(":")[0] not in names])
    for file, names in (("shadow", kept["passwd"]), ("gshadow", kept["group"])):
        lines = (etc / file).read_text("utf-8").splitlines()
        _write(etc / file, [line for line in lines if line.split(":")[0] in names])
    for file in ("passwd-", "group-", "shadow-", "gshadow-", ".pwd.lock"):
        (etc / file).unlink(missing_ok=True)
    text = (etc / "nsswitch.conf").read_text("utf-8")
    text, count = re.subn(r"^((?:passwd|group):\s+files)$", r"\1 altfiles", text, flags=re.M)
    if count != 2:
        raise RuntimeError("nsswitch.conf is not as expected")
    (etc / "nsswitch.conf").write_text(text, "utf-8")


def _install_altfiles(tree: Path) -> None:
    target = tree / "usr/lib/x86_64-linux-gnu" / _LIBRARY
    argv = ["gcc", "-O2", "-shared", "-fPIC", "-D_GNU_SOURCE", f"-Wl,-soname,{_LIBRARY}"]
    subprocess.run([*argv, "-o", os.fspath(target), os.fspath(_HERE / "altfiles.c")], check=True)


def _write(path: Path, lines: List[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
