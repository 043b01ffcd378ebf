"""What stays behind of NG's volumes, each with its reason. Pure."""

from typing import Mapping, Tuple

from ng2coreos.model.item import Item
from ng2coreos.plan.rules import Action, Rules
from ng2coreos.plan.written import given_up

_OURS = "The run's own, which stays on NG whatever a whitelist says."


def left_items(items: Tuple[Item, ...], left: Mapping[str, str], rules: Rules) -> Tuple[Item, ...]:
    """`items`, and one for each path of `left` (with its kind) that none of them is about."""
    known = {item.path for item in items} | {item.source for item in items}
    more = []
    for path, kind in left.items():
        entry = rules.find_above(path)
        dropped = entry is not None and entry.action is Action.DROP
        if path not in known:
            more.append(given_up(path, entry.reason if entry and dropped else _OURS,
                                 entry.id if entry and dropped else "plan", kind=kind))
    return tuple(sorted((*items, *more), key=lambda item: item.path))

