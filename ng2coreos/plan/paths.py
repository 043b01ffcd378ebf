"""Where a path of NG lies on an ostree system, whose top level holds links into /var."""

import string

ALIASES = {
    "/home": "/var/home", "/root": "/var/roothome", "/opt": "/var/opt", "/srv": "/var/srv",
    "/usr/local": "/var/usrlocal", "/mnt": "/var/mnt",
}
_PLAIN = frozenset(string.ascii_letters + string.digits + ":_.")


def on_target(path: str) -> str:
    """The real path on the new system: mount units and writers must not go through the links."""
    for alias, real in ALIASES.items():
        if path == alias or path.startswith(alias + "/"):
            return real + path[len(alias):]
    return path


def unit_name(path: str, suffix: str = "mount") -> str:
    """The unit that systemd makes for `path` (systemd-escape --path)."""
    trimmed = path.strip("/") or "-"
    if trimmed == "-":
        return f"-.{suffix}"
    escaped = "".join(
        "-" if c == "/" else c if c in _PLAIN and not (c == "." and n == 0)
        else "".join(f"\\x{byte:02x}" for byte in c.encode())
        for n, c in enumerate(trimmed))
    return f"{escaped}.{suffix}"
