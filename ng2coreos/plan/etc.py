"""What becomes of each path of /etc: factory, NG and the target's /usr/etc are compared.

What only one side changed is that side's; owners and modes are asked apart from contents.  What
both changed is a conflict, which an answer for the path or the policy decides.
"""

import base64
import hashlib
from dataclasses import replace
from typing import Dict, List, Mapping, Optional, Set, Tuple

from ng2coreos.model.facts import Difference, EtcChange, FileFact, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Policy
from ng2coreos.model.sides import Sides
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.etc_notes import Notes
from ng2coreos.plan.etc_places import NEVER, AttributesOf, Places, all_above, named, same
from ng2coreos.plan.merge import Merge, merge
from ng2coreos.plan.merge_shown import secretive
from ng2coreos.plan.owners import Owners
from ng2coreos.plan.rules import Action, Entry, Rules, Verify

KEEP_NG = "keep-ng"
TAKE_TARGET = "take-target"
MERGE = "merge"
_NEVER_REASON = "Translated line by line, never carried as a file."
_UNKNOWN = "policy:unknown-etc"
_ANSWER = "answer"
_SECRET_MODES = 0o044  # what neither group nor others may read is treated as a secret
_OTHERS_READ = 0o004


class EtcDecisions:
    """The decisions about /etc; paths in `claimed` were decided elsewhere and are left out.

    `sides` has the contents of small files that NG and the target have each their own way.
    """

    def __init__(self, facts: HostFacts, target: TargetFacts, policy: Policy, rules: Rules,
                 claimed: Set[str], sides: Optional[Mapping[str, Sides]] = None) -> None:
        self._theirs = target.etc
        self._policy = policy
        self._rules = rules
        self._sides = sides or {}
        self._owners = Owners(facts)
        self._attributes = AttributesOf(facts, target, self._owners)
        self._places = Places(target)
        self._items: Dict[str, Item] = {}
        self._notes = Notes()
        self._asked: Set[str] = set()
        changes = [c for c in sorted(facts.etc, key=lambda c: c.path) if c.path not in claimed]
        self._hosts = {c.path: c.host for c in changes if c.host is not None}
        self._gone = {c.path for c in changes if c.host is None}
        for change in changes:
            if change.difference is Difference.DELETED or change.host is None:
                self._deleted(change)
            elif change.host.kind != "directory":
                self._file(change, change.host)
        self._directories([c for c in changes if c.host and c.host.kind == "directory"],
                          [c.path for c in facts.etc if c.host is not None], facts.etc_above)
        for path in sorted(set(policy.answers) - self._asked):
            self._notes.add("N2C_ETC_ANSWER_UNUSED", path)

    @property
    def items(self) -> Tuple[Item, ...]:
        """One for each path of /etc that is not simply the target's, in order of the paths."""
        return tuple(self._items[path] for path in sorted(self._items))

    @property
    def findings(self) -> Tuple[Finding, ...]:
        """What the admin must know about them; one finding names all paths that it is about."""
        found = list(self._notes.findings())
        if self._owners.nameless:
            found.append(finding("N2C_ETC_OWNER_UNKNOWN", evidence=sorted(self._owners.nameless)))
        return tuple(found)

    def _answer(self, path: str) -> str:
        """The admin's answer for a path, empty where there is none."""
        self._asked.add(path)
        return self._policy.answers.get(path, "")

    def _deleted(self, change: EtcChange) -> None:
        """A deletion is carried where an answer for the path or a directory above says so."""
        path, theirs = change.path, self._theirs.get(change.path)
        if theirs is None:
            self._notes.add("N2C_ETC_DELETED", path)
            return
        above = all_above(path)
        if any(self._replaced(directory) for directory in above):
            return  # what NG has in the directory's place is carried: nothing comes back
        asked = (path, *above) if self._removable(path) else ()
        answered = [self._answer(p) for p in asked if p in self._gone]
        more = "" if change.factory is None or same(change.factory, theirs) else ", changed there"
        if KEEP_NG in answered:
            left = [] if theirs.kind != "directory" else [
                p for p in self._theirs if p.startswith(path + "/")
                and not (p in self._gone and self._removable(p))]
            if not left:
                self._notes.add("N2C_ETC_DELETED", path, f"{path} stays deleted, as answered")
                self._items[path] = Item(path, "absent", Outcome.CARRIED, "Deleted on NG.",
                                         _ANSWER, replaces=theirs.kind)
                return
            more = f", since {left[0]} does"
        self._notes.add("N2C_ETC_DELETED", path, f"{path} comes back with the target{more}")

    def _replaced(self, path: str) -> bool:
        """Does something else of NG's take the place of a directory of the target, or of a file?"""
        host, theirs = self._hosts.get(path), self._theirs.get(path)
        return (host is not None and theirs is not None
                and (host.kind == "directory") != (theirs.kind == "directory")
                and self._answer(path) == KEEP_NG)

    def _removable(self, path: str) -> bool:
        """May an answer take it from the target? Not what a whitelist leaves to the target."""
        entry = self._rules.find(path)
        return path not in NEVER and (entry is None or entry.action is Action.CARRY)

    def _file(self, change: EtcChange, host: FileFact) -> None:
        path, theirs = change.path, self._theirs.get(change.path)
        entry = self._rules.find(path)
        if path in NEVER or host.kind == "other":
            reason = _NEVER_REASON if path in NEVER else "Not a file: a socket, fifo or device."
            self._drop(path, host, reason, "plan")
        elif entry is not None and entry.action is not Action.CARRY:
            self._decided(path, host, entry)
        elif self._in_the_way(path, host):
            return
        elif theirs is not None and same(host, theirs):
            self._changed_attributes(change, host, theirs, entry)
        elif entry is not None and entry.host_data:
            self._carry(change, host, entry)
        elif self._left_behind(path, entry):
            self._drop(path, host, "No whitelist names it.", _UNKNOWN)
        elif theirs is None or theirs.kind == "directory" or (
                change.factory is not None and same(change.factory, theirs)):
            if self._answer(path) == TAKE_TARGET:
                self._target_chosen(path, host, _ANSWER)
                return
            self._unknown(path, entry)
            self._carry(change, host, entry)
        elif change.factory is not None and same(host, change.factory):
            self._changed_attributes(change, host, theirs, entry)
        else:
            self._conflict(change, host, theirs, entry)

    def _decided(self, path: str, host: FileFact, entry: Entry) -> None:
        if entry.action is Action.DROP:
            self._drop(path, host, entry.reason, entry.id)
        else:
            self._items[path] = Item(path, host.kind, Outcome.REGENERATED, entry.reason, entry.id,
                                     verify=entry.verify is not Verify.NONE)

    def _in_the_way(self, path: str, host: FileFact) -> bool:
        """Leave the path behind if the target has a file where NG has a directory, or the reverse.

        Only an answer for that very path lets NG's take the place of the target's.
        """
        theirs = self._theirs.get(path)
        blocker = self._places.blocker(path)
        if blocker and not self._replaced(blocker):
            self._type(blocker, "directory")
            self._drop(path, host, f"The target has no directory at {blocker}.", "plan")
            return True
        if theirs is None or theirs.kind != "directory":
            return False
        kept = self._answer(path) == KEEP_NG
        self._type(path, host.kind, kept=kept)
        if not kept:
            self._drop(path, host, "The target has a directory there.", "plan")
        return not kept

    def _type(self, path: str, ours: str, *, kept: bool = False) -> None:
        theirs = self._theirs[path]
        kind = f"a link to {theirs.link}" if theirs.kind == "symlink" else f"a {theirs.kind}"
        taken = "NG's takes its place, as answered" if kept else "the target's stays"
        self._notes.add("N2C_ETC_TYPE", path, f"{path}: a {ours} here, {kind} there; {taken}")

    def _changed_attributes(self, change: EtcChange, host: FileFact, theirs: FileFact,
                            entry: Optional[Entry]) -> None:
        """Carry owner and mode where NG changed them; the content is the target's."""
        path = change.path
        there = self._attributes.theirs(theirs)
        wanted = self._attributes.wanted(change, host, theirs)
        if wanted == there:
            return  # the target has it already; carrying it would hide later versions
        if self._answer(path) == TAKE_TARGET:
            self._target_chosen(path, host, _ANSWER)
            return
        text = f"{path}: {named(wanted)} instead of {named(there)}"
        if self._left_behind(path, entry, f"{text} is not carried"):
            self._drop(path, host, "No whitelist names it.", _UNKNOWN)
            return
        sides = self._sides.get(path)
        if host.kind == "file" and not same(host, theirs) and sides is None:
            self._notes.add("N2C_ETC_ATTRIBUTES", path, f"{text} is not carried: the target has "
                            "another and large file there")
            self._drop(path, host, "Only owner or mode was changed; the file is the target's.",
                       "plan")
            return
        self._notes.add("N2C_ETC_ATTRIBUTES", path, text)
        self._carry(change, host, entry)
        item = replace(self._items[path], reason="Owner or mode was changed on NG.")
        if host.kind == "symlink":
            item = replace(item, link=theirs.link)
        elif host.kind == "file" and sides is not None and not same(host, theirs):
            item = _converted(item, sides.theirs)
        self._items[path] = item

    def _conflict(self, change: EtcChange, host: FileFact, theirs: FileFact,
                  entry: Optional[Entry]) -> None:
        path, sides = change.path, self._sides.get(change.path)
        given = self._answer(path)
        answer = given or self._policy.conflict
        if answer == TAKE_TARGET:
            self._target_chosen(path, host, _ANSWER if given else "policy:conflict")
            return
        self._unknown(path, entry)
        self._carry(change, host, entry)
        made = merge(path, sides) if host.kind == "file" and theirs.kind == "file" else Merge(
            problems=("a link has no lines",))
        hidden = not host.mode & theirs.mode & _OTHERS_READ or self._items[path].secret
        if answer == KEEP_NG:
            merging = (f"`merge` would do (by {made.by})" if made.content is not None
                       else f"not to be merged: {', '.join(made.problems)}")
            self._notes.conflict("N2C_ETC_CONFLICT", path, merging, sides, hidden)
        elif made.content is None:
            self._notes.conflict("N2C_ETC_MERGE_UNCLEAN", path, ", ".join(made.problems), sides,
                                 hidden)
        else:
            self._notes.conflict("N2C_ETC_MERGED", path, f"merged by {made.by}", sides, hidden)
            item = _converted(self._items[path], made.content)
            self._items[path] = replace(
                item, reason=f"NG's changes and the target's, merged by {made.by}.",
                secret=item.secret or hidden or secretive(made.content))

    def _target_chosen(self, path: str, host: FileFact, rule: str) -> None:
        self._notes.add("N2C_ETC_CONFLICT_TARGET", path)
        self._drop(path, host, "The target's was chosen." if path in self._theirs
                   else "It was chosen that the target has none.", rule)

    def _left_behind(self, path: str, entry: Optional[Entry], evidence: str = "") -> bool:
        """Does the policy leave this unknown path behind? It is noted then."""
        if entry is not None or self._policy.unknown_etc != "drop" or (
                self._answer(path) == KEEP_NG):
            return False
        self._notes.add("N2C_ETC_UNKNOWN_DROPPED", path, evidence)
        return True

    def _unknown(self, path: str, entry: Optional[Entry]) -> None:
        if entry is None:
            self._notes.add("N2C_ETC_UNKNOWN_CARRIED", path)

    def _carry(self, change: EtcChange, host: FileFact, entry: Optional[Entry]) -> None:
        path, theirs = change.path, self._theirs.get(change.path)
        owner, group, mode = self._attributes.wanted(change, host, theirs)
        if owner.isdecimal() or group.isdecimal():  # no name in the image: NG may have one for it
            mine = self._owners.of(path, host)
            owner = mine[0] if owner.isdecimal() else owner
            group = mine[1] if group.isdecimal() else group
        private = host.kind == "file" and not (host.mode & mode & _SECRET_MODES)
        replaced = theirs is not None and (theirs.kind == "directory") != (host.kind == "directory")
        item = Item(
            path=path, kind=host.kind, outcome=Outcome.CARRIED,
            reason=entry.reason if entry else "Changed on NG; no whitelist names it.",
            rule=entry.id if entry else _UNKNOWN, source=path, owner=owner, group=group,
            mode=mode, sha256=host.sha256, size_bytes=host.size_bytes, link=host.link,
            secret=private, replaces=theirs.kind if theirs is not None and replaced else "")
        if entry is not None:
            if entry.owner:
                owner, _, group = entry.owner.partition(":")
            mode = item.mode if entry.mode is None or host.kind != "file" else entry.mode
            item = replace(item, owner=owner, group=group, mode=mode,
                           secret=host.kind == "file" and (private or entry.secret),
                           verify=entry.verify is Verify.CONTENT)
        self._items[path] = item

    def _drop(self, path: str, host: FileFact, reason: str, rule: str) -> None:
        self._items[path] = Item(path, host.kind, Outcome.DROPPED, reason, rule, source=path,
                                 verify=False)

    def _directories(self, changes: List[EtcChange], paths: List[str],
                     as_made: Mapping[str, FileFact]) -> None:
        """Those that the target lacks, if they are empty or something carried lies in them, and
        those whose owner or mode NG changed. `as_made` are as NG's image has them."""
        above: Set[str] = set()
        for path, item in self._items.items():
            if item.outcome in (Outcome.CARRIED, Outcome.CONVERTED) and item.kind != "absent":
                above.update(all_above(path))
        holders: Set[str] = set()
        for path in paths:
            holders.update(all_above(path))
        for change in changes:
            if change.host is not None:
                self._directory(change, change.host, change.path in above, change.path in holders)
        for path, fact in as_made.items():
            if path in above and path not in self._theirs and path not in self._items:
                self._carry(EtcChange(path, Difference.CHANGED, fact, fact), fact, None)
                self._items[path] = replace(self._items[path], rule="plan",
                                            reason="A carried file lies in it.")

    def _directory(self, change: EtcChange, host: FileFact, needed: bool, filled: bool) -> None:
        path, theirs = change.path, self._theirs.get(change.path)
        entry = self._rules.find(path)
        if entry is not None and entry.action is not Action.CARRY:
            if not filled:
                self._decided(path, host, entry)
            if not needed or theirs is not None:
                return
            entry = None  # it stays behind, but for what another entry carries into it
        if theirs is not None and theirs.kind == "directory":
            self._changed_attributes(change, host, theirs, entry)
            return
        if theirs is not None and not self._replaced(path):
            if self._places.blocker(path + "/."):
                self._type(path, host.kind)
            return  # else a link that leads to a directory: what is carried goes there
        blocker = self._places.blocker(path)
        if theirs is not None:
            self._type(path, host.kind, kept=True)
            self._carry(change, host, entry)
        elif blocker and not self._replaced(blocker):
            self._type(blocker, "directory")
        elif needed or (not filled and entry is not None):
            self._carry(change, host, entry)
            reason = entry.reason if entry else "A carried file lies in it."
            self._items[path] = replace(self._items[path], reason=reason)
        elif filled:
            self._drop(path, host, "Nothing in it is carried.", "plan")
        elif self._left_behind(path, entry):
            self._drop(path, host, "No whitelist names it.", _UNKNOWN)
        else:
            self._unknown(path, entry)
            self._carry(change, host, None)


def _converted(item: Item, content: str) -> Item:
    data = content.encode("utf-8", "surrogateescape")
    # nothing to read at export, and an empty content says nothing: so without a source
    return replace(item, outcome=Outcome.CONVERTED, source=item.source if data else "",
                   content=base64.b64encode(data).decode(),
                   sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
