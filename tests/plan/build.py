"""A healthy host and a fitting image, which each test alters where it wants something else."""

from dataclasses import replace
from functools import cache
from typing import Any, Dict, Iterator, Optional, Sequence

from ng2coreos.model.facts import (
    BlsEntry,
    Boot,
    Difference,
    EtcChange,
    FileFact,
    Group,
    HostFacts,
    Image,
    ImageKind,
    Layout,
    LogicalVolume,
    Mount,
    Nic,
    Package,
    Packages,
    PhysicalVolume,
    Service,
    ThinPool,
    User,
)
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.plan import Decisions, Policy
from ng2coreos.model.programs import PROGRAMS
from ng2coreos.model.target import Initramfs, Signature, TargetFacts, TargetSource
from ng2coreos.plan import Rules, decide, load_plugins, load_rules
from tests.plan import units

MIB = 1024 * 1024
GIB = 1024 * MIB
VG, POOL = "onn", "pool00"
REF = "ovirt-node/x86_64/stable"
LOCAL = TargetSource("repo", "/srv/repo", REF)
NVR = "ovirt-node-ng-4.5.5-0.20231130.0"
LAYER, ENTRY = f"{NVR}+1", f"{NVR}-5.14.0"
BOOT_UUID = "0d1f6f2a-3a5a-4a43-9a30-9f1f1c9a7a11"
ARGS = (f"crashkernel=auto resume=/dev/mapper/onn-swap rd.lvm.lv=onn/{LAYER} rd.lvm.lv=onn/swap "
        f"rhgb quiet root=/dev/onn/{LAYER} boot=UUID={BOOT_UUID} rootflags=discard "
        f"img.bootid={LAYER} console=ttyS0 intel_iommu=on")
MOUNTS = {"/home": "home", "/tmp": "tmp", "/var": "var", "/var/crash": "var_crash",
          "/var/log": "var_log", "/var/log/audit": "var_log_audit", "/var/tmp": "var_tmp"}
VDSM = {
    "id": "8f2b8a52-6b1f-11ee-9d0c-00163e7a1b2c", "id_stored": True,
    "repository": "/rhev/data-center", "port": 54321, "running": None,
    "persisted": {
        "nets": {"ovirtmgmt": {"bonding": "bond0", "vlan": 100, "bridged": True,
                               "bootproto": "none", "ipaddr": "192.0.2.10",
                               "netmask": "255.255.255.0", "switch": "legacy"}},
        "bonds": {"bond0": {"nics": ["ens3", "ens4"], "options": "mode=1"}}, "devices": {}},
    "volatile": {"vms": []},
}


def file(content: str = "x", *, mode: int = 0o644, uid: int = 0, gid: int = 0) -> FileFact:
    """A file whose digest stands for its content."""
    return FileFact("file", mode, uid, gid, len(content), f"sha256-of-{content}")


def link(target: str) -> FileFact:
    """A symlink."""
    return FileFact("symlink", 0o777, 0, 0, link=target)


def added(path: str, fact: Optional[FileFact] = None) -> EtcChange:
    """A path that the image did not have."""
    return EtcChange(path, Difference.ADDED, fact or file(path))


def changed(path: str, fact: Optional[FileFact] = None,
            factory: Optional[FileFact] = None) -> EtcChange:
    """A path that the image had with other content."""
    return EtcChange(path, Difference.CHANGED, fact or file("edited"), factory or file("factory"))


def deleted(path: str) -> EtcChange:
    """A path of the image that is gone."""
    return EtcChange(path, Difference.DELETED, None, file("factory"))


def profile(interface: str, kind: str = "ethernet", **more: Any) -> Dict[str, Any]:
    """A connection as the network plug-in reads it."""
    base: Dict[str, Any] = {
        "file": f"{interface}.nmconnection", "id": interface, "uuid": f"uuid-{interface}",
        "type": kind, "interface": interface, "controller": "", "parent": "", "mac": "",
        "methods": ["disabled"], "addresses": [], "gateways": [], "autoconnect": True,
        "never_default": False}
    return {**base, **more}


PROFILES = (
    profile("ens3", controller="bond0"), profile("ens4", controller="bond0"),
    profile("bond0", "bond"), profile("bond0.100", "vlan", parent="bond0", controller="ovirtmgmt"),
    profile("ovirtmgmt", "bridge", addresses=["192.0.2.10/24"], gateways=["192.0.2.2"]))


def layout() -> Layout:
    """NG's VG as anaconda makes it, with one generation."""
    volumes = [
        LogicalVolume(POOL, "uuid-pool", "twi-aotz--", 40 * GIB),
        LogicalVolume("swap", "uuid-swap", "-wi-ao----", 2 * GIB),
        LogicalVolume("root", "uuid-root", "Vri---tz-k", 10 * GIB, POOL),
        LogicalVolume(NVR, "uuid-base", "Vri---tz-k", 10 * GIB, POOL, "root"),
        LogicalVolume(LAYER, "uuid-layer", "Vwi-aotz--", 10 * GIB, POOL, NVR, ("imgbased:layer",))]
    volumes += [LogicalVolume(name, f"uuid-{name}", "Vwi-aotz--", 5 * GIB, POOL)
                for name in MOUNTS.values()]
    mounts = [
        Mount(f"/dev/mapper/{VG}-layer", "/", "xfs", "rw,relatime,discard", "fs-root", LAYER,
              10 * GIB, 3 * GIB, 60000),
        Mount("/dev/sda1", "/boot", "xfs", "rw,relatime", BOOT_UUID, "", GIB, 300 * MIB, 40),
        Mount("/dev/dm-9", "swap", "swap", "pri=-2", "", "swap", 2 * GIB)]
    mounts += [Mount(f"/dev/mapper/{VG}-{name}", path, "xfs", "rw,nodev,relatime,discard",
                     f"fs-{name}", name, 5 * GIB, 200 * MIB, 2000)
               for path, name in MOUNTS.items()]
    return Layout(
        VG, "vg-uuid", 60 * GIB, 10 * GIB, 4 * MIB,
        ThinPool(POOL, 40 * GIB, 6 * GIB, 64 * MIB, 2 * MIB, 65536), tuple(volumes),
        (Image("root", ImageKind.INIT, ""), Image(NVR, ImageKind.BASE, NVR),
         Image(LAYER, ImageKind.LAYER, NVR, current=True)),
        tuple(mounts), (PhysicalVolume("/dev/sda2", "pv-uuid", VG, 60 * GIB),), ("imgbased:vg",))


def boot() -> Boot:
    """A BIOS host with rhboot's GRUB."""
    entry = BlsEntry(ENTRY, f"{LAYER} (5.14.0)", "5.14.0", f"/{LAYER}/vmlinuz-5.14.0",
                     (f"/{LAYER}/initramfs-5.14.0.img",), ARGS)
    return Boot(
        "bios", False, "/dev/sda1", BOOT_UUID, "xfs", GIB, 700 * MIB, 500000,
        "/boot/grub2/grub.cfg", "/boot/grub2/grubenv", "/boot/grub2/custom.cfg", 1024,
        {"saved_entry": ENTRY}, True, True, "rhboot", (entry,), ENTRY, ARGS)


def host(**more: Any) -> HostFacts:
    """A host against which nothing stands."""
    facts = HostFacts(
        fqdn="node01.example.org", machine_id="0123456789abcdef0123456789abcdef", arch="x86_64",
        product="oVirt Node 4.5.5", variant_id="ovirt-node", kernel="5.14.0", boot_id="boot-1",
        layout=layout(), boot=boot(), packages=Packages(500, (), (), ()), etc=(),
        users=(User("root", 0, 0, "root", "/root", "/bin/bash"),
               User("vdsm", 36, 36, "", "/var/lib/vdsm", "/sbin/nologin"),
               User("admin", 1001, 1001, "An Admin", "/home/admin", "/bin/bash")),
        groups=(Group("root", 0), Group("wheel", 10, ("admin",)), Group("kvm", 36),
                Group("admin", 1001)),
        nics=(Nic("ens3", "52:54:00:00:00:11"), Nic("ens4", "52:54:00:00:00:12")),
        services=(Service("vdsmd.service", "enabled", ("multi-user.target.wants",)),),
        plugins={"vdsm": VDSM, "network": {"profiles": list(PROFILES), "ifcfg": [], "volatile": {}},
                 "ssh": {"settings": [], "changed": False, "root_keys": 1},
                 "users": {"subordinate": {}, "empty": []}},
        programs=tuple(name for program in PROGRAMS for name in program.names))
    return replace(facts, **more)


def target(**more: Any) -> TargetFacts:
    """A signed image that fits."""
    facts = TargetFacts(
        source=TargetSource("url", "https://images.example.org/repo", REF),
        ref="ovirt-node/x86_64/stable", commit="c" * 64, version="1.0", timestamp=0,
        signature=Signature(True, ("KEY",)), os_release={"ID": "ovirt-coreos"},
        kernel_version="6.12.0", kernel_bytes=12 * MIB,
        initramfs=Initramfs(40 * MIB, True, True, True, True, False, (
            "ignition-complete.target.requires/ignition-files.service",
            "ignition-complete.target.requires/coreos-ignition-setup-user.service",
            "ignition-complete.target.requires/ignition-ostree-growfs.service")),
        ignition_version="2.14.0", files=30000, bytes=GIB,
        packages=(Package("kernel-core", 0, "6.12.0", "1", "x86_64"),),
        users=(User("root", 0, 0, "", "/root", "/bin/bash"),
               User("vdsm", 36, 36, "", "/var/lib/vdsm", "/sbin/nologin")),
        groups=(Group("root", 0), Group("wheel", 10), Group("kvm", 36)),
        etc_groups=("root", "wheel"), etc={},
        units={"vdsmd.service": ("multi-user.target.wants",), "sshd.service": ("x.wants",)},
        enabled_units=("sshd.service",), python=True)
    return replace(facts, **more)


@cache
def rules() -> Rules:
    """The built-in whitelists."""
    return load_rules()


def decided(facts: Optional[HostFacts] = None, image: Optional[TargetFacts] = None,
            policy: Optional[Policy] = None, given: Optional[Rules] = None) -> Decisions:
    """All decisions, with UUIDs that count; systemd has nothing against any unit in them."""
    numbers: Iterator[int] = iter(range(1, 1000))
    found = decide(facts or host(), image or target(), policy or Policy(), given or rules(),
                   load_plugins(), lambda: f"uuid-{next(numbers)}")
    problems = units.refused(found)
    assert not problems, problems
    return found


def ids(decisions: Decisions) -> Sequence[str]:
    """The ids of what was found."""
    return [f.id for f in decisions.findings]


def found(decisions: Decisions, id: str) -> Finding:
    """The one finding `id`."""
    one, = (f for f in decisions.findings if f.id == id)
    return one


def item(decisions: Decisions, path: str) -> Item:
    """The one item at `path`."""
    one, = (i for i in decisions.items if i.path == path)
    return one
