"""Words of ``ip route`` and ``ip rule``: numbers, networks, tables; Refused for what is none."""

import ipaddress
from typing import List, Mapping, Optional, Tuple

from .source import Ifcfg, Refused
from .source import address as checked_address

TABLES = {"local": 255, "main": 254, "default": 253}
ANY = {4: "0.0.0.0/0", 6: "::/0"}

Tables = Mapping[str, int]


def lines(text: str) -> List[Tuple[int, str]]:
    """The lines that say something, with their numbers."""
    return [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)
            if line.strip() and not line.strip().startswith("#")]


def table(value: str, tables: Tables) -> str:
    """The number of a routing table; Refused for a name that nobody gave."""
    known: Optional[int] = tables.get(value, TABLES.get(value))
    text = str(known) if known is not None else number("table", value)
    return str(TABLES["main"]) if text == "0" else text  # the kernel takes 0 for the main table


def following(word: str, rest: List[str]) -> str:
    """The word after `word`; Refused where there is none."""
    if not rest:
        raise Refused(f"{word} lacks its value")
    return rest.pop(0)


def number(word: str, value: str) -> str:
    """A decimal, octal or hexadecimal number in decimal; Refused for anything else."""
    try:
        found = int(value, 0)
    except ValueError:
        found = -1
    if not 0 <= found < 2 ** 32:
        raise Refused(f"{word} is no number: {value}")
    return str(found)


def network(value: str, version: int) -> str:
    """A network with its prefix length; Refused for anything else."""
    if value in ("default", "any", "all"):
        return ANY[version]
    try:
        net = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise Refused(f"{value} is no network") from None
    if net.version != version:
        raise Refused(f"{value} is no network of IPv{version}")
    return str(net)


def address(value: str, version: int) -> str:
    """An address of that IP version; Refused for anything else."""
    return checked_address(Ifcfg("", ()), "address", value, version)
