"""logging: logs that are sent away must go on being sent, or the admin must have agreed."""

import re
from typing import Any, Dict, List

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Kind
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

MAIN = "/etc/rsyslog.conf"
DROP_INS = "/etc/rsyslog.d"
SERVICE = "rsyslog.service"
# *.* @@host, *.* :omrelp:host, action(type="omfwd" ...): rsyslog.conf(5)
_FORWARD = re.compile(r"^\s*[^#\s]\S*\s+(@{1,2}\S|:omrelp:)|type\s*=\s*\"(omfwd|omrelp|"
                      r"omelasticsearch|omkafka)\"", re.MULTILINE)
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


class Logging:
    """Facts: the files of rsyslog that send logs away."""

    id = "logging"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Names of files only."""
        paths = [MAIN, *(f"{DROP_INS}/{n}" for n in host.names(DROP_INS) if n.endswith(".conf"))]
        return {"forwarding": [path for path in paths if host.follow(path).is_file() and
                               forwards(host.read_text(path, default=""))]}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A finding where the image has no rsyslog, graver where logs were sent away."""
        if not mine or SERVICE in target.units or SERVICE in target.enabled_units:
            return Contribution()
        ours = [c.path for c in facts.etc if c.host is not None and c.host.kind == "file"
                and (c.path == MAIN or c.path.startswith(DROP_INS + "/"))]
        away: List[str] = mine["forwarding"]
        names = sorted({*ours, *away})
        if not names:
            return Contribution()
        kind = Kind.OVERRIDABLE if away else Kind.INFO
        return Contribution(findings=(finding(
            "N2C_LOG_RSYSLOG", [f"file:{name}" for name in names],
            [f"{name} sends logs away" for name in away], kind=kind),))


PLUGIN = Logging


def forwards(text: str) -> bool:
    """Does the text of a file of rsyslog send logs to another host?"""
    return _FORWARD.search(_COMMENT.sub("", text)) is not None
