"""One ifcfg file as the conversion sees it: typed values, and notes on what could not be kept."""

import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Dict, List, Mapping, Optional, Pattern, Tuple

import yaml

from ng2coreos.plan.packaged import data_directories

SCRIPTS = "/etc/sysconfig/network-scripts"
PREFIX = "ifcfg-"
KEYS = "ifcfg-keys.yaml"

_TRUE, _FALSE = ("yes", "true", "t", "y", "1"), ("no", "false", "f", "n", "0")
_CLASSES = ((128, 8), (192, 16))  # first octets below, prefix; above it is 24


class Refused(Exception):
    """The file cannot become a connection; says why, and the line where one is to blame."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.why, self.line = why, line


@dataclass(frozen=True)
class Note:
    """Something of a file of network-scripts that the keyfile does not say, and why."""

    file: str
    line: int  # 0: the file as a whole
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{SCRIPTS}/{place}: {self.text}"


@lru_cache(maxsize=1)
def known_keys() -> Mapping[str, Any]:
    """data/ifcfg-keys.yaml; it comes with the package and never changes while it runs."""
    for place in data_directories():
        if (place / KEYS).is_file():
            found: Dict[str, Any] = yaml.safe_load((place / KEYS).read_text("utf-8"))
            return found
    raise FileNotFoundError(KEYS)


def base_key(key: str) -> str:
    """The name under which data/ifcfg-keys.yaml has `key`: numbers and free ends taken off."""
    keys = known_keys()
    bare = key.rstrip("0123456789")
    if bare in keys["numbered"]:
        return bare
    return next((p for p in keys["prefixes"] if key.startswith(p) and key != p), key)


def verdict(key: str) -> Tuple[str, str]:
    """What becomes of `key` (converted, ignored, unsupported, refused, unknown), and why."""
    keys, base = known_keys(), base_key(key)
    for kind in ("converted", "ignored", "unsupported", "refused"):
        if base in keys[kind]:
            return kind, str(keys[kind][base])
    return "unknown", "Nobody knows this setting."


@dataclass
class Ifcfg:
    """A file's assignments; `rows` are (line, key, value), a value of None cannot be read."""

    file: str
    rows: Tuple[Tuple[int, str, Optional[str]], ...]
    by_vdsm: bool = False  # its first line says that vdsm wrote it
    network_service: bool = False  # NetworkManager does not run on this host
    notes: List[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._values = {key: value for _, key, value in self.rows}
        self._lines = {key: line for line, key, _ in self.rows}

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def keys(self) -> Tuple[str, ...]:
        """The keys in the order of their first line."""
        return tuple(self._values)

    @property
    def name(self) -> str:
        """The file's name without its prefix."""
        return self.file[len(PREFIX):] if self.file.startswith(PREFIX) else self.file

    @property
    def by_initscripts(self) -> bool:
        """Was the interface brought up by ifup and not by NetworkManager?"""
        return self.network_service or not self.flag("NM_CONTROLLED", True)

    def line(self, key: str) -> int:
        """The line that gave `key` its last value; 0 if none did."""
        return self._lines.get(key, 0)

    def note(self, key: str, why: str) -> None:
        """Say that `key` is not kept."""
        note = Note(self.file, self.line(key), f"{key}: {why}" if key else why)
        if note not in self.notes:
            self.notes.append(note)

    def text(self, *keys: str) -> str:
        """The value of the first of `keys` that has one; nothing if none has."""
        return next((v for v in (self._values.get(key) for key in keys) if v), "")

    def formed(self, form: Pattern[str], *keys: str) -> str:
        """The same, if the value is of that form; else nothing (and it is noted)."""
        value = self.text(*keys)
        if not value or form.fullmatch(value):
            return value
        self.note(next(key for key in keys if self.text(key)),
                  f"is not known to NetworkManager: {value}")
        return ""

    def words(self, *keys: str) -> List[str]:
        """The words of the value, each once; a semicolon divides too, as it does in keyfiles."""
        return list(dict.fromkeys(self.text(*keys).replace(";", " ").split()))

    def flag(self, key: str, default: bool) -> bool:
        """A yes or no; `default` where it is missing, or is neither (and is noted)."""
        value = self.text(key).lower()
        if value in _TRUE or value in _FALSE:
            return value in _TRUE
        if value:
            self.note(key, f"is neither yes nor no: {value}")
        return default

    def ternary(self, key: str) -> Optional[bool]:
        """A yes or no, or None where it is missing."""
        return self.flag(key, False) if self.text(key) else None

    def number(self, key: str, low: int, high: int) -> Optional[int]:
        """A decimal number within bounds; None where it is missing, or is none (and is noted)."""
        value = self.text(key).strip()
        if not value:
            return None
        try:
            number = int(value, 10)
        except ValueError:
            number = low - 1
        if low <= number <= high:
            return number
        self.note(key, f"is no number from {low} to {high}: {value}")
        return None

    def ipv4(self, key: str) -> str:
        """An IPv4 address, or nothing. Refused for anything else."""
        return address(self, key, self.text(key).strip(), 4)

    def prefix(self, ipv4: str, suffix: str) -> int:
        """The prefix length that goes with `ipv4`: PREFIX, NETMASK, or by the address' class."""
        given = self.text(f"PREFIX{suffix}").strip()
        if given:
            if given.isdecimal() and int(given) <= 32:
                return int(given)
            raise Refused(f"PREFIX{suffix} is no prefix length: {given}",
                          self.line(f"PREFIX{suffix}"))
        mask = self.ipv4(f"NETMASK{suffix}")
        if mask:
            return prefix_of(mask, self.line(f"NETMASK{suffix}"))
        first = int(ipv4.partition(".")[0])
        return next((length for below, length in _CLASSES if first < below), 24)


def address(cfg: Ifcfg, key: str, value: str, version: int) -> str:
    """`value` as an address of that IP version, or nothing; Refused for anything else."""
    if not value:
        return ""
    try:
        return str({4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}[version](value))
    except ValueError:
        raise Refused(f"{key} is no IPv{version} address: {value}", cfg.line(key)) from None


def prefix_of(mask: str, line: int) -> int:
    """The prefix length of a netmask; Refused for one with holes."""
    bits = int(ipaddress.IPv4Address(mask))
    length = bin(bits).count("1")
    if bits != (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF:
        raise Refused(f"the netmask {mask} has holes", line)
    return length
