"""Proof that every carried item arrived: content by digest, owners by name, mode, link target."""

import hashlib
import os
import stat
from typing import List, Optional, Sequence, Tuple

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.host import Host
from ng2coreos.firstboot.accounts import Accounts
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.proof import Proof

_TYPES = {"file": stat.S_ISREG, "symlink": stat.S_ISLNK, "directory": stat.S_ISDIR,
          "tree": stat.S_ISDIR}
_BLOCK_BYTES = 1024 * 1024


def is_proved(item: Item) -> bool:
    """Is there something to look at? Not for what was given up, nor for what changes by itself."""
    return item.verify and item.outcome is not Outcome.DROPPED


def prove_all(host: Host, items: Sequence[Item]) -> Tuple[Proof, ...]:
    """One proof for each item that can be proved, in their order."""
    accounts = Accounts(host)
    return tuple(_prove(host, accounts, item) for item in items if is_proved(item))


def _prove(host: Host, accounts: Accounts, item: Item) -> Proof:
    try:
        wrong = _differences(host, accounts, item)
    except (OSError, Ng2CoreosError) as error:
        reason = error.message if isinstance(error, Ng2CoreosError) else error.strerror
        wrong = [f"cannot be read: {reason}"]
    return Proof(f"item:{item.path}", item.kind, item.path, not wrong, "; ".join(wrong))


def _differences(host: Host, accounts: Accounts, item: Item) -> List[str]:
    if item.kind == "absent":
        return [] if host.lstat(item.path) is None else ["was deleted on NG and is there again"]
    if item.kind not in _TYPES:
        return [f"this ng2coreos does not know items of kind {item.kind}"]
    found = host.lstat(item.path)
    if found is None:
        return ["is missing"]
    if not _TYPES[item.kind](found.st_mode):
        return [f"is not a {'directory' if item.kind == 'tree' else item.kind}"]
    real = host.path(item.path)
    wrong = _owners(accounts, item, found)
    if item.kind == "symlink":
        target = os.readlink(str(real))
        return wrong + ([] if target == item.link else [f"leads to {target}, not {item.link}"])
    mode = stat.S_IMODE(found.st_mode)
    if mode != item.mode:
        wrong.append(f"mode is {mode:04o}, not {item.mode:04o}")
    if item.kind == "file" and item.sha256 and _digest(str(real)) != item.sha256:
        wrong.append("content differs")
    return wrong


def _owners(accounts: Accounts, item: Item, found: os.stat_result) -> List[str]:
    return [text for text in (
        _named("owner", accounts.user_name(found.st_uid), item.owner),
        _named("group", accounts.group_name(found.st_gid), item.group)) if text]


def _named(label: str, have: str, wanted: str) -> Optional[str]:
    return None if have == wanted else f"{label} is {have}, not {wanted}"


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK_BYTES), b""):
            digest.update(block)
    return digest.hexdigest()
