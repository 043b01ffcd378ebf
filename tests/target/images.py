"""Small real images: a tree, repositories made of it by ostree, and keys made by GnuPG."""

import os
import subprocess
import zlib
from pathlib import Path
from typing import Iterable, Optional, Sequence, Tuple

KVER = "6.1.0-rig"
REF = "ovirt/x86_64/coreos/stable"
VERSION = "41.20261101.3.0"
PKGLIST = ("[('bash', '0', '5.2', '1', 'x86_64'), ('ignition', '', '2.14.0+ds1', '1', 'x86_64'),"
           " ('bind', '32', '9.16', '2.el9', 'x86_64')]")

Entry = Tuple[str, int, bytes]  # name, mode, content


def cpio(entries: Iterable[Entry], *, pad: int = 512) -> bytes:
    """A newc archive, padded with zeros as the kernel's tools do."""
    out = b""
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        raw = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
        out += b"070701" + b"".join(b"%08x" % f for f in fields) + raw
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out + b"\0" * (-len(out) % pad)


EARLY = cpio([("kernel/x86/microcode/GenuineIntel.bin", 0o100644, b"\1" * 3000)])
MAIN = cpio([
    (".", 0o40755, b""),
    ("usr/sbin/lvm", 0o100755, b"\x7fELF" * 50_000),
    ("./usr/sbin/thin_check", 0o120777, b"pdata_tools"),
    ("usr/lib/ostree/ostree-prepare-root", 0o100755, b"x"),
    ("usr/bin/ignition", 0o100755, b"x" * 5),
    ("etc/systemd/system/ignition-diskful.target.requires/coreos-gpt-setup.service", 0o120777,
     b"/usr/lib/systemd/system/coreos-gpt-setup.service"),
    ("etc/systemd/system/ignition-complete.target.requires/ignition-files.service", 0o120777,
     b"/usr/lib/systemd/system/ignition-files.service"),
    ("etc/systemd/system/ignition-subsequent.target.requires/other.service", 0o120777, b"x"),
])


def compress(data: bytes, how: str) -> bytes:
    """`data` by the program or library called `how`."""
    if how == "none":
        return data
    argv = {"gzip": ["gzip", "-c"], "xz": ["xz", "-c", "--check=crc32"], "zstd": ["zstd", "-c"],
            "lz4": ["lz4", "-c", "-l"], "lz4-frame": ["lz4", "-c"], "bzip2": ["bzip2", "-c"]}[how]
    return subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout


def make_tree(root: Path) -> Path:
    """The smallest tree that has everything the reader asks for."""
    files = {
        "usr/lib/os-release": 'ID=fedora\nVARIANT_ID=coreos\nPRETTY_NAME="Rig CoreOS 41"\n'
                              f"OSTREE_VERSION='{VERSION}'\n",
        "usr/lib/passwd": "bin:x:1:1:bin:/bin:/sbin/nologin\nvdsm:x:36:36:Node:/:/bin/false\n"
                          "root:x:9:9:not this one:/:/bin/sh\nbroken\n",
        "usr/lib/group": "bin:x:1:\nkvm:x:36:qemu\nwheel:x:99:core\n",
        "usr/etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "usr/etc/group": "root:x:0:\nwheel:x:10:admin\n",
        "usr/etc/ssh/sshd_config": "PermitRootLogin yes\n",
        "usr/etc/hostname": "",
        "usr/etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
        "usr/etc/selinux/targeted/policy/policy.33": "policy",
        "usr/lib/ostree/prepare-root.conf": "[composefs]\nenabled = maybe\n",
        "usr/lib/systemd/system/sshd.service":
            "[Unit]\nWantedBy=no.target\n[Service]\nExecStart=/x\n"
            "[Install]\nWantedBy=multi-user.target \\\n other.target\nAlias=ssh.service\n"
            "RequiredBy=r.target\n",
        "usr/lib/systemd/system/static.service": "[Service]\nExecStart=/x\n",
        "usr/lib/systemd/system/getty@.service": "[Install]\nWantedBy=getty.target\n",
        "usr/lib/systemd/system/notaunit.txt": "[Install]\nWantedBy=x.target\n",
        "usr/lib/firewalld/services/ssh.xml": "<service/>",
        "usr/etc/firewalld/services/site.xml": "<service/>",
        "usr/etc/firewalld/services/site.xml.old": "<service/>",
        f"usr/lib/modules/{KVER}/vmlinuz": "MZ kernel",
        "usr/bin/python3.12": "the interpreter",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "usr/etc/ssh/sshd_config").chmod(0o600)
    (root / "usr/bin/python3.12").chmod(0o755)
    links = {
        "usr/etc/localtime": "../usr/share/zoneinfo/UTC",
        "usr/etc/systemd/system/multi-user.target.wants/sshd.service":
            "/usr/lib/systemd/system/sshd.service",
        "usr/etc/systemd/system/masked.service": "/dev/null",
        "usr/etc/systemd/system/dbus-org.example.service":
            "/usr/lib/systemd/system/aliased.service",
        "usr/lib/systemd/system/aka.service": "sshd.service",
        "usr/bin/python3": "python3.12",
        "usr/lib/systemd/system/sysinit.target.wants/static.service": "../static.service",
    }
    for name, target in links.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    (root / f"usr/lib/modules/{KVER}/initramfs.img").write_bytes(EARLY + compress(MAIN, "gzip"))
    return root


def ostree(repo: Path, *argv: str) -> str:
    """Run ostree on `repo`; what it printed."""
    done = subprocess.run(["ostree", f"--repo={repo}", *argv], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_repo(repo: Path, tree: Path, *, mode: str = "archive", ref: str = REF,
              pkglist: Optional[str] = PKGLIST, more: Sequence[str] = ()) -> str:
    """A repository with one commit of `tree`; returns the commit."""
    if not repo.exists():
        subprocess.run(["ostree", f"--repo={repo}", "init", f"--mode={mode}"], check=True)
    options = [f"--add-metadata-string=version={VERSION}", *more]
    if pkglist:
        options.append(f"--add-metadata=rpmostree.rpmdb.pkglist={pkglist}")
    return ostree(repo, "commit", f"--branch={ref}", f"--tree=dir={tree}", "--subject=rig",
                  "--timestamp=2026-11-01T00:00:00Z", *options)


def object_of(repo: Path, path: str, ref: str = REF) -> Path:
    """The file of an archive repository that holds the content of `path`."""
    checksum = ostree(repo, "ls", "-C", ref, path).split()[4]
    return repo / "objects" / checksum[:2] / f"{checksum[2:]}.filez"


def forge(file: Path, data: bytes) -> None:
    """Replace the content in a .filez, its header left as it is: whole, under a false name."""
    raw = file.read_bytes()
    header = raw[:8 + int.from_bytes(raw[:4], "big")]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    file.write_bytes(header + packer.compress(data) + packer.flush())


class Key:
    """A GnuPG key of its own home directory below `directory`."""

    def __init__(self, directory: Path, name: str, *, expires: str = "never",
                 now: str = "") -> None:
        """`now` (as 20200101T000000) is what this home's GnuPG takes for the current time."""
        self.home = directory / name
        self.home.mkdir(mode=0o700)
        if now:
            (self.home / "gpg.conf").write_text(f"faked-system-time {now}!\n")
        self.gpg("--passphrase", "", "--quick-generate-key", f"{name}@example.org", "ed25519",
                 "sign", expires)
        self.fingerprint = next(
            line.split(":")[9] for line in
            self.gpg("--with-colons", "--list-keys").decode().splitlines()
            if line.startswith("fpr:"))
        self.armored = directory / f"{name}.asc"
        self.armored.write_bytes(self.gpg("--armor", "--export"))
        self.binary = directory / f"{name}.gpg"
        self.binary.write_bytes(self.gpg("--export"))

    def gpg(self, *argv: str) -> bytes:
        """Run gpg with this key's home."""
        return subprocess.run(
            ["gpg", "--homedir", os.fspath(self.home), "--batch", "--quiet",
             "--pinentry-mode=loopback", *argv],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout

    def sign(self, repo: Path, commit: str) -> None:
        """Add a signature by this key to the commit."""
        ostree(repo, "gpg-sign", f"--gpg-homedir={self.home}", commit, self.fingerprint)

    def close(self) -> None:
        """End the agent that GnuPG started for this home."""
        subprocess.run(["gpgconf", "--homedir", os.fspath(self.home), "--kill", "all"], check=True)
