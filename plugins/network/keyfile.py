"""NetworkManager's keyfiles: what one says that others must know, and how one is written."""

import configparser
import hashlib
import ipaddress
import re
import uuid
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

DIRECTORY = "/etc/NetworkManager/system-connections"
IN_MEMORY = "/run/NetworkManager/system-connections"
SUFFIX = ".nmconnection"

Sections = Dict[str, Dict[str, str]]
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ADDRESS_KEY = re.compile(r"address(es)?[0-9]*")
_PREFIXES = {4: 24, 6: 64}  # where a keyfile names none
_ALIASES = {"802-3-ethernet": "ethernet", "802-11-wireless": "wifi"}  # both are read for ever


def profile(name: str, text: str) -> Dict[str, Any]:
    """What the connection in the keyfile `name` is about, without secrets; empty if it is none."""
    return described(name, sections_of(text))


def sections_of(text: str) -> Sections:
    """The sections of a keyfile; none where it is no keyfile."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",),
                                       comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment]
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {section: dict(parser[section]) for section in parser.sections()}


def described(name: str, sections: Mapping[str, Mapping[str, str]]) -> Dict[str, Any]:
    """The same for the sections of a keyfile, read or about to be written."""
    connection = sections.get("connection")
    if connection is None:
        return {}
    families = [sections[f] for f in ("ipv4", "ipv6") if f in sections]
    addresses, gateways = [], []
    for family in families:
        for key, value in family.items():
            if _ADDRESS_KEY.fullmatch(key):
                address, gateway = _address(value)
                addresses += [address] if address else []
                gateways += [gateway] if gateway else []
        gateways += [family["gateway"]] if family.get("gateway") else []
    kind = connection.get("type", "")
    hardware = sections.get("ethernet", sections.get(kind, {}))
    memory = sections.get(".nmmeta", {})
    return {
        "file": name, "id": connection.get("id", name), "uuid": connection.get("uuid", ""),
        "type": kind, "interface": connection.get("interface-name", ""),
        "controller": connection.get("controller", connection.get("master", "")),
        "parent": sections.get("vlan", {}).get("parent", ""),
        "vlan": sections.get("vlan", {}).get("id", ""),
        "mac": next((s["mac-address"] for s in sections.values() if "mac-address" in s),
                    "").lower(),
        "cloned_mac": hardware.get("cloned-mac-address", "").lower(),
        "mtu": hardware["mtu"] if hardware.get("mtu", "").isdecimal() else "",
        "methods": [family.get("method", "") for family in families],
        "addresses": addresses, "gateways": [g for g in gateways if g not in ("0.0.0.0", "::")],
        "autoconnect": connection.get("autoconnect", "true") != "false",
        "asks": _asks(connection, sections),
        "client_id": sections.get("ipv4", {}).get("dhcp-client-id", ""),
        "duid": sections.get("ipv6", {}).get("dhcp-duid", ""),
        "iaid": sections.get("ipv6", {}).get("dhcp-iaid", ""),
        "dns": any(family.get("dns") for family in families),
        "never_default": any(f.get("never-default", "false") == "true" for f in families),
        "not_ours": "true" in (memory.get("nm-generated"), memory.get("volatile"),
                               memory.get("external")),
    }


def _asks(connection: Mapping[str, str], sections: Mapping[str, Mapping[str, str]]) -> List[int]:
    """The families for which a DHCP server may be asked; ports of another device ask for none.

    An interface of an Open vSwitch belongs to a port of it and has addresses all the same.
    """
    of_switch = (connection.get("type") == "ovs-interface"
                 and sections.get("ovs-interface", {}).get("type", "internal") == "internal")
    if connection.get("controller", connection.get("master", "")) and not of_switch:
        return []
    return [version for version, methods in ((4, ("auto",)), (6, ("auto", "dhcp")))
            if sections.get(f"ipv{version}", {}).get("method", "auto") in methods]


def _address(value: str) -> Tuple[str, str]:
    """Address with prefix, and gateway; both of the ways that NetworkManager ever wrote it."""
    parts = [part for part in re.split(r"[\s,;/]+", value) if part]
    try:
        ip = ipaddress.ip_address(parts[0])
        length = int(parts[1]) if len(parts) > 1 else _PREFIXES[ip.version]
        return str(ipaddress.ip_interface(f"{ip}/{length}")), "".join(parts[2:3])
    except (IndexError, ValueError):
        return "", ""


def plain_type(kind: str) -> str:
    """The type of a connection by its short name."""
    return _ALIASES.get(kind, kind)


def is_profile_name(name: str) -> bool:
    """Does NetworkManager look into a file of this name?"""
    return not name.startswith(".") and not name.endswith("~")


def stable_uuid(path: str) -> str:
    """The UUID that NetworkManager gives to a connection of the file `path` that names none.

    It is the bare MD5 of the path, no version of RFC 4122; stable-privacy addresses and DHCP
    identifiers hang on it.
    """
    return str(uuid.UUID(bytes=hashlib.md5(path.encode("utf-8", "surrogateescape"),
                                           usedforsecurity=False).digest()))


def render(sections: Sections) -> str:
    """`sections` as a keyfile; empty ones are left out, values are escaped as GKeyFile does."""
    parts = []
    for name, values in sections.items():
        if values:
            lines = [f"{key}={escaped(value)}" for key, value in values.items()]
            parts.append("\n".join([f"[{name}]", *lines]) + "\n")
    return "\n".join(parts)


def escaped(value: str) -> str:
    """`value` as GKeyFile writes it: control characters and leading space by backslash."""
    text = "".join(_ESCAPES.get(char, char) for char in value)
    bare = text.lstrip(" ")
    return "\\s" * (len(text) - len(bare)) + bare


def listed(values: Sequence[str], separator: str = ";") -> str:
    """A list as keyfiles have it: each element ends with the separator (and contains none)."""
    return "".join(value + separator for value in values)


def file_name(name: str, uuid_text: str, taken: Set[str]) -> str:
    """A file name for the connection `name` that none of `taken` has, as NetworkManager does."""
    plain = f"{name}{SUFFIX}"
    return f"{name}-{uuid_text}{SUFFIX}" if plain in taken else plain
