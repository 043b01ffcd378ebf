"""ssh: sshd_config becomes a drop-in, so that the image's own file goes on being updated.

What the admin's files come to is asked of sshd itself, here and on the new system: among drop-ins
the first value wins, wherever it stands.
"""

import base64
import hashlib
from typing import Any, Dict, List, Sequence, Set, Tuple

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.sshd import EFFECTIVE, readable
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding

SSH = "/etc/ssh"
CONFIG = "/etc/ssh/sshd_config"
FACTORY = "/usr/share/factory/etc/ssh/sshd_config"
DROP_INS = "/etc/ssh/sshd_config.d"
DROP_IN = DROP_INS + "/10-ng2coreos.conf"  # before the image's: the first value wins
KEYS = ("/root/.ssh/authorized_keys", "/root/.ssh/authorized_keys2")
# sshd does not start with keywords that it no longer knows; ciphers are the crypto policy's
DEAD = ("protocol", "useprivilegeseparation", "rsaauthentication", "rhostsrsaauthentication",
        "keyregenerationinterval", "serverkeybits", "uselogin", "ciphers", "macs",
        "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedkeytypes")
OWN = ("hostkey", "include", "subsystem")  # name files and programs of the image
# of these each release and crypto policy has its own lists
LISTS = ("algorithms", "keytypes", "ciphers", "macs")
RSA_BITS = 2048  # RequiredRSASize of the crypto policy DEFAULT since el9
LENGTH = 4
RENAMED = {"challengeresponseauthentication": "KbdInteractiveAuthentication"}


class Ssh:
    """Facts: the settings that NG's admin changed, and how many keys root has."""

    id = "ssh"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Compares sshd_config with the image's own; keys are counted, not read out."""
        factory = set(_settings(host.read_text(FACTORY, default="")))
        mine = _settings(host.read_text(CONFIG, default=""))
        keys = [line for path in KEYS for line in host.read_text(path, default="").splitlines()
                if line.strip() and not line.lstrip().startswith("#")]
        public = [(f"file:{SSH}/{name}", host.read_text(f"{SSH}/{name}", default=""))
                  for name in host.names(SSH)
                  if name.startswith("ssh_host_") and name.endswith("_key.pub")]
        drop_ins = {f"{DROP_INS}/{name}": host.read_text(f"{DROP_INS}/{name}", default="")
                    for name in host.names(DROP_INS) if name.endswith(".conf")}
        settings = [s for s in mine if s not in factory or _matching(s)]
        keywords = {path: sorted(_keywords(_settings(text))) for path, text in drop_ins.items()}
        return {"keywords": keywords, "settings": settings,
                "effective": _effective(host, _keywords(settings).union(*keywords.values())),
                "changed": any(s not in factory for s in mine), "root_keys": len(keys),
                "weak_host_keys": [name for name, text in public
                                   if "_dsa_" not in name and weak(text)],
                "weak_root_keys": sum(weak(line) for line in keys)}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """The drop-in, where the target's sshd reads drop-ins."""
        found: List[Finding] = []
        if not mine:
            return Contribution()
        if not mine["root_keys"]:
            found.append(finding("N2C_SSH_NO_ROOT_KEY"))
        poor = mine.get("weak_root_keys", 0)
        if poor or mine.get("weak_host_keys"):
            kind = Kind.OVERRIDABLE if poor and poor == mine["root_keys"] else Kind.WARNING
            told = [f"{poor} of the {mine['root_keys']} keys that log in as root"] if poor else []
            found.append(finding("N2C_SSH_WEAK_KEY", mine["weak_host_keys"], told, kind=kind))
        checks = _checks(facts, mine)
        if not mine["changed"] or not any(path.startswith(DROP_INS) for path in target.etc):
            return Contribution(findings=tuple(found), checks=checks)
        left = [s for s in mine["settings"] if _keyword(s) in (*DEAD, *OWN)]
        if left:
            found.append(finding("N2C_SSH_LEFT", [f"file:{CONFIG}"], left))
        kept = [_renamed(s) for s in mine["settings"] if _keyword(s) not in (*DEAD, *OWN)]
        return Contribution(findings=tuple(found), items=_items(kept), checks=checks)


PLUGIN = Ssh


def _effective(host: Host, keywords: Set[str]) -> List[str]:
    """What NG's sshd makes of these; nothing where it cannot say."""
    if not keywords:
        return []
    try:
        said = readable(host.run(EFFECTIVE).stdout)
    except (Ng2CoreosError, OSError):
        return []
    return [line for line in said if line.split()[0] in keywords]


def _checks(facts: HostFacts, mine: Dict[str, Any]) -> Tuple[Check, ...]:
    """That the new system's sshd does what the admin told NG's."""
    changed = {c.path for c in facts.etc}
    told = _keywords(mine["settings"])
    told.update(word for path, words in mine.get("keywords", {}).items() if path in changed
                for word in words)
    wanted = {word: RENAMED.get(word, word).lower() for word in told
              if word not in (*DEAD, *OWN) and not word.endswith(LISTS)}
    lines = sorted(" ".join([wanted[keyword], *words]) for keyword, *words in (
        line.split() for line in mine.get("effective", ())) if keyword in wanted)
    return (Check("sshd-settings", "sshd-settings", "sshd does what it did on NG",
                  {"settings": lines}),) if lines else ()


def weak(line: str) -> bool:
    """Is it a public key that a newer sshd refuses: DSA, or RSA below 2048 bits?"""
    words = line.split()
    for kind, blob in zip(words, words[1:]):
        if kind == "ssh-dss":
            return True
        if kind == "ssh-rsa":
            try:
                fields = _fields(base64.b64decode(blob, validate=True))
            except ValueError:
                return False  # not read as a key by sshd either
            return len(fields) == 3 and int.from_bytes(fields[2], "big").bit_length() < RSA_BITS
    return False


def _fields(data: bytes) -> List[bytes]:
    """The fields of a key, each with its length before it (RFC 4253, 6.6)."""
    found = []
    while len(data) > LENGTH:
        end = LENGTH + int.from_bytes(data[:LENGTH], "big")
        found.append(data[LENGTH:end])
        data = data[end:]
    return found


def _settings(text: str) -> List[str]:
    """The settings of a file, one string each; a Match block is one, with its lines."""
    found: List[str] = []
    block: List[str] = []
    for line in text.splitlines():
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        if words.split()[0].lower() == "match":
            found += ["\n".join(block)] if block else []
            block = [words]
        elif block:
            block.append("    " + words)
        else:
            found.append(" ".join(words.split()))
    return [*found, "\n".join(block)] if block else found


def _keywords(settings: Sequence[str]) -> Set[str]:
    """Those that hold for everybody."""
    return {_keyword(s) for s in settings if not _matching(s)}


def _matching(setting: str) -> bool:
    return _keyword(setting) == "match"


def _keyword(setting: str) -> str:
    return setting.replace("=", " ").split()[0].lower()


def _renamed(setting: str) -> str:
    new = RENAMED.get(_keyword(setting))
    return f"{new} {setting.split(None, 1)[1]}" if new and " " in setting else setting


def _items(settings: List[str]) -> Tuple[Item, ...]:
    dropped = Item(CONFIG, "file", Outcome.DROPPED, f"Its changes stand in {DROP_IN}.", "ssh",
                   source=CONFIG, verify=False)
    if not settings:
        return (dropped,)
    ordered = sorted(settings, key=_matching)  # what follows a Match would belong to it
    data = ("# Written by ng2coreos from oVirt Node NG's sshd_config.\n"
            + "\n".join(ordered) + "\n").encode()
    return (dropped, Item(
        DROP_IN, "file", Outcome.CONVERTED, "The admin's changes to sshd_config.", "ssh",
        source="", mode=0o600, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
        content=base64.b64encode(data).decode()))
