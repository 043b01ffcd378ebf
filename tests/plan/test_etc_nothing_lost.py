"""Whatever three versions of /etc hold: what NG changed is on the new system, or it is named."""

import base64
import posixpath
from typing import Dict, List, Optional, Tuple, Union

from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.host import Host
from ng2coreos.inventory.sides import compared
from ng2coreos.model.facts import Difference, EtcChange, FileFact
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Policy
from ng2coreos.model.sides import Sides
from ng2coreos.plan.etc import EtcDecisions
from ng2coreos.plan.merge import disputed
from ng2coreos.plan.rules import Action
from tests.plan.build import host, rules, target

# A tree maps names below /etc to: a text (a file), a link's target in a tuple, or None (directory)
Thing = Union[str, Tuple[str], None]
Tree = Dict[str, Tuple[Thing, int]]
LINES = st.lists(st.sampled_from(["a", "b", "# c", "x=1", "x=2", "y=1", "[s]"]), max_size=4).map(
    lambda lines: "".join(f"{line}\n" for line in lines))
THINGS = st.one_of(LINES, LINES, st.sampled_from([("d",), ("../usr/x",), ("/etc/e",)]), st.none())
NAMES = st.sampled_from(["d", "d/f", "d/g", "e", "e/f", "chrony.conf", "sysctl.conf", "fstab",
                         "vdsm/vdsm.conf", "vdsm", "resolv.conf"])
TREES = st.dictionaries(NAMES, st.tuples(THINGS, st.sampled_from([0o644, 0o600]))).map(
    lambda tree: whole(tree))
ANSWERS = st.dictionaries(NAMES.map(lambda name: f"/etc/{name}"),
                          st.sampled_from(["keep-ng", "take-target", "merge"]))
POLICIES = st.builds(Policy, unknown_etc=st.sampled_from(["carry", "drop"]),
                     conflict=st.sampled_from(["keep-ng", "take-target", "merge"]),
                     answers=ANSWERS)


def whole(tree: Tree) -> Tree:
    """A tree that can be: what lies below a file is left out, directories above are there."""
    made: Tree = {}
    for name in sorted(tree):
        parent = posixpath.dirname(name)
        if parent and parent not in made:
            made[parent] = (None, 0o755)
        if not parent or made[parent][0] is None:
            made[name] = tree[name]
    return made


def fact(thing: Thing, mode: int) -> FileFact:
    """What the inventory says of it."""
    if thing is None:
        return FileFact("directory", 0o755 if mode == 0o644 else 0o700, 0, 0)
    if isinstance(thing, tuple):
        return FileFact("symlink", 0o777, 0, 0, link=thing[0])
    return FileFact("file", mode, 0, 0, len(thing), f"digest of {thing}")


def facts_of(tree: Tree) -> Dict[str, FileFact]:
    """The whole tree by path."""
    return {f"/etc/{name}": fact(*found) for name, found in tree.items()}


def changes_of(ours: Dict[str, FileFact], factory: Dict[str, FileFact]) -> List[EtcChange]:
    """What the inventory makes of two trees."""
    found = []
    for path in sorted({*ours, *factory}):
        mine, base = ours.get(path), factory.get(path)
        if mine != base:
            kind = (Difference.DELETED if mine is None else
                    Difference.ADDED if base is None else Difference.CHANGED)
            found.append(EtcChange(path, kind, mine, base))
    return found


def text(tree: Tree, path: str) -> Optional[str]:
    """The file's content."""
    thing = tree.get(path[len("/etc/"):], (None, 0))[0]
    return thing if isinstance(thing, str) else None


def holds(item: Item, ours: str, factory: Optional[str], theirs: str) -> bool:
    """Has a merged file every line that NG added, or the value of each key that NG changed?"""
    made = base64.b64decode(item.content).decode().splitlines()
    if ours == factory:  # only owner or mode were changed
        return made == theirs.splitlines()
    return set(ours.splitlines()) - set((factory or "").splitlines()) <= set(made)


@settings(deadline=None, max_examples=150)
@given(TREES, TREES, TREES, POLICIES)
def test_nothing_that_ng_changed_is_lost_in_silence(ours: Tree, factory: Tree, theirs: Tree,
                                                    policy: Policy) -> None:
    mine, base, image = facts_of(ours), facts_of(factory), facts_of(theirs)
    changes = changes_of(mine, base)
    texts = {path: (text(ours, path) or "", text(factory, path), text(theirs, path) or "")
             for path in disputed(changes, image)}
    sides = {path: compared(Host(), Sides(*three)) for path, three in texts.items()}
    above = {p: f for p, f in mine.items() if f.kind == "directory" and base.get(p) == f}
    given_rules = rules()
    made = EtcDecisions(host(etc=tuple(changes), etc_above=above), target(etc=image), policy,
                        given_rules, set(), sides)
    items = {item.path: item for item in made.items}
    named = {resource for finding in made.findings for resource in finding.resources}
    for change in changes:
        path, item, there = change.path, items.get(change.path), image.get(change.path)
        if change.host is None:  # deleted: recorded, unless something of NG's lies there instead
            assert f"file:{path}" in named or any(p in items for p in parents(path)), path
        elif item is None and change.host.kind == "directory":
            rule = given_rules.find(path)
            dropped = rule is not None and rule.action is not Action.CARRY
            assert there is not None or dropped or blocked(path, image), path
        elif item is None:
            assert there is not None, path
            unchanged = change.factory is not None and alike(change.host, change.factory)
            assert alike(change.host, there) or unchanged, path
            assert change.host.mode == there.mode or (
                change.factory is not None and change.host.mode == change.factory.mode), path
        elif item.outcome is Outcome.CARRIED:
            assert (item.kind, item.link) == (change.host.kind, change.host.link) or (
                item.kind == "symlink" and change.factory is not None)
            assert item.sha256 == change.host.sha256
        elif item.outcome is Outcome.CONVERTED:
            assert holds(item, *texts[path]), (path, texts[path], item)
        else:
            assert item.reason and item.rule, path
    for path, item in items.items():
        if item.outcome in (Outcome.CARRIED, Outcome.CONVERTED) and item.kind != "absent":
            check_fits(path, items, image)


def parents(path: str) -> List[str]:
    """Every directory above."""
    return [path[:n] for n, c in enumerate(path) if c == "/" and n > len("/etc")]


def alike(one: FileFact, other: FileFact) -> bool:
    """The same content."""
    return (one.kind, one.sha256, one.link) == (other.kind, other.sha256, other.link)


def blocked(path: str, image: Dict[str, FileFact]) -> bool:
    """Does something of the image's lie above that is no directory?"""
    return any(image[p].kind != "directory" for p in parents(path) if p in image)


def check_fits(path: str, items: Dict[str, Item], image: Dict[str, FileFact]) -> None:
    """Ignition can write it: above are directories, its own or the image's, and it lies itself
    where nothing of another kind is, unless that is removed before."""
    item, there = items[path], image.get(path)
    if there is not None and (there.kind == "directory") != (item.kind == "directory"):
        assert item.replaces == there.kind, path
    for above in parents(path):
        own, theirs = items.get(above), image.get(above)
        if own is not None and own.outcome is not Outcome.DROPPED:
            assert own.kind == "directory", (path, above)
        elif theirs is not None:
            assert theirs.kind == "directory" or theirs.link in ("d", "/etc/e"), (path, above)
