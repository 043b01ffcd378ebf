"""Probe of Open vSwitch: what its database says, by the word of its own client."""

from ng2coreos.firstboot.probe import Look, Params, Seen
from ng2coreos.model.openvswitch import BRIDGES, ITSELF, bridge_names, kept_ids


def database(look: Look, params: Params) -> Seen:
    """openvswitch{ids,bridges}: it has these external_ids (key=value) and bridges."""
    ids, bridges = params.texts("ids"), params.texts("bridges")
    if not ids and not bridges:
        raise ValueError("the check names nothing of Open vSwitch")
    there, _ = kept_ids(look.run(*ITSELF).stdout)
    wrong = []
    for key, _, value in (one.partition("=") for one in ids):
        if there.get(key) != value:
            wrong.append(f"{key} is {there.get(key, 'missing')}, was {value} on NG")
    lost = sorted(set(bridges) - set(bridge_names(look.run(*BRIDGES).stdout) if bridges else ()))
    wrong += [f"bridges are missing: {', '.join(lost)}"] if lost else []
    return Seen(not wrong, "; ".join(wrong))
