"""Checks that hold for every host: the deployment, its volumes, arguments, accounts and units."""

from typing import Dict, List, Sequence, Tuple

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Check
from ng2coreos.model.plan import NG_PVS, ArgAction, Identities, KernelArg, UnitState, Volume
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.identities import FIRST_HUMAN, LAST_HUMAN, NOBODY


def general_checks(facts: HostFacts, target: TargetFacts, volumes: Sequence[Volume],
                   args: Sequence[KernelArg], identities: Identities,
                   units: Sequence[UnitState],
                   may_fail: Sequence[str] = ()) -> Tuple[Check, ...]:
    """What the new system must show whatever runs on it; units in `may_fail` may have failed."""
    checks = [
        Check("deployment", "deployment", "The planned commit is running",
              {"commit": target.commit}, health=True),
        Check("units", "no-failed-units", "No unit has failed",
              {"allow": sorted(set(may_fail))}),
        Check(NG_PVS, "pv-set", "The volume group has all its disks",
              {"uuids": sorted(p.uuid for p in facts.layout.pvs if p.vg == facts.layout.vg)})]
    checks += [Check(f"mount:{v.mount}", "mount", f"{v.name} is mounted at {v.mount}",
                     {"target": v.mount, "uuid": v.fs_uuid}, health=True)
               for v in volumes if v.origin]
    checks += [Check(f"karg:{a.result}", "kernel-arg", f"The kernel was given {a.result}",
                     {"arg": a.result})
               for a in args if a.action in (ArgAction.KEEP, ArgAction.TRANSLATE) and a.result]
    checks += _users(facts, target, identities)
    checks += [Check(f"enabled:{u.unit}", "unit-enabled", f"{u.unit} is enabled", {"unit": u.unit})
               for u in units if u.action == "enable"]
    return tuple(checks)


def _users(facts: HostFacts, target: TargetFacts, identities: Identities) -> List[Check]:
    """Accounts that were made, and people whom the image has too."""
    gids = {c.name: c.target_id for c in identities.groups}
    made = {u.name: u for u in identities.new_users}
    numbers: Dict[str, int] = {c.name: c.target_id for c in identities.users}
    found = []
    for user in facts.users:
        new, theirs = made.get(user.name), target.user(user.name)
        if new is not None:
            gid, groups = gids.get(new.primary_group), list(new.groups)
        elif theirs is not None and FIRST_HUMAN <= user.uid <= LAST_HUMAN and user.name != NOBODY:
            gid, groups = theirs.gid, []
        else:
            continue
        if gid is not None:
            found.append(Check(
                f"user:{user.name}", "user", f"The account {user.name} is there",
                {"name": user.name, "uid": numbers[user.name], "gid": gid, "groups": groups}))
    return found
