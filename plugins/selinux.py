"""selinux: labels by the image's policy; the admin's records and modules are set again there."""

from dataclasses import replace
from typing import Any, Dict, List

from ng2coreos.core import cil, semanage
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.core.semanage import CONFIG, Record
from ng2coreos.firstboot.selinux import DONE, MODULES, RECORDS
from ng2coreos.firstboot.services import COMMAND
from ng2coreos.inventory import files
from ng2coreos.model import codec
from ng2coreos.model.facts import FileFact, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item
from ng2coreos.model.plan import RELABEL, UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import carried, written

from .selinux_replay import Local, Replay

TARGETED = "targeted"
ENFORCING = "enforcing"
LABELS_UNIT = "ng2coreos-labels.service"
_LABELS_TEXT = f"""\
# Written by ng2coreos. NG's kernel takes no label that its own policy does not know.
[Unit]
Description=ng2coreos: set the labels that NG's policy did not know
DefaultDependencies=no
ConditionDirectoryNotEmpty={RELABEL}
RequiresMountsFor=/var
After=local-fs.target
Before=sysinit.target systemd-tmpfiles-setup.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
TimeoutStartSec=900
ExecStart=/bin/sh -c 'for l in {RELABEL}/*; do restorecon -i -0 -f "$$l" && rm "$$l" || exit; done'

[Install]
WantedBy=sysinit.target
"""


REPLAY_UNIT = "ng2coreos-selinux.service"
# Before tmpfiles, which labels by the same contexts, and before sshd and all else that needs a port
_REPLAY_TEXT = f"""\
# Written by ng2coreos; it runs until it has succeeded once.
[Unit]
Description=ng2coreos: set the SELinux records of oVirt Node NG again
DefaultDependencies=no
ConditionPathExists=!{DONE}
RequiresMountsFor=/var /tmp
After=local-fs.target {LABELS_UNIT}
Before=sysinit.target systemd-tmpfiles-setup.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
TimeoutStartSec=1200
ExecStart={COMMAND} selinux

[Install]
WantedBy=sysinit.target
"""
_CHECKS = (("enforcing", "SELinux is enforcing", (ENFORCING,)),
           ("labels", "Carried files have labels", (ENFORCING, "permissive")))
FACTORY = "/usr/share/factory"
TOOLS = "policycoreutils-python-utils"


class Selinux:
    """Facts: mode and policy type, and what the policy has besides the distribution's."""

    id = "selinux"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """The last line of each name wins, as for libselinux."""
        found = {"SELINUX": "", "SELINUXTYPE": ""}
        for line in host.read_text(CONFIG, default="").splitlines():
            key, equals, value = line.strip().partition("=")
            if equals and key in found:
                found[key] = value.strip().lower()
        kind = found["SELINUXTYPE"] or TARGETED
        store, image = semanage.read(host, kind), semanage.read(host, kind, FACTORY)
        theirs = {(m.priority, m.name) for m in image.modules}
        return {"mode": found["SELINUX"], "type": found["SELINUXTYPE"],
                "records": [[r.kind, list(r.key), list(r.values)] for r in store.records
                            if r not in image.records],
                "others": _others(host, semanage.directory(host, kind)),
                "modules": [_module(host, m) for m in store.modules
                            if (m.priority, m.name) not in theirs]}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """Labels before the reboot, records and modules after it; else what is left behind."""
        if not mine:
            return Contribution()
        found: List[Finding] = []
        if mine["mode"] not in ("", "disabled") and mine["type"] not in ("", TARGETED):
            found.append(finding("N2C_SELINUX_TYPE", [f"file:{CONFIG}"], [mine["type"]],
                                 type=mine["type"]))
        replay = _replay(facts, mine, target)
        if replay.left:
            found.append(finding("N2C_SELINUX_LEFT", evidence=[
                f"{what}: {reason}" for what, reason in replay.left], count=len(replay.left)))
        if target.selinux is None:
            return Contribution(findings=tuple(found))
        if mine["mode"] not in ("", ENFORCING):
            found.append(finding("N2C_SELINUX_MODE", [f"file:{CONFIG}"], mode=mine["mode"]))
        items = [_unit(LABELS_UNIT, _LABELS_TEXT,
                       "Some labels are known to the new system's policy only.")]
        states = [_state(LABELS_UNIT, "Before anything reads what it labels.")]
        checks = [Check(f"selinux-{what}", f"selinux-{what}", title)
                  for what, title, modes in _CHECKS if target.selinux_mode in modes]
        if replay.records or replay.modules:
            lines = [record.line for record in replay.records]
            modules = [module.id for module in replay.modules]
            found.append(finding("N2C_SELINUX_REPLAYED", evidence=[
                *lines, *(f"module {name}" for name in modules)], count=len(lines) + len(modules)))
            items += [_unit(REPLAY_UNIT, _REPLAY_TEXT, "semanage must run on the new system."),
                      written(RECORDS, "".join(f"{line}\n" for line in lines),
                              "What is set again, as `semanage import` reads it.", self.id),
                      *_carried(mine, replay)]
            states.append(_state(REPLAY_UNIT, "Before anything needs a port or a label of these."))
            checks.append(Check("selinux-records", "selinux-records",
                                "SELinux has the records and modules of NG",
                                {"records": lines, "modules": modules}))
        contexts = {kind: tuple(record.context for record in replay.records if record.kind == kind)
                    for kind in ("fcontext", "equivalence")}
        return Contribution(findings=tuple(found), items=tuple(items), units=tuple(states),
                            checks=tuple(checks), file_contexts=contexts["fcontext"],
                            equivalences=contexts["equivalence"])


PLUGIN = Selinux


def _others(host: Host, store: str) -> List[str]:
    """What else semanage can set, which is told only."""
    found = [line for name in ("ibpkeys.local", "ibendports.local")
             for line in semanage.said(host.read_text(f"{store}/{name}", default=""))]
    return [*found, *(["dontaudit off"] if host.exists(f"{store}/disable_dontaudit") else [])]


def _module(host: Host, module: semanage.Module) -> Dict[str, Any]:
    """The facts of a module; what it needs is found where its CIL is there."""
    try:
        text = cil.unpacked(host.read_bytes(module.cil))
    except (FileNotFoundError, ValueError):
        text = b""
    packed = host.read_bytes(module.source).startswith(b"BZh")
    return {"name": module.name, "priority": module.priority,
            "language": module.language + (".bz2" if packed else ""), "source": module.source,
            "fact": codec.dump(files.read_file(host, module.source)),
            "readable": bool(text), "needs": sorted(cil.needed(text)),
            "declares": {kind: sorted(names)
                         for kind, names in cil.declared(text)._asdict().items()}}


def _replay(facts: HostFacts, mine: Dict[str, Any], target: TargetFacts) -> Replay:
    names = {p.name for p in target.packages}
    replay = Replay(target.policy, target.top, (
        *(user.name for user in facts.users), *(group.name for group in facts.groups)),
        "vdsm" in names)
    replay.take([Record(kind, tuple(key), tuple(values))
                 for kind, key, values in mine.get("records", ())],
                [Local.of(row) for row in mine.get("modules", ())])
    replay.left += [(line, "it is not one of the kinds that are set again")
                    for line in mine.get("others", ())]
    why = ("the image has no SELinux policy" if target.selinux is None else
           f"the image lacks {TOOLS}" if TOOLS not in names else "")
    if why:
        replay.left += [(record.line, why) for record in replay.records]
        replay.left += [(f"module {module.name}", why) for module in replay.modules]
        replay.records, replay.modules = [], []
    return replay


def _carried(mine: Dict[str, Any], replay: Replay) -> List[Item]:
    rows = {(row["priority"], row["name"]): row for row in mine["modules"]}
    return [replace(carried(m.source, codec.load(FileFact, rows[m.priority, m.name]["fact"]),
                            "A module that is not the distribution's.", "selinux"),
                    path=f"{MODULES}/{m.priority}/{m.name}.{m.language}", mode=0o600)
            for m in replay.modules]


def _unit(name: str, text: str, reason: str) -> Item:
    return written(f"/etc/systemd/system/{name}", text, reason, "selinux")


def _state(name: str, reason: str) -> UnitState:
    return UnitState(name, "enable", (f"sysinit.target.wants/{name}",), reason)
