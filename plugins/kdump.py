"""kdump: a crash is written where it was written before, as the new system names that place."""

import math
import posixpath
import re
from typing import Any, Dict, List, Optional, Tuple

from ng2coreos.core.errors import CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts, Mount
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check
from ng2coreos.model.plan import ArgAction, KernelArg
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.paths import on_target
from ng2coreos.plan.written import written

CONFIG = "/etc/kdump.conf"
SERVICE = "kdump.service"
DEFAULT_PATH = "/var/crash"
FILE_SYSTEMS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "minix")
# kexec-tools' kdumpctl stops at these: mkdumprd(8) of el8 lists them as no longer supported
DEAD = ("net", "options", "link_delay", "disk_timeout", "debug_mem_level", "blacklist", "ifc")
RENAMED = {"default": "failure_action"}
GONE_ACTIONS = {"mount_root_run_init": "dump_to_rootfs"}
# kdump's own default of el9 and Fedora for x86_64 (kdump-lib.sh, kdump_get_arch_recommend_size)
CRASHKERNEL = "crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M"
LEAST_MIB = 192  # of those: what the smallest machine wants
_RULE = "kdump"
_ARGUMENT = "crashkernel="
_PART = re.compile(r"(?:(?P<start>\d{1,18}[KMG]?)-(?P<end>\d{1,18}[KMG]?)?:)?"
                   r"(?P<size>\d{1,18}[KMG]?)", re.ASCII | re.IGNORECASE)
_MIB = {"K": 1 / 1024, "M": 1.0, "G": 1024.0}


class Kdump:
    """Facts: the settings of kdump.conf, and whether kdump works now."""

    id = "kdump"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Lines without comments; kdump.conf holds no secrets."""
        lines = host.read_text(CONFIG, default="").splitlines()
        return {"settings": [" ".join(line.split()) for line in lines
                             if line.strip() and not line.lstrip().startswith("#")],
                "volatile": {"active": _active(host)}}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """kdump.conf for the new volumes, memory for the crash kernel, a look at the service."""
        enabled = any(s.unit == SERVICE and s.state == "enabled" for s in facts.services)
        changed = any(c.path == CONFIG and c.host is not None for c in facts.etc)
        if not mine or not (enabled or changed):
            return Contribution()
        there = SERVICE in target.units or SERVICE in target.enabled_units
        kept, notes = adapted(mine["settings"], facts)
        findings: List[Finding] = []
        if enabled and not there:
            findings.append(finding("N2C_KDUMP_MISSING", [f"unit:{SERVICE}"]))
        if notes:
            findings.append(finding("N2C_KDUMP_CHANGED", [f"file:{CONFIG}"], notes))
        size = reserved_mib(facts.boot.kernel_args, facts.memory_bytes)
        if enabled and there and facts.memory_bytes and size is not None and size < LEAST_MIB:
            findings.append(finding("N2C_KDUMP_MEMORY", evidence=[
                word for word in facts.boot.kernel_args.split() if word.startswith(_ARGUMENT)]))
        text = "# Written by ng2coreos from oVirt Node NG's kdump.conf.\n" + "".join(
            f"{line}\n" for line in kept)
        item = written(CONFIG, text, "Where a crash dump goes, as the new system names it.", _RULE,
                       source=CONFIG)
        reserves = any(word.startswith(_ARGUMENT) for word in facts.boot.kernel_args.split())
        more = (KernelArg("", ArgAction.ADD, "kdump is on, and NG reserved no memory by name.",
                          CRASHKERNEL),) if enabled and there and not reserves else ()
        works = mine["volatile"]["active"]  # what NG cannot do is not asked of the new system
        checks = (Check(_RULE, "unit-active", "A crash would be written", {"unit": SERVICE}),
                  ) if enabled and there and works else ()
        return Contribution(findings=tuple(findings), items=(item,) if changed else (),
                            checks=checks, kernel_args=more,
                            may_fail=() if works else (SERVICE,))


PLUGIN = Kdump


def _active(host: Host) -> bool:
    try:
        return host.run(["systemctl", "is-active", SERVICE],
                        ok=(0, 3, 4)).stdout.strip() == "active"
    except (CommandFailed, Unsupported):
        return False


def reserved_mib(arguments: str, memory_bytes: int) -> Optional[float]:
    """What ``crashkernel=`` reserves on a machine with so much memory; None if it names no size.

    Its forms are those of the kernel's admin-guide/kdump: SIZE, RANGE:SIZE and more by commas, an
    @OFFSET after them, SIZE,high; what is `low` or `cma` comes on top of another.
    """
    found = None
    for word in arguments.split():
        value = word[len(_ARGUMENT):].partition("@")[0]
        if not word.startswith(_ARGUMENT) or value.endswith((",low", ",cma")):
            continue
        parts = [_PART.fullmatch(part) for part in value.split(",") if part != "high"]
        sizes = [_mib(part["size"]) for part in parts if part is not None and _meant(
            part, memory_bytes / (1 << 20))]
        if None not in parts:
            found = sizes[0] if sizes else 0.0  # the last argument counts
    return found


def _meant(part: "re.Match[str]", memory_mib: float) -> bool:
    if part["start"] is None:
        return True
    return _mib(part["start"]) <= memory_mib < (_mib(part["end"]) if part["end"] else math.inf)


def _mib(text: str) -> float:
    unit = text[-1].upper()
    return int(text[:-1]) * _MIB[unit] if unit in _MIB else int(text) / (1 << 20)


def adapted(settings: List[str], facts: HostFacts) -> Tuple[List[str], List[str]]:
    """The settings for the new system, and what was changed or left out, in words."""
    kept: List[str] = []
    notes: List[str] = []
    path = next((_value(s) for s in settings if _key(s) == "path"), "")
    elsewhere = False  # a target is named that is no volume of NG's
    for setting in settings:
        key, value = _key(setting), _value(setting)
        if not value:
            notes.append(f"{setting}: left out, kdump does not start with a word alone")
        elif key in DEAD:
            notes.append(f"{setting}: left out, kdump no longer starts with it")
        elif key in RENAMED:
            kept.append(f"{RENAMED[key]} {GONE_ACTIONS.get(value, value)}")
        elif key in FILE_SYSTEMS and _mount(value, facts) is not None:
            mount = _mount(value, facts)
            assert mount is not None
            path = posixpath.join(mount.target, path.lstrip("/")).rstrip("/") or DEFAULT_PATH
            notes.append(f"{setting}: the new system's copy of that volume has another UUID, so "
                         "that kdump finds it by the path")
        elif key != "path":
            elsewhere = elsewhere or key in (*FILE_SYSTEMS, "nfs", "ssh", "raw")
            kept.append(setting)
    if path:
        kept.insert(0, f"path {path if elsewhere else _writable(path, notes)}")
    return kept, notes


def _writable(path: str, notes: List[str]) -> str:
    """`path` on the new system, whose root cannot be written."""
    real = on_target(path)
    if real.startswith("/var/"):
        return real
    notes.append(f"path {path}: {DEFAULT_PATH} instead, the new system's root cannot be written")
    return DEFAULT_PATH


def _mount(device: str, facts: HostFacts) -> Optional[Mount]:
    """Where NG mounts `device`, if that is one of its own volumes."""
    vg = facts.layout.vg
    for mount in facts.layout.mounts:
        if not mount.volume or not mount.target.startswith("/"):
            continue
        mapped = f"{vg.replace('-', '--')}-{mount.volume.replace('-', '--')}"
        names = {mount.source, f"UUID={mount.uuid}", f"/dev/{vg}/{mount.volume}",
                 f"/dev/mapper/{mapped}"}
        if device.replace('"', "") in names:
            return mount
    return None


def _key(setting: str) -> str:
    return setting.partition(" ")[0]


def _value(setting: str) -> str:
    return setting.partition(" ")[2]
