"""NG's part of the boot partition, given up: its entries, kernels and layer directories.

Never touched: the directories coreos, grub2 (whose grub.cfg goes on leading to us), loader itself
and efi, whatever a boot entry claims.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Sequence, Set, Tuple

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import STATE_BYTES, read_regular
from ng2coreos.stage.state import PRIVATE

_KEPT = (PRIVATE, "grub2", "grub", "loader", "efi", "EFI", "ostree", "boot", "lost+found")
_KERNEL_FILE = re.compile(r"(vmlinuz|initramfs|System\.map|config|symvers)-.+|\.vmlinuz-.+\.hmac")
_EMPTY_ROLLBACK = "# oVirt Node NG was given up by `ng2coreos finalize`: there is no way back.\n"
_ROLLBACK_LINE = "source ($root)/coreos/grub2/rollback.cfg"
# entry numbers of the private menu once NG's entry, number 0, is gone from it
_RENUMBERED = {"set default=1": "set default=0", "set default=2": "set default=1",
               "set fallback=0": "set fallback=1"}


@dataclass(frozen=True)
class NgBoot:
    """What of NG is on the partition, as paths below it."""

    entries: Tuple[str, ...]
    files: Tuple[str, ...]
    directories: Tuple[str, ...]


def find(partition: Path, layers: Sequence[str]) -> NgBoot:
    """NG's boot entries, what they name, kernels beside them, the directories of `layers`."""
    for place in (partition / "loader", partition / "loader" / "entries"):
        if place.is_symlink():
            raise BadInput(f"{place} is a link: these are not NG's own boot entries.",
                           hint="Is something else than NG installed on this partition?")
    entries = sorted((partition / "loader" / "entries").glob("*.conf"))
    directories = [name for name in layers
                   if name and "/" not in name and name not in (*_KEPT, ".", "..")
                   and _is(partition / name, stat.S_ISDIR)]
    files: Set[str] = {path for entry in entries for path in _named(entry)}
    files |= {name for name in os.listdir(str(partition)) if _KERNEL_FILE.fullmatch(name)}
    return NgBoot(
        tuple(str(entry.relative_to(partition)) for entry in entries),
        tuple(sorted(path for path in files if _is_ngs(partition, path, directories))),
        tuple(directories))


def forget(partition: Path, entries: Sequence[str]) -> None:
    """Take every way to boot NG out of the menus.

    The private menu first, in one write: its numbers change with the entry that goes.  A cut
    anywhere leaves a menu whose default is the newest deployment.
    """
    private = partition / PRIVATE / "grub2"
    config = private / "grub.cfg"
    text = read_regular(config).decode("utf-8", "surrogateescape")
    wanted = without_ng(text)
    if wanted != text:
        durable.write_for_grub(config, wanted.encode("utf-8", "surrogateescape"),
                               mode=_mode(config))
    rollback = private / "rollback.cfg"
    if read_regular(rollback) != _EMPTY_ROLLBACK.encode():
        durable.write_for_grub(rollback, _EMPTY_ROLLBACK.encode(), mode=_mode(rollback))
    for entry in entries:
        durable.remove(partition / entry)
    durable.settle(partition)


def remove(partition: Path, files: Sequence[str], directories: Sequence[str]) -> None:
    """Remove NG's kernels and its layers' directories."""
    for path in (*files, *directories):
        durable.remove(partition / path)
    durable.settle(partition)


def without_ng(text: str) -> str:
    """The private grub.cfg without NG's static entry. Of its own result: the same again."""
    if _ROLLBACK_LINE not in text:
        return text
    lines = [line for line in text.splitlines() if line.strip() != _ROLLBACK_LINE]
    return "".join(line.replace(line.strip(), _RENUMBERED.get(line.strip(), line.strip())) + "\n"
                   for line in lines)


def _named(entry: Path) -> List[str]:
    found = []
    try:
        text = read_regular(entry, STATE_BYTES).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise BadInput(f"{entry} cannot be read: {error.strerror}.",
                       hint="Is it a boot entry? Move it away, then try again.") from None
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if key in ("linux", "initrd"):
            found += [os.path.normpath("/" + word).lstrip("/") for word in value.split()
                      if not word.startswith("$")]
    return found


def _is_ngs(partition: Path, path: str, directories: Sequence[str]) -> bool:
    top = path.split("/")[0]
    inside = partition
    for part in path.split("/")[:-1]:  # a link on the way would lead out of what we know
        inside = inside / part
        if not _is(inside, stat.S_ISDIR):
            return False
    return top not in (*_KEPT, *directories) and _is(partition / path, stat.S_ISREG)


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    try:
        return kind(os.lstat(str(path)).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
