"""tuning: module options that the initramfs must know too, I/O schedulers by today's names, and the
kernel's settings, which must be in force on the new system as they are here.
"""

import re
import stat
from contextlib import suppress
from typing import AbstractSet, Any, Dict, Iterable, List, Mapping, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.plan import ArgAction, KernelArg
from ng2coreos.model.sysctl import PROC, plain, settings
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

MODPROBE = "/etc/modprobe.d"
UDEV = "/etc/udev/rules.d"
SYSCTL_CONF, SYSCTL = "/etc/sysctl.conf", "/etc/sysctl.d"
LINK = f"{SYSCTL}/99-sysctl.conf"  # by which alone systemd-sysctl reads sysctl.conf
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
        files = [SYSCTL_CONF, *(f"{SYSCTL}/{name}" for name in host.names(SYSCTL)
                                if name.endswith(".conf"))]
        said = {path: settings(host.read_text(path, default="")) for path in files
                if not _is_link(host, path)}
        return {"modprobe": {path: rows for path, rows in lines.items() if rows}, "rules": rules,
                "sysctl": {path: found for path, found in said.items() if found},
                "volatile": {"sysctl": _in_force(host, said.values())}}

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
        if SYSCTL_CONF in changed and mine.get("sysctl", {}).get(SYSCTL_CONF) and (
                LINK not in target.etc):
            items.append(Item(LINK, "symlink", Outcome.CONVERTED, "The image does not read "
                              f"{SYSCTL_CONF} by itself.", self.id, link="../sysctl.conf"))
        return Contribution(findings=tuple(found), items=tuple(items), kernel_args=tuple(
            KernelArg("", ArgAction.ADD, _WHY, word) for word in new),
            checks=_checks(mine, changed))


PLUGIN = Tuning


def _is_link(host: Host, path: str) -> bool:
    seen = host.lstat(path)
    return seen is not None and stat.S_ISLNK(seen.st_mode)


def _in_force(host: Host, said: Iterable[Mapping[str, str]]) -> Dict[str, str]:
    """What the kernel has now of the settings that files name."""
    found = {}
    for path in sorted({path for one in said for path in one}):
        with suppress(BadInput, OSError):
            found[path] = plain(host.read_text(f"{PROC}/{path}"))
    return found


def _checks(mine: Mapping[str, Any], changed: AbstractSet[str]) -> Tuple[Check, ...]:
    """The admin's settings that are in force on NG; others something else has set there."""
    now = mine.get("volatile", {}).get("sysctl", {})
    wanted = sorted({f"{path}={value}" for file, said in mine.get("sysctl", {}).items()
                     if file in changed for path, value in said.items() if now.get(path) == value})
    return (Check("sysctl", "sysctl", "The kernel has the settings that it had on NG",
                  {"settings": wanted}),) if wanted else ()


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
