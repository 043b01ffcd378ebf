"""From a host and a target to a plan: read both, decide, cut the decisions into changes."""

import time
import uuid
from dataclasses import dataclass, replace
from typing import Callable, Optional, Sequence, Tuple

from ng2coreos import __version__, inventory
from ng2coreos import plan as deciding
from ng2coreos import target as targets
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import Plugin
from ng2coreos.execute.steps import STEPS
from ng2coreos.execute.store import new_run_id, utc_now
from ng2coreos.execute.work import work_directory
from ng2coreos.inventory import lvm_report
from ng2coreos.model.facts import HostFacts, ImageKind
from ng2coreos.model.plan import SCHEMA, Change, Decisions, Pace, Plan, Policy, Source, Target
from ng2coreos.model.target import TargetFacts, TargetSource
from ng2coreos.plan import Rules
from ng2coreos.plan.picture import picture as draw

WHITELISTS_D = "/etc/ng2coreos/whitelists.d"  # the admin's
_LEAST_LVM_S = 0.01
PLUGINS_D = "/etc/ng2coreos/plugins.d"  # whitelists that packages of plug-ins bring


@dataclass(frozen=True)
class Clock:
    """Where a plan takes time and randomness from, so that tests are reproducible."""

    now: Callable[[], str] = utc_now
    run_id: Callable[[], str] = new_run_id
    uuid: Callable[[], str] = lambda: str(uuid.uuid4())


def read_host(host: Host, plugins: Optional[Sequence[Plugin]] = None) -> HostFacts:
    """The host's facts; changes nothing."""
    return inventory.read(host, deciding.load_plugins() if plugins is None else plugins)


def read_target(host: Host, source: TargetSource,
                facts: Optional[HostFacts] = None) -> TargetFacts:
    """The target's facts; a remote is pulled into a temporary directory.

    With the host's `facts`, the contents of small files of /etc that both sides changed are among
    them.
    """
    with work_directory(host, source) as work, targets.opened(host, source, work) as repo:
        found = repo.facts()
        paths = deciding.disputed(facts.etc, found.etc) if facts is not None else ()
        return replace(found, texts={path: repo.tree.text("usr" + path) for path in paths})


def read_rules(host: Host) -> Rules:
    """All whitelists: the host's own drop-ins, those of its plug-ins, and ours."""
    return deciding.load_rules([host.follow(WHITELISTS_D)], [host.follow(PLUGINS_D)])


def read_pace(host: Host, target: TargetFacts, inventory_s: float) -> Optional[Pace]:
    """How fast this host is, as far as planning has shown it; None where it has not.

    Only the seconds that a plan predicts depend on it, nothing that a run does.
    """
    if not (target.read_bytes_per_s and target.objects_per_s):
        return None
    began = time.monotonic()
    lvm_report.vgs(host)
    return Pace(target.read_bytes_per_s, target.objects_per_s,
                round(time.monotonic() - began, 2) or _LEAST_LVM_S, round(inventory_s, 2))


def make_plan(host: Host, facts: HostFacts, target: TargetFacts, policy: Policy,
              clock: Optional[Clock] = None, pace: Optional[Pace] = None) -> Plan:
    """The plan for this host and target.

    Pure but for the whitelists that the admin added, the files that the target's are compared with
    and the names of what stays behind; the plan holds what came of them.
    """
    clock = clock or Clock()
    rules = read_rules(host)
    decisions = deciding.decide(facts, target, policy, rules, deciding.load_plugins(), clock.uuid,
                                inventory.read_sides(host, facts.etc, target.texts), pace)
    left = inventory.read_left(host, decisions.volumes, decisions.trees)
    decisions = replace(decisions, items=deciding.left_items(decisions.items, left, rules))
    aim = _target(target)
    return Plan(
        schema=SCHEMA, run_id=clock.run_id(), tool_version=__version__, created=clock.now(),
        source=_source(facts, decisions), target=aim, policy=policy, decisions=decisions,
        changes=changes_of(decisions, aim), picture=draw(facts, target))


def changes_of(decisions: Decisions, target: Target) -> Tuple[Change, ...]:
    """The changes of all steps, in order."""
    return tuple(change for step in STEPS for change in step.plan(decisions, target))


def _source(facts: HostFacts, decisions: Decisions) -> Source:
    layer = facts.layout.layer
    nvr = layer.nvr if layer else ""
    base = next((i.volume for i in facts.layout.images
                 if i.kind is ImageKind.BASE and i.nvr == nvr), "")
    origins = tuple(v.origin for v in decisions.volumes if v.origin)
    images = sorted(facts.layout.images, key=lambda i: (
        i.kind is not ImageKind.LAYER, i.kind is not ImageKind.BASE, i.nvr))
    others = tuple(m.volume for m in facts.layout.mounts
                   if m.volume and m.target == "/tmp" and m.volume not in origins)
    return Source(
        fqdn=facts.fqdn, machine_id=facts.machine_id, product=facts.product,
        layer=layer.volume if layer else "", base=base, vg=facts.layout.vg,
        vg_uuid=facts.layout.vg_uuid, pool=facts.layout.pool.name,
        packages_total=facts.packages.total,
        packages_added=tuple(p.nevra for p in facts.packages.added),
        digests=deciding.digests(facts),
        ng_volumes=(*(i.volume for i in images), *origins, *others))


def _target(facts: TargetFacts) -> Target:
    return Target(
        source=facts.source, ref=facts.ref, commit=facts.commit, version=facts.version,
        signed=facts.signature.verified,
        signature_key=facts.signature.key_ids[0] if facts.signature.key_ids else "",
        kernel_version=facts.kernel_version, ignition_version=facts.ignition_version)
