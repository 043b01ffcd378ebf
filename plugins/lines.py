"""Lines of NG's fstab that the plan itself does not write; a helper of the plug-in paths."""

import re
from typing import List, Mapping, Set, Tuple

from ng2coreos.model.facts import HostFacts
from ng2coreos.plan.fstab import field, swaps
from ng2coreos.plan.paths import unit_name, with_image
from ng2coreos.plan.volumes import NIST

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "glusterfs", "fuse.glusterfs", "ceph", "fuse.sshfs",
           "ocfs2", "gfs2", "lustre", "beegfs")
VIRTUAL = ("hugetlbfs", "proc", "tmpfs")
SECRETS = ("password=", "pass=", "secret=")


def kept(facts: HostFacts, rows: List[List[str]],
         top: Mapping[str, str]) -> Tuple[List[str], List[str], List[str]]:
    """fstab's lines that the plan itself does not write, those without a place, and the units of
    those that depend on a server or that NG's boot did not need either.
    """
    mounted = {m.target for m in facts.layout.mounts}
    disks = {m.target for m in facts.layout.mounts if m.volume}
    vg = facts.layout.vg
    lines, left, far = [], [], []
    ngs = re.compile(rf"/dev/(?:{re.escape(vg)}/|mapper/{re.escape(vg.replace('-', '--'))}-(?!-))")
    for source, place, kind, options, *_ in rows:
        where = unescaped(place)
        if kind == "swap":
            if source.startswith("/") and not source.startswith("/dev/"):
                left.append(f"{source}: a swap file, which each system makes for itself")
            elif source not in _swaps(facts):
                lines.append(f"{source} none swap {_optional(options)} 0 0")
            continue
        if not where.startswith("/") or (where in mounted and ngs.match(source)):
            continue
        network = kind in NETWORK
        words = options.split(",")
        bind = "bind" in words or "rbind" in words
        if where in NIST and where not in mounted and not (network or bind or kind in VIRTUAL):
            left.append(f"{source} at {where}: NG's place for a volume of its own, not mounted now")
            continue
        # systemd mounts /tmp and /proc, with these options; other lines about them mean NG's disk
        if where in ("/", "/boot") or (where in ("/tmp", "/proc") and kind not in VIRTUAL):
            continue
        if where.startswith(("/boot/", "/rhev/", "/proc/", "/sys")) or (
                where in mounted and not network and not bind and kind not in VIRTUAL):
            continue
        real = with_image(where, top)
        if bind:
            what = with_image(unescaped(source), top)
            if what is None:
                left.append(f"{source} at {where}: the image has no directory {source}")
                continue
            source = field(what)
        if real is None:
            left.append(f"{source} at {where}: the image has no such directory")
        elif kind in VIRTUAL and where in disks:
            left.append(f"{source} at {where}: a volume of NG's is mounted there too")
        elif any(f",{secret}" in f",{options}" for secret in SECRETS):
            left.append(f"{source} at {where}: its options hold a password")
        else:
            if network or "_netdev" in words or "nofail" in words:
                far.append(unit_name(real))
            words += [w for w in ("_netdev",) if network and w not in words]
            lines.append(f"{source} {field(real)} {kind} {_optional(','.join(words))} 0 0")
    return lines, left, far


def _optional(options: str) -> str:
    """The options, and that the boot does not need it."""
    return options if "nofail" in options.split(",") else f"{options},nofail"


def _swaps(facts: HostFacts) -> Set[str]:
    """The names in fstab of swap volumes that the plan itself writes down."""
    return {name for m in swaps(facts) for name in (
        m.source, f"UUID={m.uuid}", f"/dev/{facts.layout.vg}/{m.volume}",
        f"/dev/mapper/{facts.layout.vg.replace('-', '--')}-{m.volume.replace('-', '--')}")}


def unescaped(text: str) -> str:
    """A field of fstab as it was meant: octal escapes are characters."""
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), text)
