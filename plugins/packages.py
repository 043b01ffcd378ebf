"""packages: what becomes of each package that the admin added, and the proxy for the next ones."""

import configparser
import fnmatch
from typing import Any, Dict, List, Sequence, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts, Package
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

CONFIGS = ("/etc/dnf/dnf.conf", "/etc/yum.conf")
SERVICE = "rpm-ostreed.service"
DROP_IN = f"/etc/systemd/system/{SERVICE}.d/50-ng2coreos-proxy.conf"
# Nothing built for NG's kernel can be layered, and a kernel is the image's
BLOCKED = ("kmod-*", "kmodtool*", "dkms*", "akmod*", "kernel", "kernel-*", "*-kmod",
           "microcode_ctl", "grub2*", "shim*", "dracut*", "ostree*", "rpm-ostree*", "systemd",
           "systemd-*", "glibc", "glibc-*")
# Says that this is NG, or manages its layers and its repositories
BELONGS_TO_NG = ("ovirt-node-*", "imgbased*", "ovirt-release*", "ovirt-openvswitch*release*",
                 "*-release", "*-release-*", "*-repos", "*-gpg-keys", "dnf", "dnf-*", "yum",
                 "yum-*", "python3-dnf*", "libdnf*", "redhat-virtualization-host-*")
# The vendors of packages that a repository of the new system's family has too
DISTRIBUTORS = ("centos", "red hat", "almalinux", "rocky", "resf", "fedora", "ovirt", "oracle",
                "copr", "cbs", "scientific")
IN_IMAGE, LAYER, VENDOR, BLOCK, DROP = "in-image", "layer", "vendor", "blocked", "dropped"


class PackagesPlugin:
    """Facts: the proxy of dnf. The packages themselves are facts of the host."""

    id = "packages"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """A proxy's password is not read out: only that there is one."""
        main: Dict[str, str] = {}
        for path in CONFIGS:
            parser = configparser.RawConfigParser(strict=False)
            try:
                parser.read_string(host.read_text(path, default=""))
            except configparser.Error:
                continue
            for key, value in (parser.items("main") if parser.has_section("main") else ()):
                main.setdefault(key, value)
        proxy = main.get("proxy", "")
        secret = "@" in proxy or "proxy_username" in main
        return {"proxy": "" if secret or proxy == "_none_" else proxy, "proxy_secret": secret}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A finding for each fate; those with a package's name to type name the command."""
        if not mine:
            return Contribution()
        sorted_out = fates(facts, target)
        found: List[Finding] = []
        for fate, id in ((LAYER, "N2C_PACKAGES_LAYER"), (VENDOR, "N2C_PACKAGES_VENDOR"),
                         (BLOCK, "N2C_PACKAGES_BLOCKED"), (IN_IMAGE, "N2C_PACKAGES_IN_IMAGE"),
                         (DROP, "N2C_PACKAGES_DROPPED")):
            names = [p.name for p in sorted_out[fate]]
            if names:
                found.append(finding(
                    id, [f"package:{name}" for name in names],
                    [_described(p) for p in sorted_out[fate]], count=len(names),
                    names=" ".join(names)))
        gone = sorted({p.name for p in facts.packages.removed}
                      - {p.name for p in facts.packages.added})
        back = [name for name in gone if any(p.name == name for p in target.packages)]
        if back:
            found.append(finding("N2C_PACKAGES_BACK", [f"package:{name}" for name in back],
                                 count=len(back)))
        if mine["proxy_secret"]:
            found.append(finding("N2C_PACKAGES_PROXY", [f"file:{CONFIGS[0]}"]))
        return Contribution(findings=tuple(found), items=_proxy(mine["proxy"], target))


PLUGIN = PackagesPlugin


def fates(facts: HostFacts, target: TargetFacts) -> Dict[str, Tuple[Package, ...]]:
    """Fate -> the added packages that meet it, each name once; updates of the image's are none."""
    updated = {p.name for p in facts.packages.removed}
    theirs = {p.name for p in target.packages}
    found: Dict[str, Dict[str, Package]] = {f: {} for f in (IN_IMAGE, LAYER, VENDOR, BLOCK, DROP)}
    for package in facts.packages.added:
        name = package.name
        if name in theirs:
            fate = IN_IMAGE
        elif _fits(name, BELONGS_TO_NG):
            fate = DROP
        elif _fits(name, BLOCKED):
            fate = BLOCK
        elif name in updated:
            continue  # of NG's own image: it is not missed because the admin updated it
        elif any(word in package.vendor.lower() for word in DISTRIBUTORS):
            fate = LAYER
        else:
            fate = VENDOR
        found[fate].setdefault(name, package)
    return {fate: tuple(rows[name] for name in sorted(rows)) for fate, rows in found.items()}


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _described(package: Package) -> str:
    return f"{package.nevra}" + (f" of {package.vendor}" if package.vendor else ", of no vendor")


def _proxy(proxy: str, target: TargetFacts) -> Tuple[Item, ...]:
    """rpm-ostree reads no dnf.conf: its daemon gets the proxy from its environment."""
    if not proxy or SERVICE not in target.units:
        return ()
    text = "[Service]\n" + "".join(
        f'Environment="{name}={proxy}"\n' for name in ("http_proxy", "https_proxy"))
    return (written(DROP_IN, text, "The proxy that dnf used on NG.", "packages"),)
