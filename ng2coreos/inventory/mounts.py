"""What is mounted and swapped to, and how full the local file systems are."""

import os
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.inventory.devices import Devices
from ng2coreos.inventory.parse import Row, integer, json_object, objects, readable, rows
from ng2coreos.model.facts import Mount

# The kernel's own interfaces: the same on every system, nothing of the host's.
_KERNEL_TYPES = frozenset((
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
    "devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs",
    "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs"))
_KERNEL_PLACES = re.compile(r"^/(dev|proc|run|sys)(/|$)")
_COLUMNS = ("source", "target", "fstype", "options", "uuid")
_FINDMNT = ("findmnt", "--json", "--bytes", "--list", "--output", ",".join(_COLUMNS).upper())
_STAT = ("stat", "--file-system", "--format", "%S %b %f %c %d", "--")


@dataclass(frozen=True)
class Usage:
    """How full a file system is, root's reserve counted as free."""

    size_bytes: int = 0
    free_bytes: int = 0
    inodes_used: int = 0
    inodes_free: int = 0


def read(host: Host, devices: Devices, volumes: Mapping[str, str]) -> Tuple[Mount, ...]:
    """The mounts in the kernel's order, then the swap areas.

    `volumes` gives the LV's name by the paths under which LVM knows it (/dev/VG/LV and
    /dev/mapper/...), of NG's VG only.
    """
    table = [row for row in _table(host) if not _kernels(row)]
    last = {row["target"]: n for n, row in enumerate(table)}  # what lies beneath is not reachable
    shown = [row["target"] for n, row in enumerate(table)
             if last[row["target"]] == n and row["source"].startswith("/dev/")]
    usages = usage(host, shown)
    found = []
    for n, row in enumerate(table):
        node = row["source"].partition("[")[0]  # a bind mount shows its directory in brackets
        used = usages.get(row["target"], Usage()) if last[row["target"]] == n else Usage()
        found.append(Mount(
            source=row["source"], target=row["target"], fstype=row["fstype"],
            options=row["options"], uuid=row["uuid"] or _uuid(devices, node),
            volume=_volume(host, devices, volumes, node), size_bytes=used.size_bytes,
            used_bytes=used.size_bytes - used.free_bytes, inodes_used=used.inodes_used))
    return (*found, *_swaps(host, devices, volumes))


def usage(host: Host, targets: Sequence[str]) -> Dict[str, Usage]:
    """How full the file systems mounted at `targets` are; asked of local ones only, as a dead NFS
    server would never answer."""
    if not targets:
        return {}
    lines = host.run([*_STAT, *targets]).stdout.splitlines()
    found = {}
    for number, target in enumerate(targets):
        words = lines[number].split() if number < len(lines) else []
        if len(words) != 5 or not all(word.isdecimal() for word in words):
            raise BadInput(f"stat said nothing useful about the file system at {target}.",
                           hint=f"Run `stat -f {target}` by hand.")
        block, blocks, free, inodes, inodes_free = (int(word) for word in words)
        found[target] = Usage(block * blocks, block * free, inodes - inodes_free, inodes_free)
    return found


def _table(host: Host) -> Iterator[Row]:
    output = host.run(_FINDMNT, ok=(0, 1)).stdout
    for row in _flat(json_object(output, "findmnt").get("filesystems")):
        yield {key: row.get(key, "") for key in _COLUMNS}


def _flat(items: Any) -> List[Row]:
    """The rows with their children, for a findmnt that prints a tree all the same."""
    found: List[Row] = []
    for item in objects(items, "findmnt"):
        found += rows([item], "findmnt")
        if "children" in item:
            found += _flat(item["children"])
    return found


def _kernels(row: Row) -> bool:
    return row["fstype"] in _KERNEL_TYPES or (
        row["fstype"] == "tmpfs" and bool(_KERNEL_PLACES.match(row["target"])))


def _swaps(host: Host, devices: Devices, volumes: Mapping[str, str]) -> Iterator[Mount]:
    with readable("/proc/swaps"):
        lines = host.read_text("/proc/swaps", default="").splitlines()[1:]
    for line in lines:
        words = line.split()
        if len(words) < 4:
            continue
        node = words[0].replace("\\040", " ")
        yield Mount(source=node, target="swap", fstype="swap", options="",
                    uuid=_uuid(devices, node), volume=_volume(host, devices, volumes, node),
                    size_bytes=integer(words[2], "/proc/swaps") * 1024,
                    used_bytes=integer(words[3], "/proc/swaps") * 1024)


def _volume(host: Host, devices: Devices, volumes: Mapping[str, str], node: str) -> str:
    if not node.startswith("/dev/"):
        return ""
    block = devices.block(node)
    if block.lv:
        return volumes.get(f"/dev/{block.vg}/{block.lv}", "")
    name = os.path.basename(node)
    if re.fullmatch(r"dm-[0-9]+", name):  # /proc/swaps knows the kernel's name only
        with readable(f"/sys/block/{name}"):
            mapped = host.read_text(f"/sys/block/{name}/dm/name", default="").strip()
        node = f"/dev/mapper/{mapped}"
    return volumes.get(node, "")


def _uuid(devices: Devices, node: str) -> str:
    return devices.block(node).fs_uuid if node.startswith("/dev/") else ""
