"""libvirt: what engine and admin added to its files beside vdsm's part; machines not oVirt's."""

import re
from typing import Any, Dict, List, Tuple

from ng2coreos.core.errors import CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import Difference, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import given_up, written

FILES = {"/etc/libvirt/libvirtd.conf": 0o644, "/etc/libvirt/qemu.conf": 0o600}
FACTORY = "/usr/share/factory"
SECRETS = "/etc/libvirt/secrets"
PASSWORDS = "/etc/libvirt/passwd.db"
OURS = "vdsm@ovirt"
SAVED = "/var/lib/libvirt/qemu/save"
RUNNING = "/run/libvirt/qemu"
DOMAINS = "/etc/libvirt/qemu"
RESIDUE = "HostedEngineLocal"
HOOK = "/etc/libvirt/hooks/qemu"
DAEMON, MODULAR = "libvirtd.service", "virtqemud.service"
DEADLINE_S = 30.0
_BEGIN = re.compile(r"^#+ ?(beginning|begin)\b", re.IGNORECASE)
_END = re.compile(r"^#+ ?(end)\b", re.IGNORECASE)
_BY_VDSM = "by vdsm-"
_OVIRT = re.compile(r"<name>\s*ovirt/")
_HEAD = ("# Written by ng2coreos from oVirt Node NG's file: what stood beside vdsm's section,\n"
         "# which vdsm adds. All else is libvirt's default.\n")


class Libvirt:
    """Facts: settings beside vdsm's sections, without passwords; names of what is not oVirt's."""

    id = "libvirt"
    api = API
    momentary = ("N2C_LIBVIRT_RUNNING",)

    def facts(self, host: Host) -> Dict[str, Any]:
        """Reads libvirt's files; asks for the names in its password database."""
        kept, hidden = {}, []
        for path in FILES:
            factory = set(settings(host.read_text(FACTORY + path, default="")))
            mine = [s for s in settings(host.read_text(path, default="")) if s not in factory]
            kept[path] = [s for s in mine if not _secret(s)]
            hidden += [f"{path}: {s.partition('=')[0].strip()}" for s in mine if _secret(s)]
        return {
            "kept": kept, "hidden": hidden,
            "ovirt_secrets": [name[:-len(".xml")] for name in host.names(SECRETS)
                              if name.endswith(".xml")
                              and _OVIRT.search(host.read_text(f"{SECRETS}/{name}"))],
            "accounts": _accounts(host),
            "saved": [n for n in host.names(SAVED) if n.endswith(".save")], **self.now(host)}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """The files with what is not vdsm's; vdsm's own secrets stay behind."""
        if not mine:
            return Contribution()
        items = [written(path, _HEAD + "\n".join(kept) + "\n",
                         "Set by the engine or the admin beside vdsm's section.", self.id,
                         source=path, mode=FILES[path])
                 for path, kept in sorted(mine["kept"].items()) if kept]
        return Contribution(findings=(*self.judge_now(mine), *_findings(facts, mine, target)),
                            items=(*items, *_ovirts(facts, mine)))

    def now(self, host: Host) -> Dict[str, Any]:
        """The machines that libvirt runs, by its own notes; vdsm knows some of them only."""
        return {"volatile": {"running": [n[:-len(".xml")] for n in host.names(RUNNING)
                                         if n.endswith(".xml")]}}

    def judge_now(self, mine: Dict[str, Any]) -> Tuple[Finding, ...]:
        """Does any machine run, oVirt's or not?"""
        running = mine["volatile"]["running"] if mine else []
        return ((finding("N2C_LIBVIRT_RUNNING", [f"vm:{name}" for name in running]),)
                if running else ())


PLUGIN = Libvirt


def settings(text: str) -> List[str]:
    """The settings of a file outside vdsm's section, each with its lines; other sections whole."""
    found: List[str] = []
    section: List[str] = []
    for line in text.splitlines():
        words = line.strip()
        if section:
            section.append(words)
            if _END.match(words):
                found += [] if _BY_VDSM in section[0] else ["\n".join(section)]
                section = []
        elif _BEGIN.match(words):
            section = [words]
        elif found and _open(found[-1]) and words and not words.startswith("#"):
            found[-1] += f"\n{words}"
        elif words and not words.startswith("#"):
            found.append(words)
    return found


def _open(setting: str) -> bool:
    """Does a list go on in the next line?"""
    return not setting.startswith("#") and setting.count("[") > setting.count("]")


def _secret(setting: str) -> bool:
    return "password" in setting.partition("=")[0] and "\n" not in setting


def _accounts(host: Host) -> List[str]:
    """Names in the password database but for vdsm's own."""
    if not host.exists(PASSWORDS):
        return []
    try:
        lines = host.run(["sasldblistusers2", "-f", PASSWORDS], timeout_s=DEADLINE_S).stdout
    except (CommandFailed, Unsupported):
        return []  # nobody can tell, and vdsm makes its own account anew
    names = [line.partition(":")[0].strip() for line in lines.splitlines() if ":" in line]
    return [name for name in names if name and name != OURS]


def _ovirts(facts: HostFacts, mine: Dict[str, Any]) -> List[Item]:
    there = {c.path for c in facts.etc if c.host is not None}
    paths = [f"{SECRETS}/{name}{end}" for name in mine["ovirt_secrets"]
             for end in (".xml", ".base64")]
    return [given_up(path, "vdsm's own; the engine sends it when the host is activated.", "libvirt")
            for path in paths if path in there]


def _findings(facts: HostFacts, mine: Dict[str, Any], target: TargetFacts) -> List[Finding]:
    found = []
    if mine["hidden"]:
        found.append(finding("N2C_LIBVIRT_PASSWORD", evidence=mine["hidden"]))
    if mine["accounts"]:
        found.append(finding("N2C_LIBVIRT_ACCOUNTS", [f"user:{n}" for n in mine["accounts"]]))
    if mine["saved"]:
        found.append(finding("N2C_LIBVIRT_SAVED", [f"vm:{n}" for n in mine["saved"]]))
    here = [c.path for c in facts.etc if c.host is not None and c.host.kind == "file"]
    domains = [p[len(DOMAINS) + 1:-len(".xml")] for p in here
               if p.rpartition("/")[0] == DOMAINS and p.endswith(".xml")]
    others = [name for name in domains if not name.startswith(RESIDUE)]
    if others:
        found.append(finding("N2C_LIBVIRT_DOMAINS", [f"vm:{name}" for name in others]))
    if any(c.path == HOOK and c.difference is Difference.CHANGED for c in facts.etc):
        found.append(finding("N2C_LIBVIRT_HOOK", [f"file:{HOOK}"]))
    devices = [p for p in here if p.startswith("/etc/mdevctl.d/")]
    if devices:
        found.append(finding("N2C_LIBVIRT_MDEV", [f"file:{p}" for p in devices]))
    known = {*target.units, *target.enabled_units}
    if DAEMON not in known and MODULAR in known and any(
            s.unit.startswith("libvirtd") and s.state == "enabled" for s in facts.services):
        found.append(finding("N2C_LIBVIRT_TARGET", [f"unit:{DAEMON}"]))
    return found
