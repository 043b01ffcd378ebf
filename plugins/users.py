"""users: subordinate ids of carried accounts, and accounts without a password."""

import base64
import hashlib
from typing import Any, Dict, List

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

FILES = ("/etc/subuid", "/etc/subgid")
SHADOW = "/etc/shadow"


class Users:
    """Facts: the lines of subuid and subgid, and the names that log in without a password."""

    id = "users"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """No hash is kept: only whether there is one."""
        shadow = [line.split(":") for line in host.read_text(SHADOW, default="").splitlines()]
        return {
            "subordinate": {path: [line for line in host.read_text(path, default="").splitlines()
                                   if line.count(":") == 2] for path in FILES},
            "empty": sorted(row[0] for row in shadow if len(row) > 1 and row[1] == ""),
        }

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """subuid and subgid with the lines of accounts that the new system has."""
        if not mine:
            return Contribution()
        names = {u.name for u in facts.users} | {u.name for u in target.users}
        items: List[Item] = []
        for path in FILES:
            rows = [r for r in mine["subordinate"].get(path, []) if r.partition(":")[0] in names]
            if rows:
                items.append(_item(path, rows))
        found = ((finding("N2C_USERS_EMPTY_PASSWORD", [f"user:{n}" for n in mine["empty"]]),)
                 if mine["empty"] else ())
        return Contribution(findings=found, items=tuple(items))


PLUGIN = Users


def _item(path: str, rows: List[str]) -> Item:
    data = ("\n".join(rows) + "\n").encode()
    return Item(path, "file", Outcome.CONVERTED,
                "Containers of carried accounts own files by these numbers.", "users", source=path,
                sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
                content=base64.b64encode(data).decode())
