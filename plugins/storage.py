"""storage: LVM's own files, leases that are held, automatic iSCSI logins, programs that lack."""

import re
import stat
from fnmatch import fnmatchcase
from typing import Any, Dict, List, Optional, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.inventory import files
from ng2coreos.model import codec
from ng2coreos.model.facts import FileFact, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.lvm_devices import local_pvs
from ng2coreos.plan.written import carried, written

from . import sanlock, vdsm_conf

LVM = "/etc/lvm/lvm.conf"
LVMLOCAL = "/etc/lvm/lvmlocal.conf"
POOL_PROFILE = "imgbased-pool"  # imgbased attaches it to the pool, which grows by it
PROFILE = f"/etc/lvm/profile/{POOL_PROFILE}.profile"
FACTORY = "/usr/share/factory"
NODES = "/var/lib/iscsi/nodes"
TASKS = "/rhev/data-center/hsm-tasks"
INITIATOR = "/etc/iscsi/initiatorname.iscsi"
HOSTNQN, HOSTID = "/etc/nvme/hostnqn", "/etc/nvme/hostid"
FABRICS = ("tcp", "rdma", "fc")
HOSTED_ENGINE = "hosted-engine:"  # its lockspace is plugins/hosted_engine.py's business
_SETTING = re.compile(r"^\s*(filter|global_filter|hosttags|use_devicesfile|devicesfile|system_id)"
                      r"\s*=")
_DEVICES_FILE = re.compile(r"\buse_devicesfile\s*=\s*(\d+)")
_USE_DEVICES_FILE = "devices/use_devicesfile = 1  # by ng2coreos: LVM's own default differs\n"
_OWN_NAME = re.compile(r"^\s*(system_id|host_id)\s*=", re.MULTILINE)
# Settings that are in use -> packages one of which the target must have
SOFTWARE = (
    ("/etc/fcoe/cfg-*", ("fcoe-utils",)),
    ("/etc/target/saveconfig.json", ("targetcli", "target-restore")),
    ("/etc/exports", ("nfs-utils",)), ("/etc/exports.d/*.exports", ("nfs-utils",)),
    ("/etc/auto.master", ("autofs",)), ("/etc/auto.master.d/*", ("autofs",)),
    ("/etc/ceph/*", ("ceph-common",)), ("/etc/beegfs/*", ("beegfs-client",)),
    ("/etc/lustre.conf", ("lustre-client",)), ("/etc/drbd.d/*.res", ("drbd", "drbd-utils")),
    ("/etc/zfs/zpool.cache", ("zfs",)), ("/etc/stratis/*", ("stratisd",)),
    ("/etc/ctdb/*", ("ctdb",)), ("/etc/ganesha/*.conf", ("nfs-ganesha",)),
    ("/etc/samba/smb.conf", ("samba",)))
# Vendors' path drivers (PowerPath, HDLM, Veritas): neither vdsm nor an image knows them
VENDORS = ("/etc/emc*", "/etc/powermt.custom", "/etc/dlmfdrv.conf", "/etc/VRTS*", "/etc/vx/*")


class Storage:
    """Facts: markers and changed settings of LVM, iSCSI records, NVMe names; leases as of now."""

    id = "storage"
    api = API
    momentary = ("N2C_STORAGE_LEASES", "N2C_STORAGE_LEASES_UNKNOWN", "N2C_STORAGE_TASKS")

    def facts(self, host: Host) -> Dict[str, Any]:
        """Reads files, and asks sanlock what it holds."""
        local = host.read_text(LVMLOCAL, default="")
        # Where the last NVMe storage domain is gone (maintenance), the plan is as good as before
        now = {"volatile": {**self.now(host)["volatile"], "nvme": _nvme(host)}}
        mine = bool(local) and (private(local) or bool(_OWN_NAME.search(local)))
        return {
            "lvmlocal_private": mine, "lvmlocal": local if mine else "",
            "lvm_settings": _changed(host), "config_method": _config_method(host),
            "pristine": _pristine(host), "automatic": _automatic(host),
            "ports": _fc_ports(host), **now}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """lvmlocal.conf where it is the admin's, NVMe's names, and every disk of a local VG."""
        if not mine:
            return Contribution()
        found = [*self.judge_now(mine), *_settings(mine)]
        if mine["automatic"]:
            found.append(finding("N2C_STORAGE_ISCSI_AUTOMATIC", evidence=mine["automatic"]))
        if mine["ports"]:
            found.append(finding("N2C_STORAGE_FC", evidence=mine["ports"]))
        found += _software(facts, target)
        uuids = sorted(pv.uuid for pv in local_pvs(facts))
        return Contribution(
            findings=tuple(found),
            items=(*_lvmlocal(facts, mine), *_nvme_items(mine), *_pristine_items(facts, mine)),
            checks=(Check("pvs:local", "pv-set", "LVM sees the disks of every local volume group",
                          {"uuids": uuids}),
                    *([] if _devices_file(mine) == "0" else [Check(
                        "lvm-devices", "lvm-devices", "LVM uses the disks of its devices file")])))

    def now(self, host: Host) -> Dict[str, Any]:
        """What sanlock holds, and storage tasks that did not end."""
        return {"volatile": {"leases": _leases(host), "tasks": host.names(TASKS)}}

    def judge_now(self, mine: Dict[str, Any]) -> Tuple[Finding, ...]:
        """Does the host still hold leases, or own tasks of the storage pool?"""
        if not mine:
            return ()
        now, found = mine["volatile"], []
        if now["leases"] is None:
            found.append(finding("N2C_STORAGE_LEASES_UNKNOWN"))
        elif now["leases"]:
            found.append(finding("N2C_STORAGE_LEASES", evidence=now["leases"]))
        if now["tasks"]:
            found.append(finding("N2C_STORAGE_TASKS", [f"task:{task}" for task in now["tasks"]]))
        return tuple(found)


PLUGIN = Storage


def private(text: str) -> bool:
    """Is lvmlocal.conf the admin's: taken away from vdsm (configurators/lvm.py), or never its?"""
    heads = [line.replace(" ", "").upper() for line in text.splitlines()[:2]]
    return "#PRIVATE" in heads or "#PRIVATE:YES" in heads or not any(
        head.startswith("#REVISION:") for head in heads)


def _leases(host: Host) -> Optional[List[str]]:
    """Lockspaces and resources that sanlock holds, or None where it does not tell."""
    lines = sanlock.status(host)
    return None if lines is None else [line for line in lines if line.startswith(("s ", "r "))
                                       and not line[2:].startswith(HOSTED_ENGINE)]


def _changed(host: Host) -> List[str]:
    """Lines of lvm.conf about which disks LVM sees, where they are not the image's."""
    factory = {line.strip() for line in host.read_text(FACTORY + LVM, default="").splitlines()}
    return [line.strip() for line in host.read_text(LVM, default="").splitlines()
            if _SETTING.match(line) and line.strip() not in factory]


def _config_method(host: Host) -> str:
    try:
        return vdsm_conf.read(host).get("lvm", "config_method", fallback="")
    except BadInput:
        return ""  # plugins/vdsm.py refuses that file


def _automatic(host: Host) -> List[str]:
    """Targets that the host logs in to at boot, by the records of open-iscsi."""
    if not host.exists(NODES):
        return []
    found = []
    for path in host.walk(NODES):
        st = host.lstat(path)
        if st is not None and stat.S_ISREG(st.st_mode):
            lines = {line.replace(" ", "") for line in host.read_text(path).splitlines()}
            if lines & {"node.startup=automatic", "node.startup=onboot"}:
                found.append(path[len(NODES) + 1:])
    return found


def _nvme(host: Host) -> Dict[str, Any]:
    """Is NVMe over a network in use, and which name does the hardware give the host?"""
    transports = [host.read_text(f"/sys/class/nvme/{name}/transport", default="").strip()
                  for name in host.names("/sys/class/nvme")]
    uuid = host.read_text("/sys/class/dmi/id/product_uuid", default="").strip().lower()
    return {"used": any(t in FABRICS for t in transports), "uuid": uuid,
            "stored": [path for path in (HOSTNQN, HOSTID) if host.exists(path)]}


def _fc_ports(host: Host) -> List[str]:
    top = "/sys/class/fc_host"
    return [f"{name}: {host.read_text(f'{top}/{name}/port_name', default='').strip()}"
            for name in host.names(top)]


def _settings(mine: Dict[str, Any]) -> List[Finding]:
    lines = list(mine["lvm_settings"])
    if mine["config_method"] == "filter":
        lines.append("vdsm.conf: config_method = filter")
    if _devices_file(mine) == "0":
        lines.append("lvmlocal.conf: use_devicesfile = 0")
    return [finding("N2C_STORAGE_LVM_CONF", [f"file:{LVM}"], lines)] if lines else []


def _devices_file(mine: Dict[str, Any]) -> str:
    """What the admin's lvmlocal.conf says about use_devicesfile; empty where it says nothing."""
    said = _DEVICES_FILE.search(re.sub("#.*", "", mine["lvmlocal"]))
    return said.group(1) if said else ""


def _lvmlocal(facts: HostFacts, mine: Dict[str, Any]) -> List[Item]:
    """The whitelist says that vdsm makes it; the admin's own goes before.

    It takes the place of the image's, and with it of what that says of the devices file.  LVM puts
    a devices file that it is not to use out of the way, and then takes disks of virtual machines.
    """
    change = next((c for c in facts.etc if c.path == LVMLOCAL), None)
    if not mine["lvmlocal_private"] or change is None or change.host is None:
        return []
    if _devices_file(mine):
        return [carried(LVMLOCAL, change.host, "The admin's own, which vdsm leaves alone.",
                        "storage")]
    text = mine["lvmlocal"].rstrip("\n") + "\n" + _USE_DEVICES_FILE
    return [written(LVMLOCAL, text, "The admin's own, and LVM uses its devices file.", "storage",
                    source=LVMLOCAL, mode=change.host.mode & 0o7777)]


def _pristine(host: Host) -> Dict[str, Any]:
    """What is wanted though it is the image's, and so no change in /etc: names, and a profile."""
    return {path: codec.dump(files.look(host, path))
            for path in (INITIATOR, HOSTNQN, HOSTID, PROFILE)
            if host.exists(path) and host.read_text(FACTORY + path, default="")
            == host.read_text(path)}


def _pristine_items(facts: HostFacts, mine: Dict[str, Any]) -> List[Item]:
    reasons = dict.fromkeys((INITIATOR, HOSTNQN, HOSTID), "Storage lets the host in by this name, "
                            "though it is the image's.")
    if facts.layout.pool.profile == POOL_PROFILE:
        reasons[PROFILE] = "The thin pool, in which the new system lies too, grows by this profile."
    return [carried(path, codec.load(FileFact, fact), reasons[path], "storage")
            for path, fact in mine["pristine"].items() if path in reasons]


def _nvme_items(mine: Dict[str, Any]) -> List[Item]:
    """The names that NG took from the hardware, written down: another program may make others."""
    nvme = mine["volatile"]["nvme"]
    if not nvme["used"] or not nvme["uuid"] or nvme["stored"]:
        return []
    reason = "NVMe subsystems know the host by the name that its hardware gave."
    return [written(HOSTNQN, f"nqn.2014-08.org.nvmexpress:uuid:{nvme['uuid']}\n", reason,
                    "storage"),
            written(HOSTID, f"{nvme['uuid']}\n", reason, "storage")]


def _software(facts: HostFacts, target: TargetFacts) -> List[Finding]:
    """Settings in use whose programs the target does not have."""
    there = {package.name for package in target.packages}
    paths = [c.path for c in facts.etc if c.host is not None and c.host.kind != "directory"]
    lines = [f"{path} needs {' or '.join(names)}" for pattern, names in SOFTWARE
             if not there & set(names) for path in paths if fnmatchcase(path, pattern)]
    vendors = [path for path in paths if any(fnmatchcase(path, p) for p in VENDORS)]
    found = [finding("N2C_STORAGE_SOFTWARE", evidence=lines)] if lines else []
    return [*found, *([finding("N2C_STORAGE_VENDOR", [f"file:{p}" for p in vendors])]
                      if vendors else [])]
