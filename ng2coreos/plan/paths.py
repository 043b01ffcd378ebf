"""Where a path of NG lies on an ostree system, whose top level holds links into /var."""

import posixpath
import string
from typing import Mapping, Optional

from ng2coreos.model.places import STANDARD

ALIASES = {
    "/home": "/var/home", "/root": "/var/roothome", "/opt": "/var/opt", "/srv": "/var/srv",
    "/usr/local": "/var/usrlocal", "/mnt": "/var/mnt",
}
MOVED = "/var/toplevel"  # where directories of / go that cannot have their place
_PLAIN = frozenset(string.ascii_letters + string.digits + ":_.")


def on_target(path: str) -> str:
    """The real path on the new system: mount units and writers must not go through the links."""
    for alias, real in ALIASES.items():
        if path == alias or path.startswith(alias + "/"):
            return real + path[len(alias):]
    return path


def top_name(path: str) -> str:
    """The directory in ``/`` that `path` lies in, where it is one of the admin's; else nothing."""
    name = path.lstrip("/").partition("/")[0]
    return "" if name in STANDARD else name


def has_top(name: str, top: Mapping[str, str]) -> bool:
    """Does the image (`top`: its directories in ``/``) give that one its place?"""
    return name in top and (not top[name] or _linked(top[name]).startswith("/var/"))


def with_image(path: str, top: Mapping[str, str]) -> Optional[str]:
    """The real path of `path` on a system of that image; None where it cannot be there.

    The image may link a directory of the admin's into /var, or bring it empty: then a directory
    below MOVED is bound to it.
    """
    name = top_name(path)
    if not name:
        return on_target(path)
    if not has_top(name, top):
        return None
    rest = path[len(name) + 1:]
    return (_linked(top[name]) if top[name] else f"/{name}") + rest


def kept_at(name: str, top: Mapping[str, str]) -> str:
    """Where the content of the admin's directory ``/name`` lies on the new system."""
    return _linked(top[name]) if top.get(name) and has_top(name, top) else f"{MOVED}/{name}"


def _linked(target: str) -> str:
    return posixpath.normpath("/" + target)


def unit_name(path: str, suffix: str = "mount") -> str:
    """The unit that systemd makes for `path` (systemd-escape --path)."""
    trimmed = path.strip("/") or "-"
    if trimmed == "-":
        return f"-.{suffix}"
    escaped = "".join(
        "-" if c == "/" else c if c in _PLAIN and not (c == "." and n == 0)
        else "".join(f"\\x{byte:02x}" for byte in c.encode("utf-8", "surrogateescape"))
        for n, c in enumerate(trimmed))
    return f"{escaped}.{suffix}"
