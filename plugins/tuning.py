"""tuning: module options that the initramfs must know too, and I/O schedulers by today's names."""

import re
from typing import Any, Dict, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import ArgAction, KernelArg
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

MODPROBE = "/etc/modprobe.d"
UDEV = "/etc/udev/rules.d"
# Files that the image brings with its vdsm, libvirt and sanlock, or that the network plug-in knows
OTHERS = ("vdsm-bonding-modprobe.conf", "vdsm-nestedvt.conf", "lockd.conf")
# Linux 5.0 took the single-queue schedulers out; these do the same for several queues
SCHEDULERS = {"cfq": "bfq", "deadline": "mq-deadline", "noop": "none"}
_OPTION = re.compile(r"^[\w.-]+=[^\s\"']*$")
_SCHEDULER = re.compile(r'(ATTR\{queue/scheduler\}\s*=\s*")(cfq|deadline|noop)(")')
_WHY = "Said in modprobe.d, which the image's initramfs does not read."


class Tuning:
    """Facts: options and blacklists of modprobe.d, rules of udev that choose an I/O scheduler."""

    id = "tuning"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """By file, since only files that NG's admin changed count."""
        lines: Dict[str, List[str]] = {}
        for name in host.names(MODPROBE):
            if name.endswith(".conf") and name not in OTHERS:
                text = host.read_text(f"{MODPROBE}/{name}", default="").replace("\\\n", " ")
                rows = [" ".join(row.split()) for row in text.splitlines()]
                lines[f"{MODPROBE}/{name}"] = [row for row in rows
                                               if row.startswith(("options ", "blacklist "))]
        rules = {}
        for name in host.names(UDEV):
            text = host.read_text(f"{UDEV}/{name}", default="") if name.endswith(".rules") else ""
            if _SCHEDULER.search(text):
                rules[f"{UDEV}/{name}"] = text
        return {"modprobe": {path: rows for path, rows in lines.items() if rows}, "rules": rules}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Kernel arguments, which modprobe heeds wherever it runs, and converted rules."""
        if not mine:
            return Contribution()
        changed = {c.path for c in facts.etc if c.host is not None and c.host.kind == "file"}
        found: List[Finding] = []
        rows = [row for path, lines in sorted(mine["modprobe"].items()) if path in changed
                for row in lines]
        words, left = arguments(rows)
        given = facts.boot.kernel_args.replace("-", "_").split()
        new = [word for word in words if word.replace("-", "_") not in given]
        if left:
            found.append(finding("N2C_TUNING_OPTION", evidence=left))
        items = [written(path, _SCHEDULER.sub(_renamed, text), "Its I/O schedulers by the names "
                         "that they have today.", self.id, source=path)
                 for path, text in sorted(mine["rules"].items()) if path in changed]
        if items:
            found.append(finding("N2C_TUNING_SCHEDULER", [f"file:{item.path}" for item in items]))
        return Contribution(findings=tuple(found), items=tuple(items), kernel_args=tuple(
            KernelArg("", ArgAction.ADD, _WHY, word) for word in new))


PLUGIN = Tuning


def arguments(rows: List[str]) -> Tuple[List[str], List[str]]:
    """The kernel arguments that say what lines of modprobe.d say, and lines that have none."""
    found: List[str] = []
    left: List[str] = []
    for row in rows:
        kind, _, rest = row.partition(" ")
        module, _, options = rest.partition(" ")
        if kind == "blacklist":
            found.append(f"modprobe.blacklist={module}")
            continue
        words = options.split()
        if not words or not all(_OPTION.match(word) for word in words):
            left.append(row)
            continue
        found += [f"{module}.{word}" for word in words]
    return list(dict.fromkeys(found)), left


def _renamed(match: "re.Match[str]") -> str:
    return match.group(1) + SCHEDULERS[match.group(2)] + match.group(3)
