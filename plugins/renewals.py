"""renewals: what must be made anew from carried files, once, by the image's own programs.

ostree images do this at their first boot only, which a carried machine-id says this is not
(systemd's ConditionFirstBoot).
"""

import dataclasses
import fnmatch
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import EtcChange, HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.item import Item
from ng2coreos.model.plan import UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import carried, written

CRYPTO = "/etc/crypto-policies/config"
TRUST = "/etc/pki/ca-trust/source"
_POLICY = re.compile(r"[A-Za-z0-9_.:-]+")
_PLAIN = re.compile(r"[A-Za-z0-9/._+@-]+")  # names that a command line of systemd takes as they are
MAIL = "/etc/postfix/main.cf"
_HASH = re.compile(r"^(?!\s*#).*\b(?:hash|btree):", re.MULTILINE)
STAMPS = "/var/lib/ng2coreos"
DEFAULT = "DEFAULT"


@dataclass(frozen=True)
class Renewal:
    """Something made anew: from which files, by which program, before which units."""

    name: str
    sources: Tuple[str, ...]
    program: str
    arguments: str
    before: str
    why: str
    sign: str = ""  # "-": where it fails, the new system is good all the same


# EL10's postfix has no "hash:", which a carried main.cf may name: both programs end with an error
_MAIL = "-"
TABLE = (
    Renewal("ca-trust", (TRUST + "/*/*", TRUST + "/*.p11-kit"), "/usr/bin/update-ca-trust",
            "extract", "vdsmd.service", "Makes the bundles of authorities from the carried ones."),
    Renewal("aliases", ("/etc/aliases",), "/usr/bin/newaliases", "", "postfix.service",
            "Makes the database of mail aliases in the image's format.", _MAIL),
    Renewal("mail-maps", ("/etc/postfix/transport", "/etc/postfix/canonical",
                          "/etc/postfix/generic", "/etc/postfix/virtual", "/etc/postfix/access",
                          "/etc/postfix/sasl_passwd", "/etc/postfix/*_maps"),
            "/usr/sbin/postmap", "{sources}", "postfix.service",
            "Makes postfix's tables in the image's format.", _MAIL),
)


class Renewals:
    """Facts: the crypto policy by name, and whether postfix has tables of type hash."""

    id = "renewals"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """The policy in one word, such as ``DEFAULT:SHA1``; further lines name its parts."""
        lines = host.read_text(CRYPTO, default="").splitlines()
        words = [line.partition("#")[0].strip() for line in lines]
        mail = host.read_text(MAIL, default="")
        return {"crypto": ":".join(word for word in words if word),
                "mail_hash": bool(_HASH.search(mail))}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """One-shot units, each with a stamp; nothing where nothing was changed."""
        changed = {c.path: c for c in facts.etc if c.host is not None
                   and c.host.kind in ("file", "symlink")}
        rows = []
        for row in TABLE:
            sources = [path for path in changed
                       if any(fnmatch.fnmatchcase(path, one) for one in row.sources)]
            if sources:
                words = " ".join(_word(path) for path in sorted(sources))
                rows.append(dataclasses.replace(
                    row, arguments=row.arguments.replace("{sources}", words)))
        found: List[Finding] = []
        policy = mine.get("crypto", "") if mine else ""
        if CRYPTO in changed and _POLICY.fullmatch(policy):
            # Without --set, which would write the carried file anew
            rows.append(Renewal("crypto-policy", (CRYPTO,), "/usr/bin/update-crypto-policies",
                                "--no-reload", "sshd.service",
                                "Puts the admin's crypto policy in force."))
            if policy != DEFAULT:
                found.append(finding("N2C_CRYPTO_POLICY", [f"file:{CRYPTO}"], [policy],
                                     policy=policy))
        if MAIL in changed and mine and mine["mail_hash"]:
            found.append(finding("N2C_MAIL_HASH", [f"file:{MAIL}"]))
        items = [written(f"/etc/systemd/system/{_unit(row)}", _text(row), row.why, self.id)
                 for row in rows]
        states = tuple(UnitState(_unit(row), "enable",
                                 (f"multi-user.target.wants/{_unit(row)}",), row.why)
                       for row in rows)
        return Contribution(findings=tuple(found), items=(*items, *_blocked(changed)),
                            units=states)


PLUGIN = Renewals


def _word(path: str) -> str:
    """`path` as a word of a command line of systemd."""
    if _PLAIN.fullmatch(path):
        return path
    for special, instead in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        path = path.replace(special, instead)
    return f'"{path}"'


def _unit(row: Renewal) -> str:
    return f"ng2coreos-renew-{row.name}.service"


def _text(row: Renewal) -> str:
    stamp = f"{STAMPS}/renewed-{row.name}"
    command = f"{row.program} {row.arguments}".strip()
    done = f"/usr/bin/mkdir -p {STAMPS}", f"/usr/bin/touch {stamp}"
    if row.sign:  # systemd goes on after a failure then, to the stamp too: the shell does not
        lines = f"ExecStart={row.sign}/bin/sh -c '\"$$@\" && {' && '.join(done)}' sh {command}\n"
    else:
        lines = f"ExecStart={command}\n" + "".join(f"ExecStartPost={one}\n" for one in done)
    return (f"# Written by ng2coreos; it runs once.\n[Unit]\nDescription={row.why}\n"
            f"ConditionPathExists=!{stamp}\nConditionFileIsExecutable={row.program}\n"
            f"Before={row.before}\n\n[Service]\nType=oneshot\nTimeoutSec=120\n"
            f"{lines}\n[Install]\nWantedBy=multi-user.target\n")


def _blocked(changed: Dict[str, EtcChange]) -> Tuple[Item, ...]:
    """Authorities that the admin blocked, where el9 and later look for them."""
    found = []
    for path, change in changed.items():
        old = f"{TRUST}/blacklist/"
        if path.startswith(old) and change.host is not None:
            item = carried(path, change.host, "An authority that the admin blocked.", "renewals")
            found.append(dataclasses.replace(item, path=f"{TRUST}/blocklist/{path[len(old):]}"))
    return tuple(found)
