"""All decisions, put together: the one function that the rest of the tool calls. Pure."""

from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ng2coreos.core.plugin import Contribution, Plugin
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.plan import Decisions, Labelling, Pace, Policy, UnitState
from ng2coreos.model.sides import Sides
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.boot import decide_boot
from ng2coreos.plan.checks import general_checks
from ng2coreos.plan.etc import EtcDecisions
from ng2coreos.plan.fstab import decide_fstab, dropped_mounts
from ng2coreos.plan.identities import decide_identities
from ng2coreos.plan.ignition import ignition_findings
from ng2coreos.plan.image import image_findings
from ng2coreos.plan.kernel_args import decide_kernel_args, too_long
from ng2coreos.plan.lvm_devices import decide_lvm_devices
from ng2coreos.plan.packages import decide_packages
from ng2coreos.plan.predict import predict
from ng2coreos.plan.programs import program_findings
from ng2coreos.plan.repositories import repositories
from ng2coreos.plan.rules import Rules
from ng2coreos.plan.space import space_findings
from ng2coreos.plan.units import DIRECTORY, UnitDecisions
from ng2coreos.plan.volumes import decide_volumes

_ORDER = {Kind.INHIBITOR: 0, Kind.OVERRIDABLE: 1, Kind.WARNING: 2, Kind.INFO: 3}


def decide(facts: HostFacts, target: TargetFacts, policy: Policy, rules: Rules,
           plugins: Sequence[Plugin], new_uuid: Callable[[], str],
           sides: Optional[Mapping[str, Sides]] = None, pace: Optional[Pace] = None) -> Decisions:
    """What becomes of the host: the same answer for the same facts, policy, rules and UUIDs.

    Plug-ins win over the whitelists, and the whitelists over the policy for unknown files.
    `sides` are contents of files of /etc that both sides changed; without them none is merged.
    """
    shares = [(p.id, p.contribute(facts, facts.plugins.get(p.id, {}), target)) for p in plugins]
    volumes = decide_volumes(facts, target, rules, new_uuid)
    fstab, fstab_findings = decide_fstab(facts, volumes.volumes, target.top,
                                         [line for _, share in shares for line in share.fstab])
    identities, identity_findings = decide_identities(facts, target, rules.static_ids)
    args, arg_findings = decide_kernel_args(facts, target, rules, volumes.volumes)
    gone = tuple(item.path[len(DIRECTORY):] for _, share in shares for item in share.items
                 if item.outcome is Outcome.DROPPED and item.path.startswith(DIRECTORY))
    settled = tuple(state.unit for _, share in shares for state in share.units)
    units = UnitDecisions(facts, target, rules, (*volumes.mount_units, *gone, *settled))
    boot, boot_findings = decide_boot(facts, target)
    own = (fstab, decide_lvm_devices(facts), *dropped_mounts(facts, volumes.mount_units))
    items = _settled((*own, *units.items), [share for _, share in shares])
    claimed = {*units.claimed, *items, *(item.source for item in items.values() if item.source)}
    etc = EtcDecisions(facts, target, policy, rules, claimed, sides)
    items.update((item.path, item) for item in etc.items)
    ordered = tuple(items[path] for path in sorted(items))
    states = _merged_units(units.states, [share for _, share in shares])
    packages, package_findings = decide_packages(
        [p for _, share in shares for p in share.packages], policy, target, facts.packages.needs,
        repositories(target, ordered, [f for _, share in shares for f in share.repositories]))
    need = predict(facts, target, policy, volumes.volumes, ordered, identities, pace)
    all_args = (*args, *(a for _, share in shares for a in share.kernel_args))
    findings = (*image_findings(facts, target), *ignition_findings(target, ordered),
                *boot_findings, *volumes.findings, *program_findings(facts, volumes.volumes),
                *space_findings(facts, target, need), *arg_findings, *too_long(all_args),
                *fstab_findings, *identity_findings, *units.findings, *etc.findings,
                *package_findings,
                *(f for _, share in shares for f in share.findings))
    return Decisions(
        findings=_sorted(findings), items=ordered, identities=identities, kernel_args=all_args,
        volumes=volumes.volumes, trees=volumes.trees, units=states,
        checks=_checks(general_checks(facts, target, volumes.volumes, all_args, identities,
                                      states, [unit for _, share in shares
                                               for unit in share.may_fail]), shares),
        boot=boot, prediction=need, labelling=_labelling(target, [s for _, s in shares]),
        packages=packages)


def _settled(ours: Tuple[Item, ...], shares: Sequence[Contribution]) -> Dict[str, Item]:
    items = {item.path: item for item in ours}
    for share in shares:
        for item in share.items:
            items.setdefault(item.path, item)
    return items


def _labelling(target: TargetFacts, shares: Sequence[Contribution]) -> Optional[Labelling]:
    if target.selinux is None:
        return None
    return Labelling(target.selinux,
                     tuple(line for share in shares for line in share.file_contexts),
                     tuple(line for share in shares for line in share.equivalences))


def _merged_units(ours: Tuple[UnitState, ...],
                  shares: Sequence[Contribution]) -> Tuple[UnitState, ...]:
    found = {state.unit: state for state in ours}
    for share in shares:
        for state in share.units:
            found[state.unit] = state
    return tuple(found[unit] for unit in sorted(found))


def _checks(general: Tuple[Check, ...],
            shares: Sequence[Tuple[str, Contribution]]) -> Tuple[Check, ...]:
    """Every check, each id once; the first that has it stays."""
    found: Dict[str, Check] = {}
    every: List[Check] = [*general, *(c for _, share in shares for c in share.checks)]
    for check in every:
        found.setdefault(check.id, check)
    return tuple(found.values())


def _sorted(findings: Tuple[Finding, ...]) -> Tuple[Finding, ...]:
    """The gravest first, then by id."""
    return tuple(sorted(findings, key=lambda f: (_ORDER[f.kind], f.id, f.resources)))
