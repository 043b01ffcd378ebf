"""Settings of sysctl.d: which file of /proc/sys a line means, and what it says."""

from typing import Dict, Tuple

PROC = "/proc/sys"
_SECRET = ("_key", "secret")  # net.ipv4.tcp_fastopen_key, net.ipv6.conf.*.stable_secret


def settings(text: str) -> Dict[str, str]:
    """Path below PROC to value, of the lines that name one setting each; secrets are left out."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        path = below_proc(key.lstrip("-").strip())
        if equals and path and not line.lstrip().startswith(("#", ";")):
            found[path] = plain(value)
    return found


def below_proc(key: str) -> str:
    """The path of a key as sysctl.d(5) reads it; nothing for globs, secrets and what is no key."""
    first = next((char for char in key if char in "./"), "")
    path = key if first != "." else key.translate(str.maketrans("./", "/."))
    parts = path.split("/")
    bad = any(char in "*?[" for char in path) or any(part in ("", ".", "..") for part in parts)
    return "" if bad or path.endswith(_SECRET) else path


def plain(value: str) -> str:
    """A value as it can be compared: the kernel prints tabs between numbers."""
    return " ".join(value.split())


def split(setting: str) -> Tuple[str, str]:
    """Path and value of ``path=value``."""
    path, _, value = setting.partition("=")
    return path, value
