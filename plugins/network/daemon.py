"""NetworkManager's own settings: without plug-ins and clients that the target does not have."""

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ng2coreos.core.host import Host
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Item
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.written import written

TOP = "/etc/NetworkManager"
MAIN = f"{TOP}/NetworkManager.conf"
DROP_INS = f"{TOP}/conf.d"
FROM_MAIN = f"{DROP_INS}/00-ng2coreos.conf"  # read right after NetworkManager.conf
SERVER = "/usr/lib/NetworkManager/conf.d/00-server.conf"
OUR_SERVER = f"{DROP_INS}/00-ng2coreos-server.conf"
SERVER_PACKAGE = "NetworkManager-config-server"

# What SERVER says: a card without a connection stays without an address.
_SERVER_TEXT = "[main]\nno-auto-default=*\nignore-carrier=*\n"
_SECTION = re.compile(r"\s*\[([^\]]+)\]\s*")
_SETTING = re.compile(r"\s*([A-Za-z0-9_.:-]+?)\s*[+-]?=\s*(.*?)\s*")
_GONE_PLUGINS = ("ifcfg-rh", "ifcfg-fedora", "ifupdown", "ibft")
_DHCLIENT = "dhclient"
_GONE_CLIENTS = (_DHCLIENT, "dhcpcd", "dhcpcanon")


@dataclass
class Daemon:
    """Files that take the place of NG's, and each line that was left out."""

    items: List[Item] = field(default_factory=list)
    left: List[str] = field(default_factory=list)
    main: List[Tuple[str, str]] = field(default_factory=list)  # settings of [main] that hold


def read(host: Host) -> Dict[str, Any]:
    """The texts of the files, and whether cards without a connection are left alone."""
    texts = {name: host.read_text(f"{DROP_INS}/{name}", default="")
             for name in host.names(DROP_INS) if name.endswith(".conf")}
    return {"main": host.read_text(MAIN, default=""), "drop_ins": texts,
            "server": host.exists(SERVER)}


def asked_by_dhclient(said: Mapping[str, Any], leases: Sequence[str], uuid: str,
                      device: str) -> bool:
    """Did dhclient get the addresses of a connection: by the settings, else by whose lease it has?

    Without a setting the client depends on how NetworkManager was built, dhclient on el7.
    """
    texts = [said.get("main", ""), *(text for _, text in sorted(said.get("drop_ins", {}).items()))]
    given = [value for text in texts for key, value in _main(text) if key == "dhcp"]
    if given:
        return given[-1] == _DHCLIENT
    tail = f"-{uuid}-{device}.lease"
    return f"internal{tail}" not in leases and bool(
        {f"{_DHCLIENT}{tail}", f"{_DHCLIENT}6{tail}"} & set(leases))


def has_default(said: Mapping[str, Any], key: str) -> bool:
    """Do the settings, which travel, give connections a default for that property?"""
    texts = [said.get("main", ""), *said.get("drop_ins", {}).values()]
    return any(name.startswith("connection") and setting == key
               for text in texts for name, setting, _ in _settings(text))


def decide(facts: HostFacts, said: Mapping[str, Any], target: TargetFacts) -> Daemon:
    """What NetworkManager is told on the target; files that need no change are the whitelist's."""
    made = Daemon()
    for name, text in sorted(said.get("drop_ins", {}).items()):
        path = f"{DROP_INS}/{name}"
        kept, left = _without_gone(text)
        made.main += _main(kept)
        if left:
            made.left += [f"{path}:{number}: {line}" for number, line in left]
            made.items.append(written(
                path, kept, "Without what the target's NetworkManager does not have.", "network",
                source=path))
    changed = any(change.path == MAIN for change in facts.etc)
    kept, left = _without_gone(said.get("main", ""))
    made.main += _main(kept)
    if changed and _says_something(kept):
        made.left += [f"{MAIN}:{number}: {line}" for number, line in left]
        made.items.append(written(
            FROM_MAIN, kept, "The admin's settings, beside the target's own file.", "network",
            source=MAIN))
    if said.get("server") and not any(p.name == SERVER_PACKAGE for p in target.packages):
        made.items.append(written(
            OUR_SERVER, _SERVER_TEXT,
            "As on NG, no card gets an address unless a connection says so.", "network"))
    return made


def _without_gone(text: str) -> Tuple[str, List[Tuple[int, str]]]:
    """`text` without settings that name what is gone, and these lines with their numbers."""
    section, kept, left = "", [], []
    for number, line in enumerate(text.splitlines(), 1):
        head, setting = _SECTION.fullmatch(line), _SETTING.fullmatch(line)
        if head:
            section = head.group(1)
        if setting and section == "main" and _is_gone(setting.group(1), setting.group(2)):
            left.append((number, line.strip()))
        else:
            kept.append(line)
    return "".join(f"{line}\n" for line in kept), left


def _main(text: str) -> List[Tuple[str, str]]:
    """The settings of [main]."""
    return [(key, value) for section, key, value in _settings(text) if section == "main"]


def _settings(text: str) -> List[Tuple[str, str, str]]:
    """All settings, each with its section."""
    section, found = "", []
    for line in text.splitlines():
        head, setting = _SECTION.fullmatch(line), _SETTING.fullmatch(line)
        section = head.group(1) if head else section
        if setting:
            found.append((section, setting.group(1), setting.group(2)))
    return found


def _is_gone(key: str, value: str) -> bool:
    words = re.split(r"[,;\s]+", value)
    return bool((key == "plugins" and set(words) & set(_GONE_PLUGINS))
                or (key == "dhcp" and value in _GONE_CLIENTS))


def _says_something(text: str) -> bool:
    return any(_SETTING.fullmatch(line) for line in text.splitlines())
