"""Routes and rules: both syntaxes of the files, judged by NetworkManager's reader."""

import random
from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.network import routes, rules
from plugins.network.source import Note
from tests.plugins.nm import read

HEAD = ("[connection]\nid=x\nuuid=6bd2f7a4-3f2f-4c1e-9c1f-7e5d4c3b2a10\ntype=ethernet\n"
        "interface-name=em1\n\n")
BODY = {4: "[ipv4]\nmethod=manual\naddress1=192.0.2.7/24\n",
        6: "[ipv6]\nmethod=manual\naddress1=2001:db8::7/64\n"}
TABLES = {"storage": 200}


def understood(route_text: str, rule_text: str = "", version: int = 4) -> Tuple[Any, List[Note]]:
    """What NetworkManager makes of the files, and the notes on what is left out."""
    notes: List[Note] = []
    made = routes.routes("route-em1", route_text, version, TABLES, notes)
    asked = rules.rules("rule-em1", rule_text, version, TABLES, notes)
    keys: Dict[str, str] = routes.route_keys(made, version)
    texts, _ = rules.rule_texts(asked, rules.LAST_PRIORITY)
    keys.update({f"routing-rule{n}": text for n, text in enumerate(texts, 1)})
    lines = "".join(f"{key}={value}\n" for key, value in keys.items())
    said = read(HEAD + BODY[version] + lines)[f"ipv{version}"]
    assert len(said["route-data"]) == len(made)
    assert len(said.get("routing-rules", [])) == len(asked)
    return said, notes


def one(line: str, version: int = 4) -> Dict[str, Any]:
    said, notes = understood(line, version=version)
    assert notes == []
    route, = said["route-data"]
    return dict(route)


@pytest.mark.parametrize("line,route", [
    ("10.0.0.0/8 via 192.0.2.1", {"dest": "10.0.0.0", "prefix": 8, "next-hop": "192.0.2.1"}),
    ("10.1.2.3 dev em1", {"dest": "10.1.2.3", "prefix": 32}),
    ("10.1.2.3/8 via inet 192.0.2.1",
     {"dest": "10.0.0.0", "prefix": 8, "next-hop": "192.0.2.1"}),
    ("default via 192.0.2.1 table storage metric 0",
     {"dest": "0.0.0.0", "prefix": 0, "next-hop": "192.0.2.1", "table": 200, "metric": 0}),
    ("blackhole 10.0.0.0/8 metric 9",
     {"dest": "10.0.0.0", "prefix": 8, "type": "blackhole", "metric": 9}),
    ("10.0.0.0/8 tos 10 scope 253", {"dest": "10.0.0.0", "prefix": 8, "tos": 16, "scope": 253})])
def test_what_a_route_says(line: str, route: Dict[str, Any]) -> None:
    assert one(line) == route


def test_routes_of_ipv6() -> None:
    assert one("2001:db8:5::/48 via fe80::1 metric 3 mtu lock 1400", 6) == {
        "dest": "2001:db8:5::", "prefix": 48, "next-hop": "fe80::1", "metric": 3, "mtu": 1400,
        "lock-mtu": True}
    assert one("default via 2001:db8::1", 6)["dest"] == "::"


def test_the_syntax_by_numbers() -> None:
    said, notes = understood("ADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nGATEWAY0=192.0.2.1\n"
                             "ADDRESS2='10.1.0.0'\nNETMASK2=255.255.0.0\nMETRIC2=5\n"
                             "OPTIONS2='table storage src 192.0.2.7'\n")
    assert said["route-data"] == [
        {"dest": "10.0.0.0", "prefix": 8, "next-hop": "192.0.2.1"},
        {"dest": "10.1.0.0", "prefix": 16, "metric": 5, "table": 200, "src": "192.0.2.7"}]
    assert notes == []


@pytest.mark.parametrize("text,words", [
    ("ADDRESS0=10.0.0.0\n", "NETMASK0 is missing"), ("ADDRESS0=10.0.0.0\nNETMASK0=255.0.255.0\n",
                                                     "holes"),
    ("ADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nGATEWAY1=192.0.2.1\n", "belongs to no route"),
    ("ADDRESS0=ten\nNETMASK0=255.0.0.0\n", "no IPv4 address"),
    ("ADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nMETRIC0=x\n", "no number"),
    ("ADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nvia 192.0.2.1\n", "no assignment"),
    ("10.0.0.0/8 tos zz", "no byte"), ("10.0.0.0/8 src 2001:db8::1", "no IPv4 address"),
    ("via 192.0.2.1", "no destination"), ("10.0.0.0/8 metric -1", "no number"),
    ("10.0.0.0/8 advmss lock 1400", "no number"), ("nat 10.0.0.0/8", "type nat")])
def test_what_cannot_be_kept_is_named(text: str, words: str) -> None:
    _, notes = understood(text)
    assert len(notes) == 1 and words in notes[0].text


def test_rules_keep_their_order() -> None:
    said, notes = understood("", "from 192.0.2.0/24 table storage\nto 10.0.0.0/8 lookup main\n"
                                 "from all prio 100 table 7\nfwmark 1 table 8\n")
    assert notes == []
    assert [(r["priority"], r["table"]) for r in said["routing-rules"]] == [
        (32765, 200), (32764, 254), (100, 7), (99, 8)]


@pytest.mark.parametrize("address,network,dropped", [
    ("192.0.2.10", "192.0.2.0/24", True), ("198.51.100.1", "192.0.2.0/24", False)])
def test_only_vdsms_own_source_routes_are_left_out(address: str, network: str,
                                                   dropped: bool) -> None:
    number = sum(int(part) << shift for part, shift in zip(address.split("."), (24, 16, 8, 0)))
    notes: List[Note] = []
    made = routes.routes("r", f"0.0.0.0/0 via 192.0.2.1 table {number}\n10.0.0.0/8 via 192.0.2.9",
                         4, {}, notes)
    asked = rules.rules("r", f"from {network} prio 32000 table {number}\n"
                              f"from all to {network} dev br prio 32000 table {number}\n"
                              "from 10.0.0.0/8 prio 32000 table 9\n", 4, {}, notes)
    assert rules.drop_vdsm(made, asked) == dropped
    assert (len(made), len(asked)) == ((1, 1) if dropped else (2, 3))


ROUTE_WORDS = ("10.0.0.0/8", "default", "via", "192.0.2.1", "dev", "em1", "metric", "5", "table",
               "main", "storage", "src", "192.0.2.7", "onlink", "mtu", "lock", "1400", "scope",
               "link", "tos", "0x10", "blackhole", "to", "window", "cwnd", "weight", "quickack",
               "1", "rto_min", "20ms", "from", "proto", "static", "2001:db8::/32", "x", "-1")
RULE_WORDS = ("from", "to", "all", "10.0.0.0/8", "table", "lookup", "7", "main", "prio", "pref",
              "100", "fwmark", "1/3", "iif", "oif", "em1", "not", "tos", "0x10", "ipproto", "6",
              "sport", "dport", "80-90", "blackhole", "prohibit", "uidrange", "1-2", "x",
              "suppress_prefixlength", "0", "goto", "type")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2 ** 32))
def test_whatever_is_kept_networkmanager_takes(seed: int) -> None:
    pick = random.Random(seed)
    lines = [" ".join(["10.0.0.0/8", *pick.choices(ROUTE_WORDS, k=pick.randint(0, 6))])
             for _ in range(3)]
    asked = [" ".join(pick.choices(RULE_WORDS, k=pick.randint(1, 6))) for _ in range(3)]
    understood("\n".join(lines), "\n".join(asked))
