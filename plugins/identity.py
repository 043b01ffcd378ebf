"""identity: the host's name, /etc/hosts without lines of hosted engine's bootstrap, and the
firmware's UUID.
"""

import re
from typing import Any, Dict, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item
from ng2coreos.model.sysctl import PROC
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

HOSTS = "/etc/hosts"
HOSTNAME, LIVE_NAME = "/etc/hostname", f"{PROC}/kernel/hostname"
DMI = "/sys/class/dmi/id/product_uuid"
# hosted-engine-setup: what it adds while the engine's VM runs on the host's own network
_BOOTSTRAP = re.compile(r"#.*(temporary entry added by hosted-engine-setup for the bootstrap VM"
                        r"|hosted-engine-setup-)")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Identity:
    """Facts: the name, lines of /etc/hosts where one must go, and the firmware's UUID."""

    id = "identity"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """sysfs is read as it is."""
        text = host.read_text(HOSTS, default="")
        return {"hosts": text if _BOOTSTRAP.search(text) else "",
                "name": host.read_text(HOSTNAME, default="").strip(),
                "volatile": {"name": host.read_text(LIVE_NAME, default="").strip()},
                "dmi_uuid": host.read_text(DMI, default="").strip()}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """The names without those of a bootstrap, and a word on a UUID that many hosts have."""
        if not mine:
            return Contribution()
        found: List[Finding] = []
        items: List[Item] = []
        if mine["hosts"] and any(c.path == HOSTS and c.host is not None for c in facts.etc):
            lines = mine["hosts"].splitlines(keepends=True)
            gone = [line.strip() for line in lines if _BOOTSTRAP.search(line)]
            items.append(written(HOSTS, "".join(x for x in lines if not _BOOTSTRAP.search(x)),
                                 "The names that this host knows by itself, without those of "
                                 "hosted engine's bootstrap.", self.id, source=HOSTS))
            found.append(finding("N2C_IDENTITY_HOSTS", [f"file:{HOSTS}"], gone))
        if mine["dmi_uuid"] and not unique(mine["dmi_uuid"]):
            found.append(finding("N2C_IDENTITY_DMI", [f"file:{DMI}"], [mine["dmi_uuid"]]))
        return Contribution(findings=tuple(found), items=tuple(items), checks=_checks(mine))


PLUGIN = Identity


def _checks(mine: Dict[str, Any]) -> Tuple[Check, ...]:
    """Its name, where it is one of its own and in force."""
    name = mine.get("name", "")
    if not name or name.startswith("localhost") or name != mine["volatile"]["name"]:
        return ()
    return (Check("hostname", "sysctl", f"The host's name is {name}",
                  {"settings": [f"kernel/hostname={name}"]}),)


def unique(text: str) -> bool:
    """Can this UUID of a firmware be one host's alone? Some vendors leave it blank."""
    digits = set(text.lower()) - {"-"}
    return bool(_UUID.fullmatch(text.lower())) and digits not in ({"0"}, {"f"}) and (
        text.lower() != "03000200-0400-0500-0006-000700080009")  # AMI's own, on many boards
