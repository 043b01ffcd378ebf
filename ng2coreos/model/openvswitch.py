"""What Open vSwitch says of itself: the same question on NG and on the new system."""

import json
from typing import Any, Dict, List, Tuple

from ng2coreos.core.errors import BadInput

_ASK = ("ovs-vsctl", "--no-wait", "--timeout=5")
ITSELF = (*_ASK, "--format=json", "--columns=external_ids,ovs_version", "list", "Open_vSwitch")
BRIDGES = (*_ASK, "list-br")
# What its admin, the engine or vdsm told it: ovn-controller(8). The rest it says of itself anew.
KEPT = ("system-id", "ovn-bridge", "ovn-bridge-mappings", "ovn-chassis-mac-mappings",
        "ovn-cms-options", "ovn-encap-ip", "ovn-encap-type", "ovn-is-interconn", "ovn-monitor-all",
        "ovn-remote", "ovn-transport-zones")


def kept_ids(text: str) -> Tuple[Dict[str, str], str]:
    """The external_ids that must stay, and the version, of an answer to ITSELF."""
    try:
        said = json.loads(text)
        row = dict(zip(said["headings"], said["data"][0]))
        kind, pairs = row["external_ids"]
        ids = {str(key): str(value) for key, value in pairs} if kind == "map" else {}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"ovs-vsctl gave an answer that cannot be read: {type(error).__name__}.",
                       hint="See what `ovs-vsctl list Open_vSwitch` says.") from error
    version: Any = row.get("ovs_version")
    return ({key: ids[key] for key in KEPT if key in ids},
            version if isinstance(version, str) else "")


def bridge_names(text: str) -> List[str]:
    """The bridges of an answer to BRIDGES."""
    return sorted(line.strip() for line in text.splitlines() if line.strip())
