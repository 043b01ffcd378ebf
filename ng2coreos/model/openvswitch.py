"""What Open vSwitch says of itself, and what its database holds: the same question on both systems.
"""

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Tuple

from ng2coreos.core.errors import BadInput

_ASK = ("ovs-vsctl", "--no-wait", "--timeout=5")
ITSELF = (*_ASK, "--format=json", "--columns=external_ids,ovs_version", "list", "Open_vSwitch")
BRIDGES = (*_ASK, "list-br")
# What its admin, the engine or vdsm told it: ovn-controller(8). The rest it says of itself anew.
KEPT = ("system-id", "ovn-bridge", "ovn-bridge-mappings", "ovn-chassis-mac-mappings",
        "ovn-cms-options", "ovn-encap-ip", "ovn-encap-type", "ovn-is-interconn", "ovn-monitor-all",
        "ovn-remote", "ovn-transport-zones")
# Tables and columns of ovs-vswitchd.conf.db(5)
_KEYS = ("private_key", "certificate", "ca_cert")
_TABLES = {"Open_vSwitch": ("external_ids", "ovs_version"), "Bridge": ("name",), "SSL": _KEYS,
           "Interface": ("name", "error")}


@dataclass(frozen=True)
class Stored:
    """What a database holds; `failed` are ports that the switch could not open, with its reason."""

    ids: Mapping[str, str]
    version: str
    bridges: Tuple[str, ...]
    keys: Tuple[str, ...]
    failed: Tuple[str, ...]


NOTHING = Stored({}, "", (), (), ())


def query(database: str) -> Tuple[str, ...]:
    """The command that reads the file itself, whether a server runs or not: ovsdb-tool(1)."""
    return ("ovsdb-tool", "query", database, json.dumps(["Open_vSwitch", *(
        {"op": "select", "table": table, "where": [], "columns": list(columns)}
        for table, columns in _TABLES.items())]))


def kept_ids(text: str) -> Tuple[Dict[str, str], str]:
    """The external_ids that must stay, and the version, of an answer to ITSELF."""
    try:
        said = json.loads(text)
        return _itself(dict(zip(said["headings"], said["data"][0])))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"ovs-vsctl gave an answer that cannot be read: {type(error).__name__}.",
                       hint="See what `ovs-vsctl list Open_vSwitch` says.") from error


def stored(text: str) -> Stored:
    """What an answer to `query` holds."""
    try:
        itself, bridges, keys, interfaces = (part["rows"] for part in json.loads(text))
        ids, version = _itself(itself[0]) if itself else ({}, "")
        return Stored(ids, version, tuple(sorted(str(row["name"]) for row in bridges)),
                      tuple(sorted({str(row[key]) for row in keys for key in _KEYS})),
                      tuple(sorted(f"{row['name']}: {row['error']}" for row in interfaces
                                   if isinstance(row["error"], str) and row["error"])))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"ovsdb-tool gave an answer that cannot be read: {type(error).__name__}.",
                       hint="See what `ovsdb-tool query` says of the database.") from error


def bridge_names(text: str) -> List[str]:
    """The bridges of an answer to BRIDGES."""
    return sorted(line.strip() for line in text.splitlines() if line.strip())


def _itself(row: Mapping[str, Any]) -> Tuple[Dict[str, str], str]:
    kind, pairs = row["external_ids"]
    ids = {str(key): str(value) for key, value in pairs} if kind == "map" else {}
    version = row.get("ovs_version")
    return ({key: ids[key] for key in KEPT if key in ids},
            version if isinstance(version, str) else "")
