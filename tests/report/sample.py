"""A plan with something of everything, secrets included that no view may show."""

import base64
from typing import Tuple

from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.plan import (
    SCHEMA,
    ArgAction,
    BootPlan,
    Change,
    Decisions,
    IdChange,
    Identities,
    KernelArg,
    Plan,
    Policy,
    Prediction,
    Source,
    Target,
    Tree,
    UnitState,
    Volume,
)
from ng2coreos.model.restart import RestartPart
from ng2coreos.model.target import TargetSource

SECRET = "hunter2"
SECRETS = (SECRET, base64.b64encode(SECRET.encode()).decode(), "5ec2e7d16e57", "$6$saltsalt$hash")
GIB = 1 << 30


def plan(findings: Tuple[Finding, ...] = (), policy: Policy = Policy()) -> Plan:  # noqa: B008
    """The plan; ready unless `findings` say otherwise."""
    return Plan(
        schema=SCHEMA, run_id="20261122T100000Z-0001", tool_version="0.1.0",
        created="2026-11-22T10:00:00Z",
        source=Source("node1.example.com", "m" * 32, "oVirt Node 4.5.5", "ovirt-node-ng-4.5.5+1",
                      "ovirt-node-ng-4.5.5", "onn", "vg-uuid", "pool00", 800, ("tool-1-1.x86_64",),
                      {"host": "d" * 64}, ("ovirt-node-ng-4.5.5+1", "ovirt-node-ng-4.5.5", "var")),
        target=Target(TargetSource("url", f"https://user:{SECRET}@mirror.example.com/repo", "ref"),
                      "ovirt/4.6", "c" * 64, "4.6.0", True, "0123456789ABCDEF", "6.12", "2.14.0"),
        policy=policy,
        decisions=Decisions(
            findings=findings, items=_items(), identities=_identities(), kernel_args=_arguments(),
            volumes=(Volume("ng2coreos_var", "/var", "ext4", "u2", 15 * GIB, "var", "/var"),
                     Volume("ng2coreos_root", "/", "ext4", "u1", 4 * GIB)),
            trees=(Tree("/root", "ng2coreos_var", "roothome"),),
            units=(UnitState("vdsmd.service", "enable", ("multi-user.target.wants/vdsmd.service",),
                             "enabled on NG"),),
            checks=(Check("sshd", "unit-active", "sshd runs", {"unit": "sshd.service"}),
                    Check("vdsmd", "unit-active", "vdsmd runs", {"unit": "vdsmd.service"}, True)),
            boot=BootPlan("ovirt-node", "uuid", "xfs", "/boot/grub2/grub.cfg",
                          "/boot/grub2/grubenv", "/boot/grub2/custom.cfg", "rhboot", "ng-entry",
                          "/l/vmlinuz", ("/l/initrd",), f"ro rd.iscsi.password={SECRET}",
                          ("a.target.requires/b.service",)),
            prediction=Prediction(3 * GIB, 20 * GIB, 2 * GIB, 1 << 20, 90 << 20, 700 << 20, 75.0,
                                  420.0, 2, restart=(RestartPart("shutdown", 30.0, False),
                                                     RestartPart("kernel", 180.0, True)))),
        changes=(Change("make-root:lv", "make-root", "Make the new root", {}, 3 * GIB, 20.0),
                 Change("arm:next-entry", "arm", "Arm the trial", {})))


def finding(id_: str, kind: Kind, title: str = "Title") -> Finding:
    """A finding with everything in it."""
    return Finding(id_, kind, title, "What it means.", "Run `this`.", ("file:/etc/x",),
                   (f"password: {SECRET}",))


def _items() -> Tuple[Item, ...]:
    return (
        Item("/etc/ssh/ssh_host_ed25519_key", "file", Outcome.CARRIED, "the host's identity", "ssh",
             source="/etc/ssh/ssh_host_ed25519_key", group="ssh_keys", mode=0o640,
             sha256=SECRETS[2], size_bytes=411, secret=True),
        Item("/etc/secret.conf", "file", Outcome.CONVERTED, "holds a password", "vdsm",
             content=SECRETS[1], secret=True, mode=0o600),
        Item("/etc/fstab", "file", Outcome.CONVERTED, "the new volumes", "core",
             content=base64.b64encode(b"UUID=x / ext4\n").decode(), size_bytes=14),
        Item("", "file", Outcome.DROPPED, "the image has its own", "core",
             source="/etc/dracut.conf.d/ng.conf"),
        Item("/etc/localtime", "symlink", Outcome.CARRIED, "the time zone", "time",
             source="/etc/localtime", link="../usr/share/zoneinfo/UTC"))


def _identities() -> Identities:
    return Identities(
        users=(IdChange("sanlock", 179, 978, "mapped"), IdChange("root", 0, 0, "same")),
        groups=(IdChange("sanlock", 179, 978, "mapped"),), new_users=(), new_groups=(),
        passwords=("root",))


def _arguments() -> Tuple[KernelArg, ...]:
    disk = f"netroot=iscsi:me:{SECRET}@192.0.2.1::3260::iqn.x"
    return (KernelArg(disk, ArgAction.KEEP, "boot disk", disk),
            KernelArg("", ArgAction.ADD, "ends a panic", "panic=30"),
            KernelArg("rhgb", ArgAction.DROP, "no splash"))
