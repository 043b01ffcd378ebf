"""disks: what NG's volume group stands on, and what the image's general initramfs needs for it."""

import os
import re
from fnmatch import fnmatchcase
from typing import Any, Dict, List, Set

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import ArgAction, KernelArg
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

BLOCK = "/sys/block"
NET = "/sys/class/net"
UDEV = "/run/udev/data"
CRYPTTAB = "/etc/crypttab"
VDO = "/etc/vdoconf.yml"
CLEVIS_UNIT = "clevis-luks-askpass.path"
_PARTITION = re.compile(r"^(md\w*\d)p\d+$")
_NETWORK_ROOT = ("netroot=iscsi*", "rd.iscsi.*", "ip=ibft*")


class Disks:
    """Facts: the stack of block devices, arrays' UUIDs, encrypted devices, drivers."""

    id = "disks"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Reads /sys/block, udev's database and a few files.

        Of logical volumes only the names count: none lies under NG's volume group.  Devices are
        volatile: those of storage domains go when the host goes into maintenance, virtual functions
        come back from machines, and what the kernel calls a disk may change with each boot.
        """
        names = [n for n in host.names(BLOCK) if n.startswith(("dm-", "md"))]
        stack = {n: _device(host, n) for n in names}
        return {
            "crypttab": [line.split()[0] for line in _lines(host, CRYPTTAB)],
            "vdo": "!VDOVolume" in host.read_text(VDO, default=""),
            "volatile": {
                "stack": {n: r for n, r in stack.items() if not r["uuid"].startswith("LVM-")},
                "lvm": sorted(r["name"] for r in stack.values() if r["uuid"].startswith("LVM-")),
                "drivers": {d: _drivers(host, f"{BLOCK}/{d}") for d in host.names(BLOCK)
                            if d not in names and not d.startswith(("loop", "ram", "sr", "zram"))},
                "cards": {n: _drivers(host, f"{NET}/{n}") for n in host.names(NET)
                          if host.exists(f"{NET}/{n}/device")}},
        }

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Kernel arguments for arrays and multipath; findings where we cannot vouch."""
        if not mine:
            return Contribution()
        mine = {**mine, **mine["volatile"]}
        below = _below(facts, mine["stack"])
        kinds = {n: mine["stack"][n]["uuid"].partition("-")[0] for n in below}
        there = facts.boot.kernel_args.split()
        args = [_added(f"rd.md.uuid={mine['stack'][n]['md']}", "Assembles the array of NG's disks.")
                for n in sorted(below) if mine["stack"][n]["md"]
                and not any(word.startswith(("rd.md.uuid=", "rd.auto")) for word in there)]
        multipath = "mpath" in kinds.values()
        if multipath and not any(word.startswith("rd.multipath") for word in there):
            args.append(_added("rd.multipath=default", "NG's disk is a multipath device."))
        found = [*_findings(facts, mine, kinds, there), *_boot(facts, mine),
                 *_missing(facts, mine, target)]
        return Contribution(findings=tuple(found),
                            kernel_args=tuple(args))


PLUGIN = Disks


def _findings(facts: HostFacts, mine: Dict[str, Any], kinds: Dict[str, str],
              there: List[str]) -> List[Finding]:
    found = []
    crypt = [mine["stack"][n]["name"] for n, kind in sorted(kinds.items()) if kind == "CRYPT"]
    if crypt:
        found.append(finding("N2C_DISKS_ENCRYPTED", [f"device:{name}" for name in crypt]))
    elif mine["crypttab"]:
        found.append(finding("N2C_DISKS_CRYPTTAB", [f"device:{n}" for n in mine["crypttab"]]))
    if any(s.unit == CLEVIS_UNIT and s.state == "enabled" for s in facts.services) or any(
            fnmatchcase(c.path, "/etc/dracut.conf.d/*clevis*") for c in facts.etc):
        found.append(finding("N2C_DISKS_CLEVIS"))
    if "mpath" in kinds.values():
        found.append(finding("N2C_DISKS_MULTIPATH_ROOT", [
            f"device:{mine['stack'][n]['name']}" for n, kind in sorted(kinds.items())
            if kind == "mpath"]))
    words = [word for word in there if any(fnmatchcase(word, p) for p in _NETWORK_ROOT)]
    if words:
        found.append(finding("N2C_DISKS_ISCSI_ROOT", evidence=words))
    if mine["vdo"]:
        found.append(finding("N2C_DISKS_VDO", [f"file:{VDO}"]))
    return found


def _boot(facts: HostFacts, mine: Dict[str, Any]) -> List[Finding]:
    """What /boot lies on where GRUB writes to none such: a one-shot entry would be booted for ever.

    Arrays of the firmware's (external metadata) are plain disks for GRUB.
    """
    source = facts.boot.boot_source
    name = source.rpartition("/")[2]
    device = next((n for n, row in mine["stack"].items() if row["name"] == name),
                  _PARTITION.sub(r"\1", name))
    row = mine["stack"].get(device, {"uuid": "", "format": ""})
    if name in mine["lvm"] and not name.startswith(facts.layout.vg.replace("-", "--") + "-"):
        what = "a logical volume of another volume group"  # of NG's: plan/boot.py
    elif row["uuid"].startswith("CRYPT-"):
        what = "an encrypted device"
    elif row["format"] and not row["format"].startswith("external:"):
        what = "an array of the kernel's (mdraid)"
    else:
        return []
    return [finding("N2C_BOOT_NOT_PLAIN", [source], what=what, source=source)]


def _missing(facts: HostFacts, mine: Dict[str, Any], target: TargetFacts) -> List[Finding]:
    """Drivers of NG's disks and of the interfaces that the target's kernel does not have."""
    if not target.modules:
        return []
    there = set(target.modules)
    used = {f"disk {d}": mine["drivers"][d] for d in _disks(facts, mine)}
    used.update((f"interface {n.name}", mine["cards"].get(n.name, [])) for n in facts.nics)
    lines = [f"{what}: {name}" for what, names in sorted(used.items()) for name in names
             if name.replace("-", "_") not in there]
    return [finding("N2C_DISKS_DRIVER", evidence=lines)] if lines else []


def _disks(facts: HostFacts, mine: Dict[str, Any]) -> List[str]:
    """The disks at the bottom of NG's volume group."""
    names = [pv.device.rpartition("/")[2] for pv in facts.layout.pvs if pv.vg == facts.layout.vg]
    for device in _below(facts, mine["stack"]):
        names += mine["stack"][device]["slaves"]
    return [disk for disk in sorted(mine["drivers"])
            if any(n == disk or re.fullmatch(re.escape(disk) + r"p?\d+", n) for n in names)]


def _drivers(host: Host, device: str) -> List[str]:
    """The modules that drive a device and what it hangs on; what is built in has none."""
    found: List[str] = []
    shown = "/" + os.path.relpath(str(host.follow(device)), str(host.root))
    while shown.startswith("/sys/devices/"):
        module = f"{shown}/driver/module"
        if host.exists(module):
            found.append(host.follow(module).name)
        shown = shown.rpartition("/")[0]
    return found


def _lines(host: Host, path: str) -> List[str]:
    return [line for line in host.read_text(path, default="").splitlines()
            if line.strip() and not line.lstrip().startswith("#")]


def _device(host: Host, name: str) -> Dict[str, Any]:
    """A mapped device or array: what it is called, what it is, what it stands on."""
    number = host.read_text(f"{BLOCK}/{name}/dev", default="").strip()
    lines = host.read_text(f"{UDEV}/b{number}", default="").splitlines() if number else []
    md = [line.partition("=")[2] for line in lines if line.startswith("E:MD_UUID=")]
    return {"name": host.read_text(f"{BLOCK}/{name}/dm/name", default=name).strip(),
            "uuid": host.read_text(f"{BLOCK}/{name}/dm/uuid", default="").strip(),
            "md": md[0] if md else "",
            "format": host.read_text(f"{BLOCK}/{name}/md/metadata_version", default="").strip(),
            "slaves": host.names(f"{BLOCK}/{name}/slaves")}


def _below(facts: HostFacts, stack: Dict[str, Any]) -> Set[str]:
    """Every device under NG's volume group, down to the disks."""
    names = {row["name"]: n for n, row in stack.items()}
    todo = [pv.device.rpartition("/")[2] for pv in facts.layout.pvs if pv.vg == facts.layout.vg]
    found: Set[str] = set()
    while todo:
        name = todo.pop()
        device = names.get(name, name)
        row = stack.get(device)
        if row is not None and device not in found:
            found.add(device)
            todo += row["slaves"]
    return found


def _added(word: str, reason: str) -> KernelArg:
    return KernelArg("", ArgAction.ADD, reason, word)
