"""The image of oVirt Node NG: the Debian tree made to look like what livemedia-creator leaves.

Nothing here belongs to one host.  The factory copies are made last, as imgbased makes them first
thing after the installation of the packages.
"""

import os
import shutil
import subprocess
from pathlib import Path

from .. import debian, guestfiles, vdsm
from ..accounts import Accounts
from . import rpmdb
from .names import NEW, OLD, Generation
from .tree import debian_tree

FILES = Path(__file__).with_name("files")
# Of Debian only (an EL image has none of it, and the factory must not either), or only slow.
_NOT_EL = (
    "etc/apt",
    "etc/dpkg",
    "etc/debian_version",
    "etc/initramfs-tools",
    "etc/kernel",
    "etc/cron.d",
    "etc/cron.daily",
    "etc/init.d",
    "etc/rc0.d",
    "etc/rc1.d",
    "etc/rc2.d",
    "etc/rc3.d",
    "etc/rc4.d",
    "etc/rc5.d",
    "etc/rc6.d",
    "etc/rcS.d",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/cache/apt",
    "var/cache/debconf",
    "var/log/apt",
    "var/log/dpkg.log",
    "var/log/alternatives.log",
    "var/log/bootstrap.log",
    "var/backups",
    "usr/share/bash-completion",
    "usr/share/perl",
    "usr/lib/systemd/system/wpa_supplicant.service",
    "usr/share/dbus-1/system-services/fi.w1.wpa_supplicant1.service",
    "etc/systemd/system/dbus-fi.w1.wpa_supplicant1.service",
    "vmlinuz",
    "vmlinuz.old",
    "initrd.img",
    "initrd.img.old",
)
_UNWANTED_UNITS = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "wpa_supplicant.service",
    "NetworkManager-wait-online.service",
    "systemd-pstore.service",
    "remote-fs.target",
)
_DRACUT_OMIT = (
    "crypt multipath mdraid btrfs plymouth drm i18n resume lunmask virtfs nfs cifs iscsi fcoe "
    "kernel-modules-extra network kernel-network-modules dmraid"
)
_DRACUT_DRIVERS = "virtio_blk virtio_net virtio_pci ext4 dm-thin-pool dm-snapshot"
# name, gid, members; then name, uid, gid, home.
# Static numbers as vdsm.spec has them, the others as rpm gave them out.
_GROUPS = (
    ("wheel", 10, ()),
    ("kvm", 36, ("qemu", "sanlock")),
    ("qemu", 107, ("vdsm", "sanlock", "ovirtimg")),
    ("sanlock", 179, ("vdsm",)),
    ("chrony", 988, ()),
    ("sssd", 987, ()),
    ("unbound", 986, ()),
    ("gluster", 985, ()),
    ("saslauth", 76, ()),
    ("tss", 59, ()),
    ("ovirtimg", 998, ("vdsm",)),
    ("ovirt-vmconsole", 995, ()),
    ("hugetlbfs", 994, ("openvswitch",)),
    ("openvswitch", 990, ()),
)
_USERS = (
    ("vdsm", 36, 36, "/var/lib/vdsm"),
    ("qemu", 107, 107, "/"),
    ("sanlock", 179, 179, "/run/sanlock"),
    ("chrony", 991, 988, "/var/lib/chrony"),
    ("sssd", 990, 987, "/"),
    ("unbound", 989, 986, "/etc/unbound"),
    ("gluster", 988, 985, "/run/gluster"),
    ("saslauth", 992, 76, "/run/saslauthd"),
    ("tss", 59, 59, "/dev/null"),
    ("ovirtimg", 998, 998, "/"),
    ("ovirt-vmconsole", 997, 995, "/usr/share/ovirt-vmconsole/empty"),
    ("openvswitch", 993, 990, "/"),
)


def make(tree: Path) -> None:
    """Fill `tree` (absent) with the image of the newer generation."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(debian_tree()), str(tree)], check=True)
    _accounts(tree)
    copy_files(FILES / "image", tree)
    _identity(tree, NEW)
    _programs(tree)
    guestfiles.install(tree)
    vdsm.install(tree)
    _initramfs(tree)
    for name in _NOT_EL:
        _remove(tree / name)
    for unit in _UNWANTED_UNITS:
        for link in (tree / "etc/systemd/system").glob(f"*/{unit}"):
            link.unlink()
    _no_sessions(tree)
    _factory(tree)


def older(tree: Path, target: Path) -> None:
    """The files that the older generation's image has otherwise, below `target`."""
    _identity(target, OLD)
    rpmdb.install(tree, target / "usr/share/rpm", rpmdb.image_packages(OLD))
    shutil.copytree(target / "usr/share/rpm", target / "usr/share/factory/var/lib/rpm")


def copy_files(source: Path, tree: Path) -> None:
    """Copy a directory of the rig into a tree: root's, files 0644 (0755 if executable here)."""
    for path in sorted(source.rglob("*")):
        target = tree / path.relative_to(source)
        if path.is_symlink():
            target.symlink_to(os.readlink(path))
        elif path.is_dir():
            if not target.is_dir():
                target.mkdir()
                target.chmod(0o755)
        else:
            shutil.copyfile(path, target)
            target.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def _accounts(tree: Path) -> None:
    accounts = Accounts(tree)
    accounts.renumber_group("uucp", 14)
    accounts.renumber_group("cdrom", 11)
    accounts.renumber_group("kvm", 36)
    accounts.renumber_group("render", 150)
    for name, gid, _ in _GROUPS:
        if name != "kvm":
            accounts.group(name, gid)
    for name, uid, gid, home in _USERS:
        accounts.user(name, uid, gid, home=home)
    for name, _, members in _GROUPS:
        for member in members:
            accounts.join(member, name)
    accounts.join("qemu", "cdrom")
    accounts.join("sanlock", "disk")


def _no_sessions(tree: Path) -> None:
    """No user manager for each login: under TCG it costs ten seconds of every boot."""
    for name in ("common-session", "common-session-noninteractive"):
        path = tree / "etc/pam.d" / name
        lines = path.read_text("ascii").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "pam_systemd" not in line), "ascii")


def _identity(tree: Path, generation: Generation) -> None:
    """What an image says of itself: os-release and its NVR."""
    text = (FILES / "os-release").read_text("ascii").replace("@VERSION@", generation.version)
    release = tree / "usr/lib/os.release.d/ovirt-release-host-node"
    release.parent.mkdir(parents=True, exist_ok=True)
    release.write_text(text, "ascii")
    for link, target in (
        ("usr/lib/os-release", "os.release.d/ovirt-release-host-node"),
        ("etc/os-release", "../usr/lib/os-release"),
    ):
        _remove(tree / link)
        (tree / link).parent.mkdir(exist_ok=True)
        (tree / link).symlink_to(target)
    meta = tree / "usr/share/imgbase/build/meta"
    meta.mkdir(parents=True, exist_ok=True)
    (meta / "nvr").write_text(generation.nvr, "ascii")


def _programs(tree: Path) -> None:
    """GRUB's programs and files under the names of EL."""
    (tree / "usr/bin/grub2-script-check").symlink_to("grub-script-check")
    for name in ("grub2.cfg", "grub2-efi.cfg"):
        (tree / "etc" / name).symlink_to("../boot/grub2/grub.cfg")
    (tree / "boot/efi").mkdir()
    vdsm_state = tree / "var/lib/vdsm"
    vdsm_state.mkdir(parents=True, exist_ok=True)
    os.chown(vdsm_state, 36, 36)
    rhev = tree / "data/images/rhev"
    rhev.mkdir(parents=True)
    os.chown(rhev, 36, 36)


def _initramfs(tree: Path) -> None:
    """A generic one, as an image has it, but without what no guest of the rig needs."""
    (kernel,) = os.listdir(tree / "usr/lib/modules")
    with debian.mounted_for_chroot(tree):
        debian.chroot(
            tree,
            "dracut",
            "--force",
            "--no-hostonly",
            "--no-hostonly-cmdline",
            "--add",
            "lvm",
            "--omit",
            _DRACUT_OMIT,
            "--filesystems",
            "ext4 vfat xfs",
            "--add-drivers",
            _DRACUT_DRIVERS,
            "--compress",
            "zstd -3",
            f"/boot/initramfs-{kernel}.img",
            kernel,
        )


def _factory(tree: Path) -> None:
    """Copies of /etc and /var, then what imgbased removes from the image itself."""
    rpmdb.install(tree, tree / "usr/share/rpm", rpmdb.image_packages(NEW))
    _remove(tree / "var/lib/rpm")
    shutil.copytree(tree / "usr/share/rpm", tree / "var/lib/rpm")
    (tree / "etc/machine-id").write_text("c2a64f1bb7d94a7ca5a8d0a6d5f6c8ee\n", "ascii")
    (tree / "etc/hostname").write_text("localhost.localdomain\n", "ascii")
    (tree / "etc/resolv.conf").unlink(missing_ok=True)
    (tree / "etc/resolv.conf").write_text("nameserver 192.0.2.53\n", "ascii")
    factory = tree / "usr/share/factory"
    _remove(factory)
    factory.mkdir()
    for name in ("etc", "var"):
        subprocess.run(["cp", "-a", str(tree / name), str(factory / name)], check=True)
    (tree / "etc/machine-id").write_text("", "ascii")
    for name in ("etc/hostname", "etc/resolv.conf", "etc/iscsi/initiatorname.iscsi"):
        (tree / name).unlink()
    _remove(tree / "var/lib/rpm")
    (tree / "var/lib/rpm").symlink_to("../../usr/share/rpm")


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
