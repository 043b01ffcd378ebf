"""Users and groups: matched by name; the image's numbers are fixed; what it lacks is made new."""

from typing import Dict, Iterable, List, Set, Tuple

from ng2coreos.model.facts import Group, HostFacts, User
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import IdChange, Identities, NewGroup, NewUser
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.rules import StaticId

FIRST_HUMAN = 1000  # UID_MIN of login.defs on every source and target
LAST_HUMAN = 60000
LAST_SYSTEM = 999
FIRST_SYSTEM = 201
NOBODY = "nobody"
# Ignition's base config makes this user before ours and takes the first human number for it
# (fedora-coreos-config: dracut module 40ignition-conf), so that nobody else can have it.
CORE = "core"
NO_LOGIN = ("nologin", "false", "sync", "shutdown", "halt")

Decided = Tuple[Identities, Tuple[Finding, ...]]


def decide_identities(facts: HostFacts, target: TargetFacts,
                      static: Tuple[StaticId, ...] = ()) -> Decided:
    """The maps from NG's numbers to the target's, the accounts to make, and what will differ."""
    users = [(u.name, u.uid) for u in facts.users]
    groups = [(g.name, g.gid) for g in facts.groups]
    user_ids, users_lost = map_ids(users, [(u.name, u.uid) for u in target.users])
    group_ids, groups_lost = map_ids(groups, [(g.name, g.gid) for g in target.groups])
    new_groups = tuple(NewGroup(c.name, c.target_id, c.target_id < FIRST_HUMAN)
                       for c in group_ids if c.action == "created")
    names_of_gids: Dict[int, str] = {}
    for group in facts.groups:
        names_of_gids.setdefault(group.gid, group.name)
    made = {c.name: c.target_id for c in user_ids if c.action == "created"}
    reachable = {*target.etc_groups, *(g.name for g in new_groups)}
    new_users = []
    for user in facts.users:
        if user.name in made:
            primary = names_of_gids.get(user.gid, "")
            if not primary:
                new_groups, group_ids = _own_group(user, target, new_groups, group_ids)
                primary = user.name
                reachable.add(primary)
            more = tuple(sorted(g.name for g in facts.groups if user.name in g.members
                                and g.name in reachable and g.name != primary))
            new_users.append(NewUser(user.name, made[user.name], primary, more, user.gecos,
                                     user.home, user.shell, user.uid < FIRST_HUMAN))
    # Ignition can set none for services' accounts of the image, which are not in its /etc/passwd
    passwords = tuple(u.name for u in facts.users
                      if may_log_in(u) or (u.hashed and u.name in made))
    identities = Identities(user_ids, group_ids, tuple(new_users), new_groups, passwords)
    found = (*_changes(identities), *_static(facts, target, static),
             *_passwords([u.name for u in facts.users if u.hashed and u.name not in passwords]),
             *_memberships(facts, target, identities),
             *_ambiguous(users_lost, groups_lost))
    return identities, found


def map_ids(ours: Iterable[Tuple[str, int]],
            theirs: Iterable[Tuple[str, int]]) -> Tuple[Tuple[IdChange, ...], Tuple[str, ...]]:
    """Each of our names with its number here and there; names whose number another has already.

    A name of theirs keeps their number. Another keeps its own if that is free there, else it gets
    the next free one of its range. No two names end with the same new number unless theirs do.
    """
    fixed = dict(theirs)
    sources: Dict[int, str] = {}
    lost: List[str] = []
    mine: Dict[str, int] = {}
    for name, number in ours:
        if name in mine:
            continue
        if sources.setdefault(number, name) != name:
            lost.append(name)
        mine[name] = number
    taken: Set[int] = set(fixed.values())
    if CORE not in fixed and CORE not in mine:
        taken.add(FIRST_HUMAN)
    chosen: Dict[str, int] = {}
    waiting = []
    for name, number in mine.items():
        if name in fixed:
            chosen[name] = fixed[name]
        elif number in taken:
            waiting.append(name)
        else:
            chosen[name] = number
            taken.add(number)
    for name in waiting:
        chosen[name] = _free(taken, mine[name] >= FIRST_HUMAN)
        taken.add(chosen[name])
    changes = tuple(
        IdChange(name, number, chosen[name],
                 "created" if name not in fixed else
                 "same" if number == chosen[name] else "mapped")
        for name, number in mine.items())
    return changes, tuple(lost)


def _free(taken: Set[int], human: bool) -> int:
    """The next free number: as useradd looks, humans upwards, others downwards."""
    row = (range(FIRST_HUMAN, LAST_HUMAN + 1) if human
           else range(LAST_SYSTEM, FIRST_SYSTEM - 1, -1))
    for number in row:
        if number not in taken:
            return number
    return max(taken) + 1


def _own_group(user: User, target: TargetFacts, new: Tuple[NewGroup, ...],
               ids: Tuple[IdChange, ...]) -> Tuple[Tuple[NewGroup, ...], Tuple[IdChange, ...]]:
    """A group of the user's name, for one whose primary group has no name on NG."""
    if any(c.name == user.name for c in ids) or target.group(user.name) is not None:
        return new, ids
    taken = {g.gid for g in target.groups} | {g.gid for g in new}
    if target.group(CORE) is None:
        taken.add(FIRST_HUMAN)
    gid = user.gid if user.gid not in taken else _free(taken, user.uid >= FIRST_HUMAN)
    return ((*new, NewGroup(user.name, gid, gid < FIRST_HUMAN)),
            (*ids, IdChange(user.name, user.gid, gid, "created")))


def may_log_in(user: User) -> bool:
    """Is it root or a person? Their passwords are carried, and how long these last."""
    human = FIRST_HUMAN <= user.uid <= LAST_HUMAN and user.name != NOBODY
    shell = user.shell.rpartition("/")[2]
    return user.name == "root" or (human and bool(shell) and shell not in NO_LOGIN)


def _changes(identities: Identities) -> Tuple[Finding, ...]:
    moved = [f"{kind} {c.name}: {c.source_id} becomes {c.target_id}"
             for kind, changes in (("user", identities.users), ("group", identities.groups))
             for c in changes if c.source_id != c.target_id]
    names = [f"user:{c.name}" for c in identities.users if c.source_id != c.target_id]
    names += [f"group:{c.name}" for c in identities.groups if c.source_id != c.target_id]
    return (finding("N2C_ID_CHANGED", names, moved, count=len(moved)),) if moved else ()


def _passwords(left: List[str]) -> Tuple[Finding, ...]:
    return (finding("N2C_ID_PASSWORD", [f"user:{name}" for name in left]),) if left else ()


def _static(facts: HostFacts, target: TargetFacts,
            static: Tuple[StaticId, ...]) -> Tuple[Finding, ...]:
    wrong = []
    for rule in static:
        if rule.kind == "user":
            here = any(u.name == rule.name for u in facts.users)
            ids = {u.name: u.uid for u in target.users}
        else:
            here = any(g.name == rule.name for g in facts.groups)
            ids = {g.name: g.gid for g in target.groups}
        if not here:
            continue
        holder = next((name for name, number in ids.items() if number == rule.id), rule.name)
        if ids.get(rule.name, rule.id) != rule.id:
            wrong.append(f"{rule.kind} {rule.name} is {ids[rule.name]} in the image, not {rule.id}")
        elif rule.name not in ids and holder != rule.name:
            wrong.append(f"{rule.kind} {rule.name}: the image gives {rule.id} to {holder}")
    return (finding("N2C_ID_STATIC", evidence=wrong),) if wrong else ()


def _memberships(facts: HostFacts, target: TargetFacts,
                 identities: Identities) -> Tuple[Finding, ...]:
    given = {u.name: {*u.groups, u.primary_group} for u in identities.new_users}
    primary = {u.name: u.gid for u in target.users}
    lost = []
    for group in facts.groups:
        theirs = target.group(group.name)
        for name in group.members:
            if name in given:
                kept = group.name in given[name]
            else:
                kept = theirs is not None and _belongs(name, theirs, primary)
            if not kept and any(u.name == name for u in facts.users):
                lost.append(f"{name} in {group.name}")
    names = [f"group:{text.rpartition(' ')[2]}" for text in lost]
    return (finding("N2C_ID_MEMBERSHIP", sorted(set(names)), lost),) if lost else ()


def _belongs(name: str, group: Group, primary: Dict[str, int]) -> bool:
    return name in group.members or primary.get(name) == group.gid


def _ambiguous(users: Tuple[str, ...], groups: Tuple[str, ...]) -> Tuple[Finding, ...]:
    if not users and not groups:
        return ()
    return (finding("N2C_ID_AMBIGUOUS", [*(f"user:{n}" for n in users),
                                         *(f"group:{n}" for n in groups)]),)
