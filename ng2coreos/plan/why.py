"""Why a path is carried or is not, as the whitelists say it: which rule, in which file and line.

Pure.  Plug-ins come before the whitelists and need the host's facts: they speak in the plan only.
"""

import difflib
import posixpath
from dataclasses import dataclass
from typing import List, Optional, Tuple

from ng2coreos.core import globs
from ng2coreos.model.places import STANDARD
from ng2coreos.plan.etc_places import NEVER
from ng2coreos.plan.rules import Action, Entry, Layer, Rules
from ng2coreos.plan.volumes import NEVER_IN_VAR, NIST, TREES

WHOSE = ("drop-in", "plug-in", "built-in")  # as Rules.tiers
_NEAREST = 3
_ALIKE = 0.6  # of difflib's ratio, as get_close_matches has it


@dataclass(frozen=True)
class Match:
    """A rule as its file has it; `owner` and `mode` are empty where NG's stay."""

    id: str
    pattern: str
    origin: str
    line: int
    whose: str
    action: str
    reason: str
    owner: str
    mode: str
    verify: str
    secret: bool
    host_data: bool


@dataclass(frozen=True)
class Answer:
    """What becomes of `path`. `here` is how it stands on this host, empty where nobody looked."""

    path: str
    verdict: str  # carried | dropped | regenerated | translated | by-policy | travels | not-carried
    text: str
    here: str = ""
    rule: Optional[Match] = None
    beaten: Tuple[Match, ...] = ()  # rules that fit too
    nearest: Tuple[Match, ...] = ()  # where none fits


_VERDICT = {Action.CARRY: ("carried", "Carried if it was changed on NG."),
            Action.DROP: ("dropped", "Left behind, whatever was changed on NG."),
            Action.REGENERATE: ("regenerated", "Not carried: the new system makes its own.")}


def why(rules: Rules, path: str, here: str = "") -> Answer:
    """What the whitelists, and where they are silent the design, say of an absolute `path`."""
    path = posixpath.normpath("/" + path.lstrip("/"))
    if path in NEVER:
        return Answer(path, "translated", "Never carried as a file, whatever a whitelist says: its "
                      "lines are translated one by one, or it is made anew.", here)
    if path == "/etc" or path.startswith("/etc/"):
        return _in_etc(rules, path, here)
    if any(path == top or path.startswith(top + "/") for top in (*NIST, *TREES)):
        return _in_volume(rules, path, here)
    top = path.split("/")[1]
    if top and (top == "mnt" or top not in STANDARD):
        return _in_volume(rules, path, here)
    return Answer(path, "not-carried", "It lies neither in /etc nor in a volume or tree that goes "
                  "along: the new system's is the image's, or is made anew at each boot.", here)


def matches(rules: Rules, path: str) -> Tuple[Match, ...]:
    """Every rule that fits `path`, the one that decides first."""
    found: List[Match] = []
    for whose, tier in zip(WHOSE, rules.tiers):
        ranked = []
        for layer in tier:
            for number, entry in enumerate(layer.entries):
                fitting = [p for p in entry.paths if globs.matches(p, path)]
                if fitting and not entry.excludes(path):
                    pattern = max(fitting, key=entry.rank)
                    ranked.append((entry.rank(pattern), _match(layer, number, pattern, whose)))
        ranked.sort(key=lambda pair: pair[0], reverse=True)  # stable: the first of equals decides
        found += [match for _, match in ranked]
    return tuple(found)


def nearest(rules: Rules, path: str) -> Tuple[Match, ...]:
    """The rules whose patterns are most like `path`: those beside it, and slips of a finger."""
    parts = path.split("/")
    ranked = []
    for whose, tier in zip(WHOSE, rules.tiers):
        for layer in tier:
            for number, entry in enumerate(layer.entries):
                for pattern in entry.paths:
                    shared = len(posixpath.commonprefix([parts, pattern.split("/")])) - 2
                    likeness = difflib.SequenceMatcher(None, path, pattern).ratio()
                    if shared > 0 or likeness >= _ALIKE:
                        ranked.append((shared + likeness, _match(layer, number, pattern, whose)))
    ranked.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(match for _, match in ranked[:_NEAREST])


def listing(rules: Rules) -> Tuple[Match, ...]:
    """Every pattern of every entry, by whose it is and in the order of the files."""
    return tuple(_match(layer, number, pattern, whose)
                 for whose, tier in zip(WHOSE, rules.tiers) for layer in tier
                 for number, entry in enumerate(layer.entries) for pattern in entry.paths)


def _in_etc(rules: Rules, path: str, here: str) -> Answer:
    fitting = matches(rules, path)
    if not fitting:
        return Answer(path, "by-policy", "No whitelist names it: carried if it was changed on NG, "
                      "unless the policy unknown_etc is drop; reported either way.", here,
                      nearest=nearest(rules, path))
    verdict, text = _VERDICT[Action(fitting[0].action)]
    return Answer(path, verdict, text, here, fitting[0], fitting[1:])


def _in_volume(rules: Rules, path: str, here: str) -> Answer:
    """Everything travels but what a rule drops, directly or with a directory above it."""
    ways = [path]
    while len(ways[-1]) > 1:
        ways.append(posixpath.dirname(ways[-1]))
    entry = rules.find_above(path)
    never = any(globs.matches(pattern, way) for pattern in NEVER_IN_VAR for way in ways)
    action = Action.DROP if never else entry.action if entry is not None else None
    rule = next((m for way in ways for m in matches(rules, way) if action is not None
                 and m.action == action.value and (never or (entry and m.id == entry.id))), None)
    if action is Action.DROP:
        return Answer(path, "dropped", "Removed in the snapshot, or not copied; NG keeps it.",
                      here, rule)
    return Answer(path, "travels", "Travels with its volume or tree, owners translated by name.",
                  here, rule if action is Action.CARRY else None)


def _match(layer: Layer, number: int, pattern: str, whose: str) -> Match:
    entry: Entry = layer.entries[number]
    line = layer.lines[number] if number < len(layer.lines) else 0
    return Match(entry.id, pattern, layer.origin, line, whose, entry.action.value, entry.reason,
                 entry.owner, "" if entry.mode is None else f"{entry.mode:04o}",
                 entry.verify.value, entry.secret, entry.host_data)
