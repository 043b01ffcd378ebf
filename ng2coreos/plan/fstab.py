"""The new system's /etc/fstab: the boot partition, our volumes, swap, and what else was mounted."""

import base64
import hashlib
import re
from typing import List, Mapping, Sequence, Set, Tuple

from ng2coreos.model.facts import HostFacts, Mount
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Volume
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.paths import top_name, with_image

PATH = "/etc/fstab"
UNITS = "/etc/systemd/system"
RULE = "plan:fstab"
# Options that an admin chose; what the kernel adds by itself is left out
OPTIONS = ("nodev", "nosuid", "noexec", "noatime", "nodiratime", "discard", "usrquota", "grpquota",
           "prjquota", "uquota", "gquota", "pquota", "sync", "ro")
# Mounted by the system, by vdsm or by us, whatever fstab says
NOT_OURS = ("/boot", "/dev", "/proc", "/rhev", "/run", "/sys", "/sysroot", "/tmp")
_BIND = re.compile(r"\[.*\]$")  # so findmnt shows a directory (or subvolume) mounted elsewhere
NOFAIL = "nofail,x-systemd.device-timeout=300"
_HEADER = "# Written by ng2coreos. /boot is a directory of NG's boot partition: see its manual.\n"


def decide_fstab(facts: HostFacts, volumes: Tuple[Volume, ...], top: Mapping[str, str],
                 more: Sequence[str] = ()) -> Tuple[Item, Tuple[Finding, ...]]:
    """The file, and findings about mounts that the new system cannot have or shares with NG.

    `top` are the image's directories in ``/``, `more` lines that plug-ins write.
    """
    boot, vg = facts.boot, facts.layout.vg
    lines = [
        f"UUID={boot.boot_uuid} /sysroot/boot {boot.boot_fstype} "
        "nodev,nosuid,ro,x-systemd.device-timeout=300 0 0",
        "/sysroot/boot/coreos /boot none bind,ro,nodev,nosuid 0 0"]
    for volume in volumes:
        mount = facts.layout.mount(volume.source_mount) if volume.origin else None
        if mount is not None:
            check = 2 if volume.fstype == "ext4" else 0
            lines.append(f"/dev/{vg}/{volume.name} {field(volume.mount)} {volume.fstype} "
                         f"{_options(mount)} 0 {check}")
    lines += [f"/dev/{vg}/{m.volume} none swap defaults,{NOFAIL} 0 0" for m in swaps(facts)]
    found = _others(facts, volumes, lines, top, {line.split()[1] for line in more})
    lines += more
    data = (_HEADER + "\n".join(lines) + "\n").encode("utf-8", "surrogateescape")
    item = Item(PATH, "file", Outcome.CONVERTED, "The new system mounts its own volumes.", RULE,
                source=PATH, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
                content=base64.b64encode(data).decode())
    return item, found


def dropped_mounts(facts: HostFacts, units: Tuple[str, ...]) -> Tuple[Item, ...]:
    """Mount units for NG's volumes, by imgbased or the admin: they would mount them again."""
    paths = {f"{UNITS}/{unit}" for unit in units}
    return tuple(
        Item(c.path, c.host.kind, Outcome.DROPPED, "The new fstab mounts its own volume there.",
             RULE, source=c.path, verify=False)
        for c in facts.etc if c.path in paths and c.host is not None)


def swaps(facts: HostFacts) -> Tuple[Mount, ...]:
    """Swap volumes of NG's VG: both systems use them, never at once."""
    return tuple(m for m in facts.layout.mounts if m.target == "swap" and m.volume)


def _others(facts: HostFacts, volumes: Tuple[Volume, ...], lines: List[str],
            top: Mapping[str, str], taken: Set[str]) -> Tuple[Finding, ...]:
    ours = {"/", "swap", *(v.source_mount for v in volumes)}
    ngs = {*(v.origin for v in volumes), *(i.volume for i in facts.layout.images)} - {""}
    shared: List[str] = []
    left: List[str] = []
    for target in sorted({m.target for m in facts.layout.mounts}):
        mount = facts.layout.mount(target)
        if mount is None or target in ours or _below(target, NOT_OURS):
            continue
        real = with_image(target, top)
        if real is not None and field(real) in taken:
            continue
        if not mount.source.startswith("/dev/"):
            if ":" in mount.source or mount.source.startswith("//"):
                left.append(f"{mount.source} at {target}: a network file system")
        elif _BIND.search(mount.source):
            # Never by UUID: that is another file system than the directory, NG's own for the most
            if not _itself(facts, mount):
                left.append(f"{mount.source} at {target}: a directory of a file system")
        elif mount.volume in ngs:
            left.append(f"{mount.source} at {target}: NG's own, which stays as it is")
        elif not mount.uuid:
            left.append(f"{mount.source} at {target}: it has no UUID")
        elif real is None or not (top_name(target) or real.startswith("/var/")):
            left.append(f"{mount.source} at {target}: the image has no such directory")
        else:
            shared.append(target)
            lines.append(f"UUID={mount.uuid} {field(real)} {mount.fstype} "
                         f"{_options(mount)},{NOFAIL} 0 0")
    found = []
    if shared:
        found.append(finding("N2C_MOUNT_SHARED", [f"mount:{t}" for t in shared]))
    if left:
        found.append(finding("N2C_MOUNT_LEFT", evidence=left))
    return tuple(found)


def _itself(facts: HostFacts, mount: Mount) -> bool:
    """Is a directory mounted on itself, as podman does? Nothing is there that was not before."""
    device, _, directory = mount.source[:-1].partition("[")
    return any(m.source == device and f"{m.target.rstrip('/')}{directory}" == mount.target
               for m in facts.layout.mounts)


def _below(path: str, tops: Tuple[str, ...]) -> bool:
    return any(path == top or path.startswith(top + "/") for top in tops)


def _options(mount: Mount) -> str:
    kept = [word for word in mount.options.split(",") if word in OPTIONS]
    return ",".join(["defaults", *kept])


def field(path: str) -> str:
    """A path as fstab wants it: blanks and backslashes in octal."""
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\#" else c for c in path)
