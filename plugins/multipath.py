"""multipath: vdsm's file is made anew, a private one is converted; local disks stay out of it."""

import re
from typing import Any, Dict, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

CONF = "/etc/multipath.conf"
DROP_INS = "/etc/multipath/conf.d"
BLACKLIST = DROP_INS + "/vdsm_blacklist.conf"
WWIDS = "/etc/multipath/wwids"
# vdsm's lib/vdsm/tool/configurators/multipath.py: only the first two lines are looked at
MARKS = ("# VDSM PRIVATE", "# RHEV PRIVATE")
MANAGED = ("# VDSM REVISION", "# RHEV REVISION", "# RHAT REVISION")
# multipath-tools' NEWS: gone, or errors, in versions that images have
REMOVED = ("bindings_file", "wwids_file", "prkeys_file", "config_dir", "default_features",
           "default_getuid_callout", "default_prio_callout", "default_selector",
           "getuid_callout", "hw_str_match", "multipath_dir", "pg_timeout", "prio_callout")
_FRIENDLY = re.compile(r'^(\s*user_friendly_names\s+)"?yes"?\s*$')
_WWID = re.compile(r'^\s*wwid\s+"?([^"\s]+)"?', re.MULTILINE)
_ATTRIBUTES = ("ID_SERIAL", "ID_WWN", "ID_UID")  # multipath's, for SCSI, NVMe and DASD
_HEAD = "# Written by ng2coreos as vdsm does; `vdsm-tool config-lvm-filter` writes it anew.\n\n"


class Multipath:
    """Facts: the texts of multipath's files, which hold no secrets, and names of local disks."""

    id = "multipath"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Reads the files, and udev's database about the disks in /sys/block.

        Those of storage domains are gone once the host is in maintenance: so disks are volatile.
        """
        files = [CONF, WWIDS, *(f"{DROP_INS}/{name}" for name in host.names(DROP_INS)
                                if name.endswith(".conf"))]
        return {"files": {path: host.read_text(path) for path in files if host.exists(path)},
                "volatile": {"wwids": _disk_names(host), "held": _held(host)}}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A private file and drop-ins without what newer versions refuse, and the blacklist."""
        if not mine:
            return Contribution()
        mine = {**mine, **mine["volatile"]}
        files: Dict[str, str] = mine["files"]
        items: List[Item] = []
        left: List[str] = []
        for path in sorted(files):
            if path in (BLACKLIST, WWIDS) or (path == CONF and not private(files[path])):
                continue
            text, lines = adapted(files[path])
            left += [f"{path}: {line}" for line in lines]
            if path == CONF or lines:
                items.append(written(path, text, "The admin's own, which vdsm leaves alone; "
                                     "without options that newer versions refuse.", self.id,
                                     source=path))
        local = sorted({mine["wwids"][disk] for disk in _local(facts, mine)})
        items += _blacklisted(files.get(BLACKLIST, ""), local)
        items += _without_local(files.get(WWIDS, ""), local)
        found: Tuple[Finding, ...] = ()
        if left:
            found = (finding("N2C_MULTIPATH_OPTIONS", [f"file:{p}" for p in sorted(files)
                                                       if any(x.startswith(p + ":") for x in left)],
                             left),)
        return Contribution(findings=found, items=tuple(items))


PLUGIN = Multipath


def private(text: str) -> bool:
    """Is the file the admin's: taken away from vdsm, or never vdsm's?"""
    head = text.splitlines()[:2]
    return any(line.strip() in MARKS for line in head) or not any(
        line.startswith(MANAGED) for line in head)


def adapted(text: str) -> Tuple[str, List[str]]:
    """The file for newer versions, and the lines that were changed in it."""
    lines, changed = [], []
    for line in text.splitlines():
        word = line.split()[0] if line.split() else ""
        friendly = _FRIENDLY.match(line)
        if word in REMOVED:
            changed.append(line.strip())
            line = f"# ng2coreos: {line.strip()}"
        elif friendly:  # domains are looked for by their WWID
            changed.append(line.strip())
            line = friendly.group(1) + "no"
        lines.append(line)
    return "\n".join(lines) + "\n", changed


def _disk_names(host: Host) -> Dict[str, str]:
    """Disk -> the name that multipath would know it by; disks without one are none of its."""
    found = {}
    for disk in host.names("/sys/block"):
        number = host.read_text(f"/sys/block/{disk}/dev", default="").strip()
        if not number or disk.startswith(("dm-", "loop", "sr", "ram", "md", "zram")):
            continue
        lines = host.read_text(f"/run/udev/data/b{number}", default="").splitlines()
        values = dict(line[2:].partition("=")[::2] for line in lines if line.startswith("E:"))
        name = next((values[key] for key in _ATTRIBUTES if values.get(key)), "")
        if name:
            found[disk] = name
    return found


def _held(host: Host) -> List[str]:
    """Disks that multipath has already taken, where a boot disk in a SAN belongs."""
    maps = [dm for dm in host.names("/sys/block") if dm.startswith("dm-") and host.read_text(
        f"/sys/block/{dm}/dm/uuid", default="").startswith("mpath-")]
    return sorted({disk for dm in maps for disk in host.names(f"/sys/block/{dm}/slaves")})


def _local(facts: HostFacts, mine: Dict[str, Any]) -> List[str]:
    """The disks with NG's volume group and /boot that are no multipath devices."""
    devices = [pv.device for pv in facts.layout.pvs if pv.vg == facts.layout.vg]
    devices.append(facts.boot.boot_source)
    names = [device.rpartition("/")[2] for device in devices]
    return [disk for disk in sorted(mine["wwids"]) if disk not in mine["held"] and any(
        name == disk or re.fullmatch(re.escape(disk) + r"p?\d+", name) for name in names)]


def _blacklisted(text: str, local: List[str]) -> List[Item]:
    """vdsm's blacklist with the system's disks, where it lacks one."""
    there = _WWID.findall(text)
    if set(local) <= set(there):
        return []
    lines = "".join(f'    wwid "{name}"\n' for name in [*there, *(n for n in local
                                                                  if n not in there)])
    return [written(BLACKLIST, f"{_HEAD}blacklist {{\n{lines}}}\n",
                    "Multipath must not take the disks of the system.", "multipath",
                    source=BLACKLIST)]


def _without_local(text: str, local: List[str]) -> List[Item]:
    lines = text.splitlines()
    kept = [line for line in lines if line.strip("/") not in local]
    if kept == lines:
        return []
    return [written(WWIDS, "".join(f"{line}\n" for line in kept),
                    "Without the disks of the system, which are none of multipath's.",
                    "multipath", source=WWIDS, mode=0o600)]
