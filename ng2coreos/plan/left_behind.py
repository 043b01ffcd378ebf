"""What stays behind of NG's volumes, each with its reason. Pure."""

import posixpath
from collections import Counter
from dataclasses import replace
from typing import Dict, Mapping, Tuple

from ng2coreos.core import globs
from ng2coreos.model.item import Item
from ng2coreos.plan.rules import Action, Rules
from ng2coreos.plan.volumes import NEVER_IN_VAR
from ng2coreos.plan.written import given_up

NAMED = 1000  # of one directory: in /var/tmp any user can make as many as there are inodes
_OURS = "The run's own, which stays on NG whatever a whitelist says."
_ABOVE = "A whitelist leaves it behind, or a directory above it, by a pattern with a wildcard."


def left_items(items: Tuple[Item, ...], left: Mapping[str, str], rules: Rules) -> Tuple[Item, ...]:
    """`items`, and one for each path of `left` (with its kind) that none of them is about.

    Of a directory that has more than NAMED, the last that is named says how many more.
    """
    known = {item.path for item in items} | {item.source for item in items}
    count: Counter[str] = Counter()
    last: Dict[str, Item] = {}
    more = []
    for path, kind in sorted(left.items()):
        directory = posixpath.dirname(path)
        if path in known:
            continue
        count[directory] += 1
        if count[directory] <= NAMED:
            entry = rules.find_above(path)
            dropped = entry is not None and entry.action is Action.DROP
            other = _OURS if any(globs.matches(one, path) for one in NEVER_IN_VAR) else _ABOVE
            last[directory] = given_up(path, entry.reason if entry and dropped else other,
                                       entry.id if entry and dropped else "plan", kind=kind)
            more.append(last[directory])
    full = {last[place].path: number - NAMED for place, number in count.items() if number > NAMED}
    more = [replace(item, reason=f"{item.reason} So do {full[item.path]} more beside it.")
            if item.path in full else item for item in more]
    return tuple(sorted((*items, *more), key=lambda item: item.path))
