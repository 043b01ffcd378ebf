"""The boot entries of /boot/loader/entries (Boot Loader Specification, as grubby writes them)."""

import posixpath
import re
import stat
from typing import Dict, List, Optional, Tuple

from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import BlsEntry

DIRECTORY = "/boot/loader/entries"
_SUFFIX = ".conf"


def read(host: Host) -> Tuple[BlsEntry, ...]:
    """The entries that name a kernel, sorted by id."""
    found = []
    for name in host.names(DIRECTORY):
        path = f"{DIRECTORY}/{name}"
        st = host.lstat(path)
        if not name.endswith(_SUFFIX) or st is None or not stat.S_ISREG(st.st_mode):
            continue
        with readable(path):
            entry = parse(name[:-len(_SUFFIX)], host.read_text(path))
        if entry.linux:
            found.append(entry)
    return tuple(found)


def parse(name: str, text: str) -> BlsEntry:
    """The entry in `text`; keys that GRUB does not use to boot are left out."""
    keys: Dict[str, List[str]] = {}
    for line in text.splitlines():
        key, _, value = line.strip().replace("\t", " ").partition(" ")
        if key and not key.startswith("#"):
            keys.setdefault(key, []).append(value.strip())
    initrds = [word for value in keys.get("initrd", []) for word in value.split()]
    return BlsEntry(
        id=name, title=_last(keys, "title"), version=_last(keys, "version"),
        linux=normal(_last(keys, "linux")),
        # $tuned_initrd and the like are names of GRUB's variables
        initrds=tuple(normal(word) for word in initrds if not word.startswith("$")),
        options=" ".join(value for value in keys.get("options", []) if value))


def running(entries: Tuple[BlsEntry, ...], cmdline: str) -> str:
    """The id of the entry that `cmdline` (/proc/cmdline) came from, or nothing.

    The kernel's path must be the same; among several such entries the one with the same
    img.bootid, then the one that shares most arguments with the running kernel.
    """
    words = cmdline.split()
    image = next((w.partition("=")[2] for w in words if w.startswith("BOOT_IMAGE=")), "")
    kernel = normal(re.sub(r"^\([^)]*\)", "", image))
    same = [e for e in entries if kernel and kernel in (e.linux, normal(f"/boot/{e.linux}"))]
    layer = next((w.partition("=")[2] for w in reversed(words) if w.startswith("img.bootid=")), "")

    def likeness(entry: BlsEntry) -> Tuple[bool, int]:
        return entry.layer == layer, len(set(entry.options.split()) & set(words))

    best: Optional[BlsEntry] = max(same, key=likeness, default=None)
    return best.id if best else ""


def normal(path: str) -> str:
    """A path below the boot partition with single slashes (imgbased writes ``//LAYER/...``)."""
    return posixpath.normpath("/" + path.lstrip("/")) if path else ""


def _last(keys: Dict[str, List[str]], key: str) -> str:
    return keys.get(key, [""])[-1]
