"""Draws a host for the report: facts in, a Picture out. Pure."""

from typing import Any, Dict, List, Set, Tuple

from ng2coreos.model.facts import HostFacts, ImageKind, LogicalVolume
from ng2coreos.model.picture import Disk, DrawnDisk, DrawnVolume, Link, PackageFate, Picture
from ng2coreos.model.target import TargetFacts

_IMAGES = {ImageKind.LAYER: "layer", ImageKind.BASE: "base", ImageKind.INIT: "init"}


def picture(facts: HostFacts, target: TargetFacts) -> Picture:
    """The picture of the host as it is before the move."""
    return Picture(
        arch=facts.arch, firmware=facts.boot.firmware, secure_boot=facts.boot.secure_boot,
        kernel=facts.kernel, packages_removed=tuple(p.nevra for p in facts.packages.removed),
        target_packages=len(target.packages), packages=_packages(facts, target),
        disk=_disk(facts), links=_links(facts))


def _packages(facts: HostFacts, target: TargetFacts) -> Tuple[PackageFate, ...]:
    theirs = {p.name: p.nevra for p in target.packages}
    return tuple(PackageFate(p.nevra, p.vendor, "in-image" if p.name in theirs else "left",
                             theirs.get(p.name, ""))
                 for p in sorted(facts.packages.added, key=lambda p: p.nevra))


def _disk(facts: HostFacts) -> Disk:
    layout, boot = facts.layout, facts.boot
    pool = layout.pool
    return Disk(
        vg=layout.vg, size_bytes=layout.vg_size_bytes, free_bytes=layout.vg_free_bytes,
        pool=pool.name, pool_bytes=pool.size_bytes, pool_used_bytes=pool.used_bytes,
        metadata_bytes=pool.metadata_bytes, metadata_used_bytes=pool.metadata_used_bytes,
        disks=tuple(DrawnDisk(pv.device, pv.vg, pv.size_bytes)
                    for pv in sorted(layout.pvs, key=lambda pv: pv.device)),
        volumes=tuple(_volume(facts, v) for v in sorted(layout.volumes, key=lambda v: v.name)
                      if v.name != pool.name),
        boot_source=boot.boot_source, boot_fstype=boot.boot_fstype,
        boot_bytes=boot.boot_size_bytes, boot_free_bytes=boot.boot_free_bytes)


def _volume(facts: HostFacts, volume: LogicalVolume) -> DrawnVolume:
    mounts = [m for m in facts.layout.mounts if m.volume == volume.name]
    image = next((i for i in facts.layout.images if i.volume == volume.name), None)
    if image is not None:
        kind = _IMAGES[image.kind]
    elif any(m.target == "swap" for m in mounts):
        kind = "swap"
    else:
        kind = "thin" if volume.thin else "thick"
    used = (int(volume.size_bytes * volume.data_percent / 100)
            if volume.data_percent is not None else max((m.used_bytes for m in mounts), default=0))
    return DrawnVolume(
        name=volume.name, kind=kind, size_bytes=volume.size_bytes, used_bytes=used,
        mount=", ".join(sorted(m.target for m in mounts if m.target != "swap")),
        origin=volume.origin, current=image is not None and image.current)


def _links(facts: HostFacts) -> Tuple[Link, ...]:
    """Cards first, then what is made of them, as the stored connections say."""
    profiles = [p for p in facts.plugins.get("network", {}).get("profiles", ())
                if isinstance(p, dict) and p.get("interface")]
    named = {str(p["interface"]): p for p in profiles}
    networks = _networks(facts)
    ports: Dict[str, Set[str]] = {}
    for name, profile in named.items():
        if profile.get("controller"):
            ports.setdefault(str(profile["controller"]), set()).add(name)
        if profile.get("parent"):
            ports.setdefault(name, set()).add(str(profile["parent"]))
    links: List[Link] = [
        Link(nic.name, "nic", nic.mac, nic.driver, (), *_addresses(named.get(nic.name, {})),
             networks.get(nic.name, ()), pinned=bool(nic.mac))
        for nic in sorted(facts.nics, key=lambda n: n.name)]
    cards = {link.name for link in links}
    made = [Link(name, str(p.get("type", "")), str(p.get("mac", "")), "",
                 tuple(sorted(ports.get(name, ()))), *_addresses(p), networks.get(name, ()))
            for name, p in sorted(named.items()) if name not in cards]
    return (*links, *made)


def _addresses(profile: Dict[str, Any]) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    found = tuple(str(a) for a in profile.get("addresses", ()))
    if not found and "auto" in profile.get("methods", ()):
        found = ("by DHCP",)
    return found, tuple(str(g) for g in profile.get("gateways", ()))


def _networks(facts: HostFacts) -> Dict[str, Tuple[str, ...]]:
    nets = (facts.plugins.get("vdsm", {}).get("persisted") or {}).get("nets") or {}
    found: Dict[str, List[str]] = {}
    for name, net in sorted(nets.items()) if isinstance(nets, dict) else ():
        net = net if isinstance(net, dict) else {}
        base = str(net.get("bonding") or net.get("nic") or "")
        vlan = f"{base}.{net['vlan']}" if base and net.get("vlan") else base
        found.setdefault(str(name) if net.get("bridged", True) else vlan, []).append(str(name))
    return {link: tuple(names) for link, names in found.items()}
