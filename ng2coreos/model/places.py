"""Paths that several rooms must agree on."""

# Directories in / that belong to no admin: every system has them, or nothing of NG's is kept in
# them; /rhev is made by vdsm
STANDARD = frozenset((
    "afs", "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "lost+found",
    "media", "mnt", "opt", "ostree", "proc", "rhev", "root", "run", "sbin", "srv", "sys", "sysroot",
    "tmp", "usr", "var"))
# What runs the tool's part on the new system
PYTHON = "/usr/bin/python3"
# Which disks LVM uses
LVM_DEVICES = "/etc/lvm/devices/system.devices"
# The ostree remote that the new system is upgraded from
REMOTE = "ovirt-node-coreos"
