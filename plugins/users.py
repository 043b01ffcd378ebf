"""users: subordinate ids, sudo's own file, and what of passwords and PAM cannot be carried."""

import base64
import hashlib
import re
from dataclasses import replace
from typing import Any, Dict, Iterable, List, Optional

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.plan import UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.identities import may_log_in
from ng2coreos.plan.written import given_up, written

FILES = ("/etc/subuid", "/etc/subgid")
SHADOW = "/etc/shadow"
FACTORY = "/usr/share/factory"
SUDOERS = "/etc/sudoers"
SUDOERS_OWN = "/etc/sudoers.d/50-ng2coreos"
AUTHSELECT = "/etc/authselect/authselect.conf"
PAM = ("/etc/pam.d/", "/etc/sysconfig/authconfig")
FOREVER = ("", "99999", "-1")  # shadow(5): no age limits the password
AGEING_UNIT = "ng2coreos-ageing.service"
_OPTIONS = ("-d", "-m", "-M", "-W", "-I", "-E")  # of chage, in the order of shadow(5)
_NAME, _NUMBER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"), re.compile(r"-?\d*", re.ASCII)
_DONE = "/var/lib/ng2coreos/ageing-set"
_AGEING = f"""\
# Written by ng2coreos; it runs once.
[Unit]
Description=ng2coreos: passwords age as they did on oVirt Node NG
ConditionPathExists=!{_DONE}
Before=systemd-user-sessions.service sshd.service

[Service]
Type=oneshot
TimeoutSec=120
{{lines}}ExecStartPost=/usr/bin/mkdir -p /var/lib/ng2coreos
ExecStartPost=/usr/bin/touch {_DONE}

[Install]
WantedBy=multi-user.target
"""


class Users:
    """Facts: subuid and subgid, who needs no password or has an old one, sudoers, authselect."""

    id = "users"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """No hash is kept: only whether there is one."""
        shadow = [line.split(":") for line in host.read_text(SHADOW, default="").splitlines()]
        return {
            "subordinate": {path: [line for line in host.read_text(path, default="").splitlines()
                                   if line.count(":") == 2] for path in FILES},
            "empty": sorted(row[0] for row in shadow if len(row) > 1 and row[1] == ""),
            "shadow": {row[0]: row[2:8] for row in shadow if len(row) > 7},
            "ageing": sorted(row[0] for row in shadow if len(row) > 7 and row[1][:1] not in "!*"
                             and (row[4] not in FOREVER or row[7] != "")),
            "sudoers": _added(host, SUDOERS, FACTORY + SUDOERS),
            "sudoers_gone": _added(host, FACTORY + SUDOERS, SUDOERS),
            "authselect": _authselect(host),
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
        if mine.get("sudoers") and any(c.path == SUDOERS for c in facts.etc):
            items += _sudoers(mine["sudoers"])
        aged = {user.name: mine["shadow"][user.name] for user in facts.users
                if may_log_in(user) and _plain(user.name, mine.get("shadow", {}).get(user.name))}
        if not aged:
            return Contribution(findings=(*_findings(facts, mine, ()), *_back(mine, target)),
                                items=tuple(items))
        items.append(written(f"/etc/systemd/system/{AGEING_UNIT}", _ageing(aged),
                             "Ignition sets passwords, but not how long they last.", self.id))
        return Contribution(
            findings=(*_findings(facts, mine, aged), *_back(mine, target)), items=tuple(items),
            units=(UnitState(AGEING_UNIT, "enable", (f"multi-user.target.wants/{AGEING_UNIT}",),
                             "Before anybody logs in, once."),),
            checks=tuple(Check(f"ageing:{name}", "ageing", f"The password of {name} ages as on NG",
                               {"name": name, "fields": fields}) for name, fields in aged.items()))


PLUGIN = Users


def _plain(name: str, fields: Optional[List[str]]) -> bool:
    """Can a command line of systemd say it?"""
    return bool(fields and _NAME.fullmatch(name) and all(map(_NUMBER.fullmatch, fields)))


def _ageing(aged: Dict[str, List[str]]) -> str:
    lines = "".join("ExecStart=/usr/bin/chage " + " ".join(
        f"{option} {field or '-1'}" for option, field in zip(_OPTIONS, fields)) + f" -- {name}\n"
        for name, fields in sorted(aged.items()))
    return _AGEING.format(lines=lines)


def _findings(facts: HostFacts, mine: Dict[str, Any], aged: Iterable[str]) -> List[Finding]:
    found: List[Finding] = []
    for key, id in (("empty", "N2C_USERS_EMPTY_PASSWORD"), ("ageing", "N2C_USERS_AGEING")):
        names = [name for name in mine.get(key, ()) if key == "empty" or name not in aged]
        if names:
            found.append(finding(id, [f"user:{name}" for name in names]))
    pam = [f"file:{c.path}" for c in facts.etc if c.path.startswith(PAM) and c.host is not None
           and c.host.kind == "file" and "/.imgbased" not in c.path]
    profile = mine.get("authselect", "")
    if pam or profile:
        evidence = [f"authselect select {profile} --force"] if profile else []
        found.append(finding("N2C_USERS_PAM", pam, evidence))
    return found


def _added(host: Host, path: str, other: str) -> List[str]:
    """The lines of a file of sudo that another lacks; continued ones are one."""
    theirs = set(_rules(host.read_text(other, default="")))
    return [line for line in _rules(host.read_text(path, default="")) if line not in theirs]


def _rules(text: str) -> List[str]:
    """The lines that say something; one that ends with a backslash goes on (sudoers(5))."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        words = " ".join(line.split())
        comment = words.startswith("#") and not words[1:2].isdigit()  # #1000 is a user
        if words and not comment and not words.startswith("@include"):
            found.append(words)
    return found


def _back(mine: Dict[str, Any], target: TargetFacts) -> List[Finding]:
    """Rules that the admin took out of sudoers, and that the target's has, if that is known."""
    theirs = target.texts.get(SUDOERS)
    known = set(_rules(theirs)) if theirs else None
    lines = [line for line in mine.get("sudoers_gone", ()) if known is None or line in known]
    return [finding("N2C_USERS_SUDOERS", [f"file:{SUDOERS}"], lines)] if lines else []


def _sudoers(lines: List[str]) -> List[Item]:
    text = "# Written by ng2coreos from oVirt Node NG's sudoers.\n" + "\n".join(lines) + "\n"
    return [given_up(SUDOERS, f"Its additions stand in {SUDOERS_OWN}.", "users"),
            replace(written(SUDOERS_OWN, text, "What the admin added to sudoers.", "users"),
                    mode=0o440)]


def _authselect(host: Host) -> str:
    """The profile and its features, if they are not the image's."""
    words = host.read_text(AUTHSELECT, default="").split()
    theirs = host.read_text(FACTORY + AUTHSELECT, default="").split()
    return " ".join(words) if words != theirs else ""


def _item(path: str, rows: List[str]) -> Item:
    data = ("\n".join(rows) + "\n").encode()
    return Item(path, "file", Outcome.CONVERTED,
                "Containers of carried accounts own files by these numbers.", "users", source=path,
                sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
                content=base64.b64encode(data).decode())
