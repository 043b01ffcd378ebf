"""What the move takes over with the volumes, collected for a config that makes a fresh disk ours.

The config is read whole by the initramfs and lies on a /boot of 384 MiB beside two kernels, so
what goes into it is bounded.  Everything that stays out is named.
"""

import hashlib
import os
import posixpath
import stat
from collections import Counter
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

import yaml

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.core.left import Left
from ng2coreos.ignition.contents import Contents
from ng2coreos.ignition.paths import below, canonical, is_plain
from ng2coreos.ignition.reinstall import RULE, State
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Plan
from ng2coreos.plan.packaged import data_directories

FILE = "reinstall.yaml"
MIB = 1024 * 1024
TOTAL_BYTES = 32 * MIB  # of contents: 43 MiB as base64, where they cannot be packed
FILE_BYTES = 8 * MIB
VAR = "/var"
_PLAIN_XATTRS = ("security.selinux", "user.")  # labels are set anew; nobody relies on the others


class _Top(NamedTuple):
    """A directory of NG that is collected, where it goes, and what of it does not."""

    source: str
    target: str
    left: Left
    itself: bool  # is the directory itself ours? The image has its own /root, /opt, ...
    inside: str = ""  # where it is below that which `left` is about


def collect(host: Host, plan: Plan) -> State:
    """The state; BadInput unless `host` is the one that the plan was made for. Only reads."""
    if host.read_text("/etc/machine-id", default="").strip() != plan.source.machine_id:
        raise BadInput(f"This is not {plan.source.fqdn}, whose state the config needs.",
                       hint="Run it there, or with --root on its root directory.")
    found = _Collection(host, plan)
    for top in _tops(plan):
        found.take(top)
    return State(tuple(found.items), found.content, (*found.notes(), *_rest(host, plan)))


class _Collection:
    def __init__(self, host: Host, plan: Plan) -> None:
        self.items: List[Item] = []
        self._host = host
        identities = plan.decisions.identities
        self._users = {change.source_id: change.name for change in identities.users}
        self._groups = {change.source_id: change.name for change in identities.groups}
        self._left_bytes = TOTAL_BYTES
        self._too_large: Dict[str, List[int]] = {}
        self._odd: Counter[str] = Counter()
        self._bare: List[str] = []

    def content(self, item: Item) -> Contents:
        """The contents of a collected file, as it was when it was collected."""
        path = self._host.path(item.source)
        return Contents(item.sha256, item.size_bytes, lambda: open(path, "rb"), item.source)

    def take(self, top: _Top) -> None:
        """All below `top`, in the order of its names, as long as there is room."""
        info = self._host.lstat(top.source)
        if info is None or not stat.S_ISDIR(info.st_mode):
            return
        if top.itself and not top.left.has(top.inside):
            self._add(top.source, top.target, info, top)
        for path in self._host.walk(top.source):
            inside = path[len(top.source) + 1:]
            info = self._host.lstat(path)
            if info is None or top.left.has(posixpath.join(top.inside, inside)):
                continue
            self._add(path, f"{top.target}/{inside}", info, top)

    def notes(self) -> Iterable[str]:
        """What of the collected directories is not in the config, or not as it was."""
        for place in sorted(self._too_large):
            sizes = self._too_large[place]
            yield (f"Not in the config, too large: {place} ({len(sizes)} files, "
                   f"{sum(sizes) / MIB:.1f} MiB).")
        for what, count in sorted(self._odd.items()):
            yield f"Not in the config: {count} {what}."
        if self._bare:
            yield ("In the config without their ACLs or capabilities: "
                   + ", ".join(self._bare) + ".")

    def _add(self, path: str, target: str, info: os.stat_result, top: _Top) -> None:
        if not is_plain(target):
            self._odd[f"names below {top.source} that are not UTF-8"] += 1
            return
        kind, link, sha256 = "", "", ""
        if stat.S_ISLNK(info.st_mode):
            kind, link = "symlink", os.readlink(str(self._host.path(path)))
        elif stat.S_ISDIR(info.st_mode):
            kind = "directory"
        elif not stat.S_ISREG(info.st_mode):
            self._odd[f"sockets, pipes and devices below {top.source}"] += 1
            return
        elif info.st_size > min(FILE_BYTES, self._left_bytes):
            name = path[len(top.source) + 1:].partition("/")[0]
            self._too_large.setdefault(f"{top.source}/{name}", []).append(info.st_size)
            return
        else:
            kind, sha256 = "file", _digest(self._host.path(path))
            self._left_bytes -= info.st_size
        if kind != "symlink" and _has_more(self._host.path(path)):
            self._bare.append(path)
        self.items.append(Item(
            target, kind, Outcome.CARRIED, "It was on NG's volumes.", RULE, path,
            self._users.get(info.st_uid, str(info.st_uid)),
            self._groups.get(info.st_gid, str(info.st_gid)), stat.S_IMODE(info.st_mode), sha256,
            info.st_size if kind == "file" else 0, link=link))


def named() -> Tuple[str, ...]:
    """The directories of /var that the data file names."""
    for place in data_directories():
        path = place / FILE
        if path.is_file():
            rows = yaml.safe_load(path.read_text("utf-8"))["state"]
            return tuple(row["path"] for row in rows)
    raise FileNotFoundError(FILE)


def _tops(plan: Plan) -> Sequence[_Top]:
    volumes = plan.decisions.volumes
    tops = [_Top(tree.source, canonical(tree.source), tree.left, False)
            for tree in plan.decisions.trees]
    tops += [_Top(v.source_mount, v.mount, v.left, False) for v in volumes
             if v.source_mount and below(v.source_mount, VAR) is None]  # /home
    for path in named():
        holder = max((v for v in volumes if v.source_mount and below(path, v.source_mount)),
                     key=lambda v: len(v.source_mount), default=None)
        tops.append(_Top(path, path, Left(()), True) if holder is None else
                    _Top(path, path, holder.left, True, below(path, holder.source_mount) or ""))
    return sorted(tops, key=lambda top: (top.source, top.target))


def _rest(host: Host, plan: Plan) -> Iterable[str]:
    """What of /var is not looked at, by name; and the volumes that nothing was taken of."""
    taken = named()
    left = [path for directory in (VAR, f"{VAR}/lib", f"{VAR}/spool")
            for path in (f"{directory}/{name}" for name in host.names(directory))
            if path not in taken and not any(below(one, path) for one in taken)
            and not _is_link(host, path)]
    if left:
        yield f"Not in the config, save what you need of it: {', '.join(left)}."


def _is_link(host: Host, path: str) -> bool:
    info = host.lstat(path)
    return info is None or stat.S_ISLNK(info.st_mode)


def _has_more(path: Path) -> bool:
    return any(not name.startswith(_PLAIN_XATTRS)
               for name in os.listxattr(str(path), follow_symlinks=False))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(MIB), b""):
            digest.update(chunk)
    return digest.hexdigest()
