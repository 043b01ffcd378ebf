"""Where a path really lies on an ostree system, whose top level holds links into /var.

Ignition judges duplicates after it has followed these links, and so do we.
"""

import posixpath
from typing import Optional

ALIASES = (
    ("/home", "/var/home"), ("/root", "/var/roothome"), ("/opt", "/var/opt"), ("/srv", "/var/srv"),
    ("/mnt", "/var/mnt"), ("/usr/local", "/var/usrlocal"), ("/media", "/run/media"),
)


def canonical(path: str) -> str:
    """The path without the top-level links of an ostree system; no other links are known here."""
    for alias, real in ALIASES:
        if path == alias or path.startswith(alias + "/"):
            return real + path[len(alias):]
    return path


def is_plain(path: str) -> bool:
    """Is the path absolute, in its shortest form, valid UTF-8, and not the root itself?"""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False  # JSON cannot carry other bytes
    return (path.startswith("/") and not path.startswith("//") and path != "/"
            and posixpath.normpath(path) == path and "\0" not in path)


def below(path: str, top: str) -> Optional[str]:
    """The rest of `path` below `top`, empty for `top` itself; None where it is elsewhere."""
    if path == top:
        return ""
    prefix = top.rstrip("/") + "/"
    return path[len(prefix):] if path.startswith(prefix) else None
