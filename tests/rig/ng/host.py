"""The state of one host: what anaconda, the engine's deployment and the admin made of the image.

Most of it lies below files/host as it is on the host; here is what is generated, what needs an
owner or a mode, and what is removed.
"""

import os
import shutil
import subprocess
from pathlib import Path

from ..accounts import Accounts
from ..keys import public_key
from . import boot, network, pki, rpmdb
from .names import BOOT_UUID, ESP_ID, HOSTNAME, NEW, VG, VOLUMES, Generation
from .pristine import FILES, copy_files

_PARTS = ("etc", "root", "opt", "srv", "usr/local", "usr/share/rpm", "var")
# Deleted by the admin; the image's factory has them.
_DELETED = ("etc/motd", "etc/cron.deny", "etc/sos/sos.conf")
# path, owner, group (numbers of this host), mode
_OWNED = (
    ("etc/vdsm/vdsm.id", 0, 0, 0o644),
    ("etc/iscsi/initiatorname.iscsi", 0, 0, 0o644),
    ("etc/iscsi/iscsid.conf", 0, 0, 0o600),
    ("etc/sudoers.d/60_operators", 0, 0, 0o440),
    ("etc/ovirt-hosted-engine/hosted-engine.conf", 36, 36, 0o440),
    ("var/lib/ovirt-hosted-engine-ha/ha.conf", 36, 36, 0o644),
    ("var/lib/ovirt-hosted-engine-ha", 36, 36, 0o755),
    ("var/lib/openvswitch", 993, 990, 0o755),
    ("var/lib/openvswitch/conf.db", 993, 990, 0o640),
    ("var/lib/ovirt-vmconsole", 997, 995, 0o750),
    ("var/lib/ovirt-vmconsole/state", 997, 995, 0o600),
    ("var/lib/chrony", 991, 988, 0o750),
    ("var/lib/chrony/drift", 991, 988, 0o644),
    ("var/log/ovirt-imageio", 998, 998, 0o755),
    ("var/log/ovirt-imageio/daemon.log", 998, 998, 0o644),
    ("var/lib/iscsi", 0, 0, 0o700),
    ("var/crash/127.0.0.1-2023-09-14-03:12:55/vmcore-dmesg.txt", 0, 0, 0o600),
    ("home/jdoe", 1000, 1000, 0o700),
    ("home/jdoe/.bashrc", 1000, 1000, 0o644),
    ("home/jdoe/notes.txt", 1000, 1000, 0o600),
    ("home/backup", 1001, 1001, 0o700),
    ("home/backup/.ssh/authorized_keys", 1001, 1001, 0o600),
    ("home/backup/.ssh", 1001, 1001, 0o700),
    ("srv/exports/readme", 1001, 1001, 0o640),
    ("usr/local/sbin/node-report", 0, 0, 0o755),
    ("opt/acme/bin/raid-agent", 0, 0, 0o755),
    ("etc/acme/raid-agent.conf", 0, 0, 0o640),
)


def make(image: Path, host: Path) -> None:
    """Fill `host` (absent) with the directories of the host that are not the image's any more."""
    for part in _PARTS:
        (host / part).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", str(image / part), str(host / part)], check=True)
    copy_files(FILES / "host", host)
    _users(host)
    network.install(host)
    pki.install(host)
    _identity(host)
    _services(host)
    _packages(host)
    for name in _DELETED:
        (host / name).unlink()
    for name, uid, gid, mode in _OWNED:
        os.chown(host / name, uid, gid)
        (host / name).chmod(mode)


def make_layer(layer: Path, generation: Generation) -> None:
    """What differs between the layers: the lines that name the layer."""
    (layer / "etc/default").mkdir(parents=True)
    (layer / "etc/fstab").write_text(_fstab(generation), "ascii")
    (layer / "etc/default/grub").write_text(
        f"""GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_DISABLE_SUBMENU=true
GRUB_TERMINAL="serial console"
GRUB_SERIAL_COMMAND="serial --speed=115200"
GRUB_CMDLINE_LINUX='{boot.cmdline(generation)}'
GRUB_DISABLE_RECOVERY="true"
GRUB_ENABLE_BLSCFG=true
GRUB_DISABLE_OS_PROBER='true'
""",
        "ascii",
    )
    if generation == NEW:
        locks = [f"{p.name}-{p.version}-{p.release}.{p.arch}" for p in rpmdb.image_packages(NEW)]
        versionlock = layer / "etc/dnf/plugins/versionlock.list"
        versionlock.parent.mkdir(parents=True)
        versionlock.write_text(
            "\n".join(
                [
                    f"# imgbased: versionlock begin for layer /dev/{VG}/{NEW.layer}",
                    *locks,
                    "# imgbased: versionlock end",
                    "",
                ]
            ),
            "ascii",
        )


def _fstab(generation: Generation) -> str:
    """As anaconda wrote it and imgbased changed it: lines that it touched have single blanks."""
    lines = (FILES / "fstab.head").read_text("ascii").splitlines()
    lines.append(f"/dev/{VG}/{generation.layer} / ext4 defaults,discard 1 1")
    lines.append(f"UUID={BOOT_UUID} /boot                   auto    defaults        1 2")
    lines.append(
        f"UUID={ESP_ID[:4]}-{ESP_ID[4:]}          /boot/efi               vfat    "
        "umask=0077,shortname=winnt 0 2"
    )
    for mount, (volume, _) in VOLUMES.items():
        if mount != "/var/tmp":  # made by imgbased: a mount unit instead
            options = "defaults,x-systemd.device-timeout=0,discard"  # the last by imgbased
            lines.append(f"/dev/mapper/{VG}-{volume} {mount} ext4 {options} 1 2")
    lines.append(f"/dev/mapper/{VG}-swap none                    swap    defaults        0 0")
    return "\n".join(lines) + "\n"


def _users(host: Path) -> None:
    accounts = Accounts(host)
    accounts.group("jdoe", 1000)
    accounts.user(
        "jdoe",
        1000,
        1000,
        comment="Jane Doe",
        home="/home/jdoe",
        shell="/bin/bash",
        password="$6$rigrigrig$Qy5aWkqQ0n8QzB8xkFh0mTqk3h8e1xOa6b1uVbQy1Z3o1k7i3x9S9d4w0vJ8yJ2k",
    )
    accounts.join("jdoe", "wheel")
    accounts.group("backup-op", 1001)
    accounts.user(
        "backup-op", 1001, 1001, comment="Backups", home="/home/backup", shell="/bin/bash"
    )
    accounts.group("raidagent", 980)
    accounts.user("raidagent", 980, 980, comment="ACME RAID agent", home="/opt/acme")
    keys = host / "root/.ssh/authorized_keys"
    keys.parent.mkdir(mode=0o700, exist_ok=True)
    engine = (FILES / "engine.pub").read_text("ascii")
    keys.write_text(f"{engine}{public_key()}", "ascii")
    keys.chmod(0o600)


def _identity(host: Path) -> None:
    (host / "etc/machine-id").write_text("5f0c1d2e3b4a59687766554433221100\n", "ascii")
    (host / "etc/hostname").write_text(f"{HOSTNAME}\n", "ascii")
    with open(host / "etc/ssh/sshd_config", "a", encoding="ascii") as config:
        config.write("\n# local policy\nMaxAuthTries 4\n")
    for old in (host / "etc/ssh").glob("ssh_host_*"):
        old.unlink()
    for kind in ("ed25519", "rsa"):
        subprocess.run(
            [
                "ssh-keygen",
                "-q",
                "-t",
                kind,
                "-N",
                "",
                "-C",
                "",
                "-f",
                str(host / f"etc/ssh/ssh_host_{kind}_key"),
            ],
            check=True,
        )


def _services(host: Path) -> None:
    """Units that the deployment and the admin enabled or masked; imgbased's mount unit."""
    units = host / "etc/systemd/system"
    wants = units / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    for unit, directory in (("vdsmd.service", "/usr/lib"), ("node-report.service", "/etc")):
        (wants / unit).symlink_to(f"{directory}/systemd/system/{unit}")
    (units / "debug-shell.service").symlink_to("/dev/null")
    (units / "var-tmp.mount").write_text(
        f"# Created by imgbased\n[Mount]\nWhat=/dev/{VG}/var_tmp\nWhere=/var/tmp\nOptions=discard\n"
        "SloppyOptions=yes\n\n[Install]\nWantedBy=local-fs.target\n",
        "ascii",
    )
    (units / "local-fs.target.wants").mkdir(exist_ok=True)
    (units / "local-fs.target.wants/var-tmp.mount").symlink_to("/etc/systemd/system/var-tmp.mount")


def _packages(host: Path) -> None:
    """The running layer's rpm database and what imgbased-persist keeps."""
    kept = host / "var/imgbased/persisted-rpms"
    rpmdb.install(host, host / "usr/share/rpm", [rpmdb.IMAGE_UPDATE])
    rpmdb.install(host, host / "usr/share/rpm", rpmdb.admin_packages(), kept)
    stale = (
        kept / "vdsm-hook-ethtool-options-4.50.4-1.el9.noarch.rpm"
    )  # upgraded packages leave theirs behind
    shutil.copyfile(kept / "vdsm-hook-ethtool-options-4.50.5.1-1.el9.noarch.rpm", stale)
    (host / "var/imgbased/.image-updated").write_text(
        f"ovirt-node-ng-image-update-{NEW.version}-1.el9.squashfs.img\n", "ascii"
    )
