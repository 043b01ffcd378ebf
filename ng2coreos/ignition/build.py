"""The Ignition config of a plan: its items, units, accounts and the volumes below /var."""

import posixpath
from dataclasses import replace
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple, Union

from ng2coreos.core.errors import BadInput, StalePlan
from ng2coreos.core.secret import Secret
from ng2coreos.ignition.config import Config, Directory, File, Filesystem, Group, Link, Owner, User
from ng2coreos.ignition.contents import Contents
from ng2coreos.ignition.document import Document, document
from ng2coreos.ignition.limits import choose, fit
from ng2coreos.ignition.paths import below, canonical
from ng2coreos.model.ignition import Release, Spec
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Decisions, Identities, Plan, UnitState

UNITS = "/etc/systemd/system"
IMAGE_UNITS = "/usr/lib/systemd/system"
_MASK = "/dev/null"
_PRESENT = (Outcome.CARRIED, Outcome.CONVERTED, Outcome.PINNED)

Entry = Union[File, Directory, Link]
Content = Callable[[Item], Contents]
Password = Callable[[str], Secret]


def build(plan: Plan, content: Content, password: Password, extra: Sequence[Item] = (),
          release: Optional[Release] = None, spec: Optional[Spec] = None) -> Document:
    """The config that makes the plan's target the new system.

    It is of version `spec`, else of the lowest that can say most of it and that the target's
    Ignition (`release`, else the plan's) reads.  `extra` are items besides the plan's.
    """
    return written(to_config(plan, content, password, extra), plan, release, spec)


def written(config: Config, plan: Plan, release: Optional[Release] = None,
            spec: Optional[Spec] = None) -> Document:
    """`config` for the plan's target, as `build` has it."""
    reads = release or Release.parse(plan.target.ignition_version)
    return document(fit(config, choose(config, reads, spec)))


def to_config(plan: Plan, content: Content, password: Password,
              extra: Sequence[Item] = ()) -> Config:
    """The config of `plan`, independent of a spec; BadInput where two want the same path."""
    decisions = plan.decisions
    items = [item for item in (*decisions.items, *extra) if not in_volume(item, decisions)]
    return replace(config_of(decisions, items, content, password), filesystems=_filesystems(plan))


def config_of(decisions: Decisions, items: Iterable[Item], content: Content,
              password: Password) -> Config:
    """The config with `items`, units and accounts, where every volume is the root's."""
    accounts = _Accounts(decisions.identities)
    entries: Dict[str, Entry] = {}
    for item in items:
        if is_written(item):
            _add(entries, _entry(item, content, accounts))
    for unit in decisions.units:
        for link in unit_links(unit, entries):
            _add(entries, link)
    ordered = [entries[path] for path in sorted(entries, key=lambda p: (p.count("/"), p))]
    return Config(
        files=tuple(e for e in ordered if isinstance(e, File)),
        directories=tuple(e for e in ordered if isinstance(e, Directory)),
        links=tuple(e for e in ordered if isinstance(e, Link)),
        groups=accounts.groups(), users=accounts.users(password))


def in_volume(item: Item, decisions: Decisions) -> bool:
    """Is the item on the new system without Ignition, unchanged in a snapshot or a copied tree?"""
    if item.outcome is not Outcome.CARRIED or not item.source:
        return False
    for volume in decisions.volumes:
        inside = below(item.source, volume.source_mount) if volume.source_mount else None
        if inside is not None and posixpath.join(volume.mount, inside) == canonical(item.path):
            return not volume.left.has(inside)
    mounts = {volume.name: volume.mount for volume in decisions.volumes}
    for tree in decisions.trees:
        inside = below(item.source, tree.source)
        if inside is not None and tree.volume in mounts and canonical(item.path) == (
                posixpath.normpath(posixpath.join(mounts[tree.volume], tree.path, inside))):
            return not tree.left.has(inside)
    return False


def unit_links(unit: UnitState, entries: Dict[str, Entry]) -> Tuple[Link, ...]:
    """The links that enable or mask a unit; they lead to the host's own unit file if it has one."""
    if unit.action == "mask":
        return (Link(f"{UNITS}/{unit.unit}", _MASK),)
    if unit.action != "enable":
        raise BadInput(f"{unit.action!r} is nothing that can be done to {unit.unit}.",
                       hint="Is the plan made by another version of ng2coreos?")
    name, at, rest = unit.unit.partition("@")
    file = name + "@." + rest.rpartition(".")[2] if at else unit.unit
    own = next((f"{UNITS}/{n}" for n in (unit.unit, file) if f"{UNITS}/{n}" in entries), "")
    return tuple(Link(f"{UNITS}/{link}", own or f"{IMAGE_UNITS}/{file}") for link in unit.links)


class _Accounts:
    """The accounts that the config makes, and how owners are written."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._users = {user.name: user.uid for user in identities.new_users}
        self._groups = {group.name: group.gid for group in identities.new_groups}

    def owner(self, item: Item) -> Tuple[Owner, Owner]:
        """Owner and group by name, by number only where this config makes the account."""
        return _number(item.owner, self._users), _number(item.group, self._groups)

    def groups(self) -> Tuple[Group, ...]:
        """The new groups."""
        return tuple(Group(g.name, g.gid, g.system) for g in self._identities.new_groups)

    def users(self, password: Password) -> Tuple[User, ...]:
        """The new users, and those of the image whose password is carried."""
        carried = set(self._identities.passwords)
        made = [User(u.name, u.uid, u.gecos, u.home, u.primary_group, u.groups, u.shell, u.system,
                     make_home=not u.system,
                     password_hash=password(u.name) if u.name in carried else None)
                for u in self._identities.new_users]
        there = [User(name, password_hash=password(name))
                 for name in self._identities.passwords if name not in self._users]
        return (*there, *made)


def _number(name: str, made: Dict[str, int]) -> Owner:
    if name in made:
        return made[name]
    return int(name) if name.isdecimal() else name


def is_written(item: Item) -> bool:
    """Not what is given up, copied as a whole tree, or made by the new system itself."""
    if item.kind not in ("file", "symlink", "directory"):
        return False
    return item.outcome in _PRESENT or (
        item.outcome is Outcome.REGENERATED and bool(item.content or item.link))


def _entry(item: Item, content: Content, accounts: _Accounts) -> Entry:
    user, group = accounts.owner(item)
    path = canonical(item.path)
    if item.kind == "symlink":
        return Link(path, item.link, user, group)
    if item.kind == "directory":
        return Directory(path, item.mode, user, group, bool(item.replaces))
    contents = content(item)
    if item.sha256 and contents.sha256 != item.sha256:
        raise StalePlan(f"The content of {item.path} is not what the plan carries.",
                        hint="Make a new plan.")
    return File(path, contents, item.mode, user, group)


def _add(entries: Dict[str, Entry], entry: Entry) -> None:
    if entries.setdefault(entry.path, entry) != entry:
        raise BadInput(f"The plan says two different things about {entry.path}.",
                       hint="Look for it in the plan: two rules, plug-ins or units claim it.")


def _filesystems(plan: Plan) -> Tuple[Filesystem, ...]:
    volumes = sorted(plan.decisions.volumes, key=lambda v: (v.mount.count("/"), v.mount))
    found: List[Filesystem] = []
    for volume in volumes:
        if below(volume.mount, "/var") is not None:
            found.append(Filesystem(f"/dev/{plan.source.vg}/{volume.name}", volume.mount,
                                    volume.fstype))
    return tuple(found)
