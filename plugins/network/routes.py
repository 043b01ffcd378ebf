"""route-*, route6-*, rule-* and rule6-*: both syntaxes, as a keyfile has them."""

import ipaddress
from typing import Dict, List, Mapping, Optional, Tuple

from . import shvar
from .source import Ifcfg, Note, Refused, address, prefix_of

TABLES = {"local": 255, "main": 254, "default": 253, "unspec": 0}
ANY = {4: "0.0.0.0/0", 6: "::/0"}
NO_GATEWAY = {4: "0.0.0.0", 6: "::"}
VDSM_PRIORITY = 32000  # of the rules that vdsm made until 4.40.70; it makes others anew
LAST_PRIORITY = 32766  # of the rule for the table main: ip gives the next free one below it
_TYPES = ("local", "unicast", "broadcast", "multicast", "throw", "unreachable", "prohibit",
          "blackhole", "nat")
_KEPT_TYPES = ("unicast", "local", "blackhole", "prohibit", "throw", "unreachable")
_LOCKABLE = {"window": "window", "cwnd": "cwnd", "initcwnd": "initcwnd", "initrwnd": "initrwnd",
             "mtu": "mtu", "advmss": ""}
_ROUTE_VALUES = ("to", "dev", "via", "metric", "table", "src", "from", "tos", "dsfield", "weight",
                 "scope", "quickack", "rto_min", "proto")
_SCOPES = {"global": "0", "universe": "0", "site": "200", "link": "253", "host": "254",
           "nowhere": "255"}
_RULE_VALUES = {"from": "from", "to": "to", "fwmark": "fwmark", "iif": "iif", "dev": "iif",
                "oif": "oif", "tos": "tos", "dsfield": "tos", "ipproto": "ipproto",
                "sport": "sport", "dport": "dport",
                "suppress_prefixlength": "suppress_prefixlength", "uidrange": "uidrange"}
_PRIORITY = ("priority", "prio", "pref", "preference", "order")
_RULE_TYPES = ("blackhole", "prohibit", "unreachable")

Tables = Mapping[str, int]
Line = Tuple[int, str]


def is_assignments(text: str) -> bool:
    """Is a route file in the syntax ADDRESS0=..., and not in that of ``ip route add``?"""
    return any(a.key.startswith("ADDRESS") for a in shvar.parse(text)[0])


def routes(file: str, text: str, version: int, tables: Tables,
           notes: List[Note]) -> List[Dict[str, str]]:
    """The routes of a file: dest, via, metric and options; lines that cannot be kept are noted."""
    if version == 4 and is_assignments(text):
        return _assigned(file, text, tables, notes)
    found = []
    for number, line in _lines(text):
        try:
            found.append(_route(line.split(), version, tables, number))
        except Refused as error:
            notes.append(Note(file, error.line or number, f"{line}: {error.why}"))
    return found


def rules(file: str, text: str, version: int, tables: Tables,
          notes: List[Note]) -> List[Dict[str, str]]:
    """The rules of a file as words of ``ip rule``, in their order."""
    found = []
    for number, line in _lines(text):
        try:
            found.append(_rule(line.split(), version, tables, number))
        except Refused as error:
            notes.append(Note(file, error.line or number, f"{line}: {error.why}"))
    return found


def drop_vdsm(made_routes: List[Dict[str, str]], made_rules: List[Dict[str, str]]) -> bool:
    """Take the source routes of an old vdsm out of both lists; were there any?

    Its tables are numbered by the address of the interface, so that number lies in the network
    that the rules are about.  The new vdsm makes its own, in other tables.
    """
    own = {rule.get("table", "") for rule in made_rules if _is_vdsm(rule)}
    made_rules[:] = [r for r in made_rules if not (_is_vdsm(r) and r.get("table") in own)]
    made_routes[:] = [r for r in made_routes if r.get("table", "") not in own or not own]
    return bool(own)


def route_keys(made: List[Dict[str, str]], version: int) -> Dict[str, str]:
    """``routeN`` and ``routeN_options`` of a keyfile."""
    found = {}
    for number, route in enumerate(made, 1):
        parts = [route["dest"]]
        if route.get("via") or route.get("metric"):
            parts.append(route.get("via") or NO_GATEWAY[version])
        if route.get("metric"):
            parts.append(route["metric"])
        found[f"route{number}"] = ",".join(parts)
        options = [f"{key}={value}" for key, value in sorted(route.items())
                   if key not in ("dest", "via", "metric")]
        if options:
            found[f"route{number}_options"] = ",".join(options)
    return found


def rule_texts(made: List[Dict[str, str]], last: int) -> Tuple[List[str], int]:
    """The rules as a keyfile has them, and the lowest priority so far.

    A rule without a priority gets the one below the lowest so far (`last`), as from the kernel.
    """
    texts = []
    for rule in made:
        words = dict(rule)
        if "priority" not in words:
            last -= 1
            words["priority"] = str(last)
        last = min(last, int(words["priority"]) or last)
        flags = [word for word in ("not", *_RULE_TYPES) if words.pop(word, None) is not None]
        head = ["not"] if "not" in flags else []
        tail = [f"type {word}" for word in flags if word != "not"]
        texts.append(" ".join([f"priority {words.pop('priority')}", *head,
                               *(f"{key} {value}" for key, value in words.items()), *tail]))
    return texts, last


def _lines(text: str) -> List[Line]:
    return [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)
            if line.strip() and not line.strip().startswith("#")]


def _assigned(file: str, text: str, tables: Tables, notes: List[Note]) -> List[Dict[str, str]]:
    parsed, odd = shvar.parse(text)
    cfg = Ifcfg(file, tuple((a.line, a.key, a.value) for a in parsed))
    notes += [Note(file, line, "is no assignment") for line in odd]
    found, used = [], set()
    numbers = sorted({int(k[7:]) for k in cfg.keys if k[:7] == "ADDRESS" and k[7:].isdigit()})
    for number in numbers:
        used |= {f"{key}{number}" for key in ("ADDRESS", "NETMASK", "GATEWAY", "METRIC", "OPTIONS")}
        try:
            dest = cfg.ipv4(f"ADDRESS{number}")
            mask = cfg.ipv4(f"NETMASK{number}")
            line = cfg.line(f"ADDRESS{number}")
            if not dest or not mask:
                raise Refused(f"ADDRESS{number} or NETMASK{number} is missing", line)
            words = cfg.text(f"OPTIONS{number}").split()
            route = _route([f"{dest}/{prefix_of(mask, line)}", *words], 4, tables, line)
            via, metric = cfg.ipv4(f"GATEWAY{number}"), cfg.number(f"METRIC{number}", 0, 2**32 - 1)
            if via and via != NO_GATEWAY[4]:
                route["via"] = via
            if metric is not None:
                route["metric"] = str(metric)
            found.append(route)
        except Refused as error:
            notes.append(Note(file, error.line, error.why))
    notes += cfg.notes
    notes += [Note(file, cfg.line(k), f"{k}: belongs to no route") for k in cfg.keys
              if k not in used]
    return found


def _route(words: List[str], version: int, tables: Tables, number: int) -> Dict[str, str]:
    """The words of ``ip route add``. Refused for what a keyfile cannot say."""
    found: Dict[str, str] = {}
    rest = list(words)
    if rest and rest[0] in _TYPES:
        found["type"] = rest.pop(0)
        if found["type"] not in _KEPT_TYPES:
            raise Refused(f"routes of type {found['type']} are not known to NetworkManager")
    while rest:
        word = rest.pop(0)
        if word in _ROUTE_VALUES or word in _LOCKABLE:
            _route_value(found, word, rest, version, tables)
        elif word == "onlink":
            found["onlink"] = "true"
        elif "dest" not in found:
            found["dest"] = _network(word, version)
        else:
            raise Refused(f"{word} is not known to NetworkManager")
    if "dest" not in found:
        raise Refused("has no destination", number)
    return found


def _route_value(found: Dict[str, str], word: str, rest: List[str], version: int,
                 tables: Tables) -> None:
    locked = bool(_LOCKABLE.get(word)) and rest[:1] == ["lock"]
    if locked:
        rest.pop(0)
    value = _next(word, rest)
    if value in ("inet", "inet6") and word == "via":
        value = _next(word, rest)
    if word == "to":
        found["dest"] = _network(value, version)
    elif word in ("via", "src"):
        found[word] = _address(value, version)
    elif word == "from":
        found["from"] = _network(value, version)
    elif word == "table":
        found["table"] = table(value, tables)
    elif word == "scope":
        found["scope"] = _SCOPES.get(value) or _number(word, value)
    elif word in ("tos", "dsfield"):
        if not _is_hex(value):
            raise Refused(f"{word} is no byte: {value}")
        found["tos"] = str(int(value, 16))  # ip reads it as hexadecimal, a keyfile as decimal
    elif word == "quickack":
        found["quickack"] = "true" if _number(word, value) != "0" else "false"
    elif word == "rto_min":
        found["rto_min"] = _number(word, value[:-2] if value.endswith("ms") else value)
    elif word not in ("dev", "proto"):  # the connection says the device; the rest are numbers
        found[word] = _number(word, value)
    if locked:
        found[f"lock-{_LOCKABLE[word]}"] = "true"


def _rule(words: List[str], version: int, tables: Tables, number: int) -> Dict[str, str]:
    """The words of ``ip rule add``. Refused for what a keyfile cannot say."""
    found: Dict[str, str] = {}
    rest = [word for word in words if word not in ("add", "-4", "-6")]
    while rest:
        word = rest.pop(0)
        if word in _PRIORITY:
            found["priority"] = _number(word, _next(word, rest))
        elif word in ("table", "lookup"):
            found["table"] = table(_next(word, rest), tables)
        elif word in ("from", "to"):
            value = _next(word, rest)
            if value not in ("all", "any", "default"):
                found[word] = _network(value, version)
        elif word in _RULE_VALUES:
            found[_RULE_VALUES[word]] = _next(word, rest)
        elif word == "type" and rest[:1] and rest[0] in _RULE_TYPES:
            found[rest.pop(0)] = ""
        elif word == "not" or word in _RULE_TYPES:
            found[word] = ""
        else:
            raise Refused(f"{word} is not known to NetworkManager")
    if "table" not in found and not set(_RULE_TYPES) & set(found):
        found["table"] = "254"
    return found


def _is_vdsm(rule: Dict[str, str]) -> bool:
    if rule.get("priority") != str(VDSM_PRIORITY) or not rule.get("table", "").isdigit():
        return False
    number = int(rule["table"])
    about = rule.get("from") or rule.get("to") or ""
    try:
        return ipaddress.IPv4Address(number) in ipaddress.IPv4Network(about, strict=False)
    except ValueError:
        return False


def table(value: str, tables: Tables) -> str:
    """The number of a routing table; Refused for a name that nobody gave."""
    number: Optional[int] = tables.get(value, TABLES.get(value))
    return str(number) if number is not None else _number("table", value)


def _next(word: str, rest: List[str]) -> str:
    if not rest:
        raise Refused(f"{word} lacks its value")
    return rest.pop(0)


def _number(word: str, value: str) -> str:
    try:
        number = int(value, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 2 ** 32:
        raise Refused(f"{word} is no number: {value}")
    return str(number)


def _is_hex(value: str) -> bool:
    try:
        return 0 <= int(value, 16) < 256
    except ValueError:
        return False


def _network(value: str, version: int) -> str:
    if value in ("default", "any", "all"):
        return ANY[version]
    try:
        net = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise Refused(f"{value} is no network") from None
    if net.version != version:
        raise Refused(f"{value} is no network of IPv{version}")
    return str(net)


def _address(value: str, version: int) -> str:
    return address(Ifcfg("", ()), "address", value, version)
