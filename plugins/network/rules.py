"""rule-* and rule6-*: rules of policy routing as a keyfile has them; those of vdsm are left out."""

import ipaddress
import re
from typing import Dict, List, Tuple

from . import words
from .formats import INTERFACE
from .source import Note, Refused
from .words import Tables

VDSM_PRIORITY = 32000  # of the rules that vdsm made until 4.40.70; it makes others anew
LAST_PRIORITY = 32766  # of the rule for the table main: ip gives the next free one below it
_RULE_VALUES = {"from": "from", "to": "to", "fwmark": "fwmark", "iif": "iif", "dev": "iif",
                "oif": "oif", "tos": "tos", "dsfield": "tos", "ipproto": "ipproto",
                "sport": "sport", "dport": "dport",
                "suppress_prefixlength": "suppress_prefixlength", "uidrange": "uidrange"}
_MARK = r"(0x[0-9a-fA-F]{1,8}|[0-9]{1,9})"
_RANGE = re.compile(r"[0-9]+(-[0-9]+)?")
_RULE_FORMS = {  # with the highest number, where there is one
    "fwmark": (re.compile(rf"{_MARK}(/{_MARK})?"), 0),
    "iif": (INTERFACE, 0), "oif": (INTERFACE, 0),
    "tos": (re.compile(r"(0x)?[0-9a-fA-F]{1,2}"), 0),
    "ipproto": (re.compile(r"[0-9]{1,3}"), 255), "sport": (_RANGE, 65535), "dport": (_RANGE, 65535),
    "suppress_prefixlength": (re.compile(r"[0-9]{1,3}"), 128),
    "uidrange": (re.compile(r"[0-9]+-[0-9]+"), 2 ** 32 - 2)}
_PROTOCOLS = {"icmp": "1", "tcp": "6", "udp": "17", "ipv6-icmp": "58", "sctp": "132"}
_PRIORITY = ("priority", "prio", "pref", "preference", "order")
_RULE_TYPES = ("blackhole", "prohibit", "unreachable")
_LONGEST = {4: 32, 6: 128}


def rules(file: str, text: str, version: int, tables: Tables,
          notes: List[Note]) -> List[Dict[str, str]]:
    """The rules of a file as words of ``ip rule``, in their order."""
    found = []
    for number, line in words.lines(text):
        try:
            found.append(_rule(line.split(), version, tables))
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


def rule_texts(made: List[Dict[str, str]], last: int) -> Tuple[List[str], int]:
    """The rules as a keyfile has them, and the lowest priority so far.

    A rule without a priority gets the one below the lowest so far (`last`), as from the kernel.
    """
    texts = []
    for rule in made:
        said = dict(rule)
        if "priority" not in said:
            last -= 1
            said["priority"] = str(last)
        last = min(last, int(said["priority"]) or last)
        flags = [word for word in ("not", *_RULE_TYPES) if said.pop(word, None) is not None]
        head = ["not"] if "not" in flags else []
        tail = [f"type {word}" for word in flags if word != "not"]
        texts.append(" ".join([f"priority {said.pop('priority')}", *head,
                               *(f"{key} {value}" for key, value in said.items()), *tail]))
    return texts, last


def _rule(said: List[str], version: int, tables: Tables) -> Dict[str, str]:
    """The words of ``ip rule add``. Refused for what a keyfile cannot say."""
    found: Dict[str, str] = {}
    rest = [word for word in said if word not in ("add", "-4", "-6")]
    while rest:
        word = rest.pop(0)
        if word in _PRIORITY:
            found["priority"] = words.number(word, words.following(word, rest))
        elif word in ("table", "lookup"):
            found["table"] = words.table(words.following(word, rest), tables)
        elif word in ("from", "to"):
            value = words.following(word, rest)
            if value not in ("all", "any", "default"):
                found[word] = words.network(value, version)
        elif word in _RULE_VALUES:
            found[_RULE_VALUES[word]] = _rule_value(_RULE_VALUES[word], words.following(word, rest))
        elif word == "type" and rest[:1] and rest[0] in _RULE_TYPES:
            found[rest.pop(0)] = ""
        elif word == "not" or word in _RULE_TYPES:
            found[word] = ""
        else:
            raise Refused(f"{word} is not known to NetworkManager")
    actions = [word for word in _RULE_TYPES if word in found]
    if len(actions) > 1 or (actions and "suppress_prefixlength" in found):
        raise Refused("can do one thing only")
    if int(found.get("suppress_prefixlength", "0")) > _LONGEST[version]:
        raise Refused("suppress_prefixlength is longer than an address")
    if "table" not in found and not set(_RULE_TYPES) & set(found):
        found["table"] = "254"
    return found


def _rule_value(word: str, value: str) -> str:
    value = _PROTOCOLS.get(value, value) if word == "ipproto" else value
    form, top = _RULE_FORMS[word]
    if not form.fullmatch(value) or any(int(n) > top for n in re.findall(r"[0-9]+", value) if top):
        raise Refused(f"{word} is not known to NetworkManager: {value}")
    return value


def _is_vdsm(rule: Dict[str, str]) -> bool:
    if rule.get("priority") != str(VDSM_PRIORITY) or not rule.get("table", "").isdecimal():
        return False
    number = int(rule["table"])
    about = rule.get("from") or rule.get("to") or ""
    try:
        return ipaddress.IPv4Address(number) in ipaddress.IPv4Network(about, strict=False)
    except ValueError:
        return False
