"""packages: what each package that the admin added is, and the proxy for the next ones."""

import configparser
import fnmatch
from typing import AbstractSet, Any, Dict, List, Sequence, Tuple

from ng2coreos.core import repofile
from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts, Package
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.packages import AddedPackage, Fate, RepositoryFile
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

CONFIGS = ("/etc/dnf/dnf.conf", "/etc/yum.conf")
REPOSITORIES = "/etc/yum.repos.d"
SERVICE = "rpm-ostreed.service"
DROP_IN = f"/etc/systemd/system/{SERVICE}.d/50-ng2coreos-proxy.conf"
# Nothing built for NG's kernel can be layered, and a kernel is the image's; an appliance is a disk
BLOCKED = ("kmod-*", "kmodtool*", "dkms*", "akmod*", "kernel", "kernel-*", "*-kmod",
           "microcode_ctl", "grub2*", "shim*", "dracut*", "ostree*", "rpm-ostree*", "systemd",
           "systemd-*", "glibc", "glibc-*", "selinux-policy", "selinux-policy-*", "ignition*",
           "*-appliance")
# Says that this is NG, or manages its layers and its repositories
BELONGS_TO_NG = ("ovirt-node-*", "imgbased*", "ovirt-release*", "ovirt-openvswitch*release*",
                 "*-release", "*-release-*", "*-repos", "*-gpg-keys", "dnf", "dnf-*", "yum",
                 "yum-*", "python3-dnf*", "libdnf*", "redhat-virtualization-host-*")
# The vendors of packages that a repository of the new system's family has too
DISTRIBUTORS = ("centos", "red hat", "almalinux", "rocky", "resf", "fedora", "ovirt", "oracle",
                "copr", "cbs", "scientific")
_WHY = {
    Fate.IN_IMAGE: "The image has a package of that name.",
    Fate.DROPPED: "It names NG's release, or manages NG.",
    Fate.BLOCKED: "It is of a kernel, of the boot or of the system's base, or an appliance.",
    Fate.LAYER: "A distributor's: its name is looked for in the new system's repositories.",
    Fate.VENDOR: "It was built for NG's release."}


class PackagesPlugin:
    """Facts: dnf's proxy, and which repositories are enabled.

    The packages themselves are facts of the host.
    """

    id = "packages"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """A proxy's password is not read out: only that there is one; no addresses either."""
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
        files = [codec.dump(_repository_file(host, f"{REPOSITORIES}/{name}"))
                 for name in host.names(REPOSITORIES) if name.endswith(".repo")]
        return {"repositories": files, "proxy_secret": secret,
                "proxy": "" if secret or proxy == "_none_" else proxy}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Each package judged; what the answers make of it is the plan's (plan/packages.py)."""
        if not mine:
            return Contribution()
        found: List[Finding] = []
        gone = sorted({p.name for p in facts.packages.removed}
                      - {p.name for p in facts.packages.added})
        back = [name for name in gone if any(p.name == name for p in target.packages)]
        if back:
            found.append(finding("N2C_PACKAGES_BACK", [f"package:{name}" for name in back],
                                 count=len(back)))
        if mine["proxy_secret"]:
            found.append(finding("N2C_PACKAGES_PROXY", [f"file:{CONFIGS[0]}"]))
        return Contribution(findings=tuple(found), items=_proxy(mine["proxy"], target),
                            packages=judged(facts, target), repositories=tuple(
                                codec.load(RepositoryFile, one) for one in mine["repositories"]))


PLUGIN = PackagesPlugin


def _repository_file(host: Host, path: str) -> RepositoryFile:
    try:
        return repofile.parse(path, host.read_text(path, default=""))
    except BadInput:  # no package manager can read it either
        return RepositoryFile(path, broken=True)


def judged(facts: HostFacts, target: TargetFacts) -> Tuple[AddedPackage, ...]:
    """The added packages, each name once; an update of a package of NG's own image is none."""
    updated = {p.name for p in facts.packages.removed}
    theirs = {p.name for p in target.packages}
    found: Dict[str, AddedPackage] = {}
    for package in facts.packages.added:
        fate = _fate(package, theirs)
        if fate in (Fate.LAYER, Fate.VENDOR) and package.name in updated:
            continue  # it is not missed because the admin updated it
        found.setdefault(package.name, AddedPackage(
            package.name, package.nevra, package.vendor, fate, _WHY[fate],
            facts.packages.origins.get(package.name, "")))
    return tuple(found[name] for name in sorted(found))


def _fate(package: Package, theirs: AbstractSet[str]) -> Fate:
    if package.name in theirs:
        return Fate.IN_IMAGE
    if _fits(package.name, BELONGS_TO_NG):
        return Fate.DROPPED
    if _fits(package.name, BLOCKED):
        return Fate.BLOCKED
    if any(word in package.vendor.lower() for word in DISTRIBUTORS):
        return Fate.LAYER
    return Fate.VENDOR


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _proxy(proxy: str, target: TargetFacts) -> Tuple[Item, ...]:
    """rpm-ostree reads no dnf.conf: its daemon gets the proxy from its environment."""
    if not proxy or SERVICE not in target.units:
        return ()
    text = "[Service]\n" + "".join(
        f'Environment="{name}={proxy}"\n' for name in ("http_proxy", "https_proxy"))
    return (written(DROP_IN, text, "The proxy that dnf used on NG.", "packages"),)
