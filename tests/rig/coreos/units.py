"""The first-boot units that CoreOS adds around Ignition, by its names, targets and order.

`needs` says what the unit wants of the disk; those that want a label or a partition fail where
root is a logical volume, so whoever boots such a host must drop them.  Source of names and
orderings: coreos/fedora-coreos-config, overlay.d/05core, modules 35coreos-* and 40ignition-ostree.
"""

from dataclasses import dataclass
from typing import Tuple

COMPLETE = "ignition-complete.target"
DISKFUL = "ignition-diskful.target"
_LABEL_BOOT = r"dev-disk-by\x2dlabel-boot.device"
_LABEL_ROOT = r"dev-disk-by\x2dlabel-root.device"
_WAITS_FOR_BOOT = (f"Requires={_LABEL_BOOT}", f"After={_LABEL_BOOT}")


@dataclass(frozen=True)
class Unit:
    """One oneshot service of the initramfs; `target` requires it."""

    name: str
    target: str
    command: str
    order: Tuple[str, ...]
    needs: str = ""
    early: bool = True
    fatal: bool = True
    private_mounts: bool = False
    stop: str = ""

    def text(self) -> str:
        """The unit file."""
        lines = ["[Unit]", f"Description=CoreOS first boot: {self.command}"]
        lines += ["ConditionPathExists=/etc/initrd-release", "ConditionKernelCommandLine=ostree"]
        lines += ["DefaultDependencies=false"] if self.early else []
        lines += self.order
        lines += ["OnFailure=emergency.target", "OnFailureJobMode=isolate"] if self.fatal else []
        lines += ["", "[Service]", "Type=oneshot", "RemainAfterExit=yes"]
        lines += ["MountFlags=slave"] if self.private_mounts else []
        lines += [f"ExecStart=/usr/libexec/coreos-standin {self.command}"]
        lines += [f"ExecStop=/usr/libexec/coreos-standin {self.stop}"] if self.stop else []
        return "\n".join(lines) + "\n"


UNITS = (
    Unit(
        "coreos-ignition-setup-user.service",
        COMPLETE,
        "setup-user",
        (*_WAITS_FOR_BOOT, "Before=ignition-fetch-offline.service ignition-fetch.service"),
        needs="label boot",
        private_mounts=True,
    ),
    Unit(
        "coreos-copy-firstboot-network.service",
        COMPLETE,
        "copy-firstboot-network",
        (
            *_WAITS_FOR_BOOT,
            "After=dracut-cmdline.service",
            "Before=ignition-complete.target dracut-initqueue.service ignition-kargs.service",
        ),
        needs="label boot",
        fatal=False,
        private_mounts=True,
    ),
    Unit(
        "coreos-unique-boot.service",
        DISKFUL,
        "unique-label boot",
        (
            *_WAITS_FOR_BOOT,
            "Before=ignition-diskful.target coreos-gpt-setup.service coreos-boot-edit.service",
        ),
        needs="one file system with the label boot",
    ),
    Unit(
        "coreos-gpt-setup.service",
        DISKFUL,
        "gpt-setup",
        (
            *_WAITS_FOR_BOOT,
            "After=coreos-copy-firstboot-network.service coreos-unique-boot.service",
            "Before=ignition-diskful.target ignition-ostree-uuid-boot.service",
            "Before=ignition-kargs.service systemd-fsck-root.service",
        ),
        needs="label boot",
        early=False,
    ),
    Unit(
        "coreos-ignition-unique-boot.service",
        DISKFUL,
        "unique-label boot",
        (
            f"Wants={_LABEL_BOOT}",
            f"After={_LABEL_BOOT} ignition-disks.service",
            "Before=ignition-mount.service ignition-ostree-uuid-root.service",
        ),
        needs="one file system with the label boot",
        early=False,
    ),
    Unit(
        "ignition-ostree-uuid-boot.service",
        DISKFUL,
        "firstboot-uuid boot",
        (
            *_WAITS_FOR_BOOT,
            "After=coreos-gpt-setup.service",
            r"Before=ignition-kargs.service systemd-fsck@dev-disk-by\x2dlabel-boot.service",
        ),
        needs="label boot",
        early=False,
        fatal=False,
    ),
    Unit(
        "ignition-ostree-uuid-root.service",
        DISKFUL,
        "firstboot-uuid root",
        (
            f"After={_LABEL_ROOT} ignition-disks.service",
            "Before=sysroot.mount initrd-root-fs.target",
        ),
        needs="label root",
        fatal=False,
    ),
    Unit(
        "coreos-kargs-reboot.service",
        COMPLETE,
        "kargs-reboot",
        (
            "ConditionPathExists=/run/coreos-kargs-reboot",
            "After=ignition-kargs.service",
            "Before=ignition-disks.service",
        ),
    ),
    Unit(
        "coreos-boot-edit.service",
        DISKFUL,
        "boot-edit",
        (
            *_WAITS_FOR_BOOT,
            "After=ignition-files.service",
            "Before=initrd.target initrd-parse-etc.service",
        ),
        needs="label boot",
        early=False,
        private_mounts=True,
    ),
    Unit(
        "ignition-ostree-growfs.service",
        COMPLETE,
        "growfs",
        (
            "After=ignition-ostree-uuid-root.service",
            "Before=initrd-root-fs.target sysroot.mount",
        ),
        needs="label root on a partition",
        fatal=False,
        private_mounts=True,
    ),
    Unit(
        "ignition-ostree-mount-var.service",
        COMPLETE,
        "mount-var",
        (
            "Requires=initrd-root-fs.target",
            "After=initrd-root-fs.target",
            "Before=ignition-mount.service initrd-switch-root.target",
        ),
        stop="umount-var",
    ),
    Unit(
        "ignition-ostree-populate-var.service",
        COMPLETE,
        "populate-var",
        ("After=ignition-mount.service", "Before=ignition-files.service"),
        fatal=False,
    ),
)

FAIL_ON_LV = tuple(unit for unit in UNITS if unit.needs)
