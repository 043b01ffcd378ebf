"""Gluster: bricks keep their paths and are mounted before glusterd; the target must serve them."""

from typing import Any, Dict, List, Optional

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts, Mount
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.paths import with_image
from ng2coreos.plan.volumes import NIST
from ng2coreos.plan.written import written

STATE = "/var/lib/glusterd"
SERVER = "glusterfs-server"
DROP_IN = "/etc/systemd/system/glusterd.service.d/50-ng2coreos-bricks.conf"


class Gluster:
    """Facts: the names of peers and volumes, and this host's bricks."""

    id = "gluster"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Reads glusterd's own store; gluster itself would answer only while it runs."""
        info = _values(host.read_text(f"{STATE}/glusterd.info", default=""))
        return {"uuid": info.get("UUID", ""), "peers": host.names(f"{STATE}/peers"),
                "volumes": host.names(f"{STATE}/vols"),
                "bricks": sorted({path for volume in host.names(f"{STATE}/vols")
                                  for path in _bricks(host, volume, info.get("UUID", ""))})}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A drop-in that lets glusterd wait for its bricks, and the proof that they are mounted."""
        if not mine or not (mine["peers"] or mine["volumes"]):
            return Contribution()
        found: List[Finding] = []
        if SERVER not in {package.name for package in target.packages}:
            found.append(finding("N2C_GLUSTER_TARGET", [f"package:{SERVER}"]))
        mounts = {path: _mount(facts, path) for path in mine["bricks"]}
        on_root = [path for path, mount in mounts.items() if mount is None]
        lost = [path for path in mine["bricks"] if with_image(path, target.top) is None]
        if on_root:
            found.append(finding("N2C_GLUSTER_BRICK_ON_ROOT", [f"brick:{p}" for p in on_root]))
        if lost:
            found.append(finding("N2C_GLUSTER_BRICK_PATH", [f"brick:{p}" for p in lost]))
        places = {m.target: m for path, m in mounts.items() if m is not None and path not in lost}
        real = {with_image(place, target.top) or place: m for place, m in sorted(places.items())}
        if not real:
            return Contribution(findings=tuple(found))
        text = ("# Written by ng2coreos: without its disks glusterd would find empty bricks.\n"
                "[Unit]\n" + "".join(f"RequiresMountsFor={_quoted(path)}\n" for path in real))
        return Contribution(
            findings=tuple(found),
            items=(written(DROP_IN, text, "Bricks are mounted before glusterd starts.", self.id),),
            checks=tuple(Check(f"brick:{path}", "mount", f"The bricks' disk is mounted at {path}",
                               {"target": path, "uuid": m.uuid}) for path, m in real.items()
                         if m.target not in NIST))  # those are snapshots with another UUID


PLUGIN = Gluster


def _values(text: str) -> Dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in
            (line.partition("=") for line in text.splitlines())}


def _bricks(host: Host, volume: str, uuid: str) -> List[str]:
    """The paths of a volume's bricks on this host: by its UUID, or because they are here."""
    top = f"{STATE}/vols/{volume}/bricks"
    found = []
    for name in host.names(top):
        row = _values(host.read_text(f"{top}/{name}"))
        path = row.get("path", "")
        if path and (row["uuid"] == uuid if row.get("uuid") else _there(host, path)):
            found.append(path)
    return found


def _there(host: Host, path: str) -> bool:
    """Is there something at `path`? A disk that fails is there, too."""
    try:
        return host.exists(path)
    except OSError:
        return True


def _mount(facts: HostFacts, path: str) -> Optional[Mount]:
    """The disk under a brick; None for NG's root volume."""
    inside = [m for m in facts.layout.mounts if m.target != "/"
              and (path == m.target or path.startswith(m.target + "/"))]
    return max(inside, key=lambda m: len(m.target), default=None)


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'
