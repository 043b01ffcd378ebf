"""containers: podman's storage comes with /var; what the image cannot do there is told."""

import dataclasses
import posixpath
import re
import stat
from typing import Any, Dict, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.inventory.files import look
from ng2coreos.model.facts import FileFact, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.volumes import TREES
from ng2coreos.plan.written import carried

from .asking import answered

STORAGE = "/var/lib/containers/storage"
STORAGE_CONF = "/etc/containers/storage.conf"
BOLT = STORAGE + "/libpod/bolt_state.db"
QUADLETS = "/etc/containers/systemd"
# podman-systemd.unit(5)
QUADLET_KINDS = (".build", ".container", ".image", ".kube", ".network", ".pod", ".volume")
CNI = "/etc/cni/net.d"
CNI_OWN = ("87-podman.conflist", "87-podman-bridge.conflist", "00-loopback.conf")
DOCKER = ("/var/lib/docker/containers", "/var/lib/docker/image")
RUN_AUTH = "/run/containers/0/auth.json"  # a tmpfs: podman login keeps it until the next boot
ROOT_AUTH = ".config/containers/auth.json"
KEPT = ("/var", "/etc", "/run", "/dev", "/proc", "/sys", "/tmp", "/usr/share", "/mnt", *TREES)
_SETTING = re.compile(r'^\s*(driver|graphroot)\s*=\s*"([^"]*)"', re.MULTILINE)
_VOLUME = re.compile(r"^Volume=(/[^:\s]*)", re.MULTILINE)
# podman-systemd.unit(5): web.container makes web.service, unless it says otherwise (podman 5.3)
_SERVICE = re.compile(r"^ServiceName=([^\s%@]+)$", re.MULTILINE)
# podman's generator links only what asks for it: the rest runs when somebody, or a timer, starts it
_WANTED = re.compile(r"^\s*(?:WantedBy|RequiredBy|UpheldBy)\s*=\s*\S", re.MULTILINE)
_SERVICE_OF = {".container": "{}", ".kube": "{}", ".pod": "{}-pod"}
_DEADLINE_S = 30.0


class Containers:
    """Facts: where images lie and by which driver, quadlets' directories, Docker, log-ins."""

    id = "containers"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Names and settings; a log-in is a file's digest only."""
        settings = dict(_SETTING.findall(host.read_text(STORAGE_CONF, default="")))
        root = settings.get("graphroot", STORAGE)
        auth = look(host, RUN_AUTH)
        quadlets = {path: host.read_text(path, default="") for path in host.walk(QUADLETS)
                    if path.endswith(QUADLET_KINDS) and not _is_directory(host, path)}
        known = host.exists(f"/root/{ROOT_AUTH}")
        return {
            "driver": settings.get("driver", "overlay"), "root": root,
            "images": bool(host.names(f"{root}/overlay") or host.names(f"{root}/vfs")),
            "bolt": host.exists(BOLT),
            "quadlets": {path: _VOLUME.findall(text) for path, text in quadlets.items()},
            "volatile": {"running": _running(host, quadlets)},
            "networks": [n for n in host.names(CNI) if n not in CNI_OWN],
            "docker": [path for path in DOCKER if host.names(path)],
            "auth": dataclasses.asdict(auth) if auth is not None and not known else None}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """What does not work as it is, and root's log-in to registries."""
        if not mine:
            return Contribution()
        used = mine["images"] or bool(mine["quadlets"])
        podman = any(package.name == "podman" for package in target.packages)
        found: List[Finding] = []
        if used and not podman:
            found.append(finding("N2C_CONTAINERS_NO_PODMAN", sorted(
                f"file:{path}" for path in mine["quadlets"])))
        if mine["images"] and mine["driver"] not in ("", "overlay"):
            found.append(finding("N2C_CONTAINERS_STORAGE", [f"file:{STORAGE_CONF}"],
                                 [f"driver {mine['driver']}"]))
        if mine["images"] and not _kept(mine["root"]):
            found.append(finding("N2C_CONTAINERS_STORAGE", [f"file:{mine['root']}"],
                                 [f"graphroot {mine['root']} is on NG's root"]))
        if mine["bolt"]:
            found.append(finding("N2C_CONTAINERS_BOLTDB", [f"file:{BOLT}"]))
        if mine["networks"]:
            found.append(finding("N2C_CONTAINERS_CNI",
                                 [f"file:{CNI}/{name}" for name in mine["networks"]]))
        lost = [f"{posixpath.basename(path)}: {place}"
                for path, places in sorted(mine["quadlets"].items())
                for place in places if not _kept(place)]
        if lost:
            found.append(finding("N2C_CONTAINERS_VOLUME", evidence=lost))
        if mine["docker"]:
            there = any(p.name.startswith(("moby-engine", "docker-ce")) for p in target.packages)
            if not there:
                found.append(finding("N2C_CONTAINERS_DOCKER",
                                     [f"file:{path}" for path in mine["docker"]]))
        running = {unit for path, unit in mine["volatile"]["running"].items()
                   if podman and all(map(_kept, mine["quadlets"][path]))}
        checks = tuple(Check(f"{self.id}:{unit}", "unit-active", f"The container of {unit} runs",
                             {"unit": unit}) for unit in sorted(running))
        return Contribution(findings=tuple(found), items=_auth(mine["auth"]), checks=checks)


PLUGIN = Containers


def _is_directory(host: Host, path: str) -> bool:
    info = host.lstat(path)  # the generator looks into the admin's directories, whatever their name
    return info is not None and stat.S_ISDIR(info.st_mode)


def _running(host: Host, quadlets: Dict[str, str]) -> Dict[str, str]:
    """The quadlets that a boot starts and whose containers run now, with their service; none of a
    template."""
    units = {}
    for path, text in sorted(quadlets.items()):
        stem, kind = posixpath.splitext(posixpath.basename(path))
        named = _SERVICE.search(text)
        if kind in _SERVICE_OF and "@" not in stem and _wanted(host, path, text):
            name = named.group(1) if named else _SERVICE_OF[kind].format(stem)
            units[path] = f"{name}.service"
    told = answered(host, "systemctl", "is-active", "--", *units.values(),
                    timeout_s=_DEADLINE_S) if units else None
    states = told.stdout.splitlines() if told is not None else []
    if len(states) != len(units):  # it answers each in a line
        return {}
    return {path: unit for (path, unit), state in zip(units.items(), states) if state == "active"}


def _wanted(host: Host, path: str, text: str) -> bool:
    more = [host.read_text(f"{path}.d/{name}", default="") for name in host.names(f"{path}.d")
            if name.endswith(".conf")]
    return any(_WANTED.search(one) for one in (text, *more))


def _kept(path: str) -> bool:
    return any(path == top or path.startswith(top + "/") for top in KEPT)


def _auth(fact: Any) -> Tuple[Item, ...]:
    """podman looks for it in root's home next, which outlives a boot."""
    if not fact:
        return ()
    item = carried(RUN_AUTH, FileFact(**fact), "How root logged in to registries.", "containers")
    return (dataclasses.replace(item, path=f"/var/roothome/{ROOT_AUTH}", mode=0o600, secret=True),)
