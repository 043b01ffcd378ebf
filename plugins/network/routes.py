"""route-* and route6-*: both syntaxes, as a keyfile has them."""

import re
from typing import Dict, List

from . import shvar, words
from .source import Ifcfg, Note, Refused, prefix_of
from .words import Tables

NO_GATEWAY = {4: "0.0.0.0", 6: "::"}
_TYPES = ("local", "unicast", "broadcast", "multicast", "throw", "unreachable", "prohibit",
          "blackhole", "nat")
_KEPT_TYPES = ("unicast", "local", "blackhole", "prohibit", "throw", "unreachable")
_LOCKABLE = {"window": "window", "cwnd": "cwnd", "initcwnd": "initcwnd", "initrwnd": "initrwnd",
             "mtu": "mtu", "advmss": ""}
_ROUTE_VALUES = ("to", "dev", "via", "metric", "table", "src", "from", "tos", "dsfield", "weight",
                 "scope", "quickack", "rto_min", "proto")
_BYTE = re.compile(r"(0x)?[0-9a-fA-F]{1,2}")
_SCOPES = {"global": "0", "universe": "0", "site": "200", "link": "253", "host": "254",
           "nowhere": "255"}


def is_assignments(text: str) -> bool:
    """Is a route file in the syntax ADDRESS0=..., and not in that of ``ip route add``?"""
    return any(a.key.startswith("ADDRESS") for a in shvar.parse(text)[0])


def routes(file: str, text: str, version: int, tables: Tables,
           notes: List[Note]) -> List[Dict[str, str]]:
    """The routes of a file: dest, via, metric and options; lines that cannot be kept are noted."""
    if version == 4 and is_assignments(text):
        return _assigned(file, text, tables, notes)
    found = []
    for number, line in words.lines(text):
        try:
            found.append(_route(line.split(), version, tables, number))
        except Refused as error:
            notes.append(Note(file, error.line or number, f"{line}: {error.why}"))
    return found


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


def _assigned(file: str, text: str, tables: Tables, notes: List[Note]) -> List[Dict[str, str]]:
    parsed, odd = shvar.parse(text)
    cfg = Ifcfg(file, tuple((a.line, a.key, a.value) for a in parsed))
    notes += [Note(file, line, "is no assignment") for line in odd]
    found, used = [], set()
    numbers = sorted({int(k[7:]) for k in cfg.keys if k[:7] == "ADDRESS" and k[7:].isdecimal()})
    for number in numbers:
        used |= {f"{key}{number}" for key in ("ADDRESS", "NETMASK", "GATEWAY", "METRIC", "OPTIONS")}
        try:
            dest = cfg.ipv4(f"ADDRESS{number}")
            mask = cfg.ipv4(f"NETMASK{number}")
            line = cfg.line(f"ADDRESS{number}")
            if not dest or not mask:
                raise Refused(f"ADDRESS{number} or NETMASK{number} is missing", line)
            options = cfg.text(f"OPTIONS{number}").split()
            route = _route([f"{dest}/{prefix_of(mask, line)}", *options], 4, tables, line)
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


def _route(said: List[str], version: int, tables: Tables, number: int) -> Dict[str, str]:
    """The words of ``ip route add``. Refused for what a keyfile cannot say."""
    found: Dict[str, str] = {}
    rest = list(said)
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
            found["dest"] = words.network(word, version)
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
    value = words.following(word, rest)
    if value in ("inet", "inet6") and word == "via":
        value = words.following(word, rest)
    if word == "to":
        found["dest"] = words.network(value, version)
    elif word in ("via", "src"):
        found[word] = words.address(value, version)
    elif word == "from":
        found["from"] = words.network(value, version)
    elif word == "table":
        found["table"] = words.table(value, tables)
    elif word == "scope":
        found["scope"] = _SCOPES.get(value) or words.number(word, value)
    elif word in ("tos", "dsfield"):
        if not _BYTE.fullmatch(value):
            raise Refused(f"{word} is no byte: {value}")
        found["tos"] = str(int(value, 16))  # ip reads it as hexadecimal, a keyfile as decimal
    elif word == "quickack":
        found["quickack"] = "true" if words.number(word, value) != "0" else "false"
    elif word == "rto_min":
        found["rto_min"] = words.number(word, value[:-2] if value.endswith("ms") else value)
    elif word not in ("dev", "proto"):  # the connection says the device; the rest are numbers
        found[word] = words.number(word, value)
    if locked:
        found[f"lock-{_LOCKABLE[word]}"] = "true"
