"""What is ours on NG's boot partition, put there and taken away so that NG boots at any moment.

`partition` is NG's boot partition: /boot on NG, /sysroot/boot on CoreOS.  Ours are the directory
coreos/ (the new system's /boot), the links ostree and boot beside it, and one block in custom.cfg,
which comes last and goes first.  GRUB reads a file system without its log, so every function that
changes something ends in `durable.settle`.
"""

import errno
import hashlib
import os
import stat
from functools import partial
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Optional

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, Ng2CoreosError, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.reading import read_regular
from ng2coreos.model.plan import BootPlan
from ng2coreos.stage import bls, grubenv, menu
from ng2coreos.stage.bls import BootEntry, Deployed
from ng2coreos.stage.menu import ENTRY, FIRST_BOOT_ENTRY, ROLLBACK_ENTRY
from ng2coreos.stage.state import PRIVATE

__all__ = ["ENTRY", "FIRST_BOOT_ENTRY", "ROLLBACK_ENTRY", "block", "digests", "erase_overlay",
           "install", "leftovers", "make_private", "private_grubenv", "remove_files",
           "remove_block", "remove_first_boot", "remove_menu", "sha256", "verify"]

OVERLAY = "ng2coreos-firstboot.cpio"
_GRUB = "grub2"
# CoreOS's coreos-ignition-firstboot-complete.service removes it, and fails where it is missing
_IGNITION_STAMP = "ignition.firstboot"
_STAMP = ".ng2coreos"  # says that coreos/ is ours, before anything else is in it
_LINKS = {"ostree": "coreos/ostree", "boot": "coreos"}
_AS_GOOD = ("boot", ".")  # made by others, and serves entries with a /boot prefix just as well
_CHECKERS = ("grub2-script-check", "grub-script-check")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_CHUNK_BYTES = 1 << 20


def make_private(partition: Path) -> Path:
    """The directory coreos/ of `partition`, made if it is missing; BadInput if it is not ours."""
    private = partition / PRIVATE
    if private.is_symlink() or (private.exists() and not _is_ours(private)):
        raise BadInput(f"{private} is there and was not made by ng2coreos.",
                       hint="Move it away, then try again.")
    durable.make_directory(private)
    if not (private / _STAMP).exists():
        durable.write_file(private / _STAMP, b"The boot directory of a system made by ng2coreos.\n")
    return private


def install(host: Host, partition: Path, plan: BootPlan, deployed: Deployed,
            overlay: Iterable[bytes]) -> Dict[str, str]:
    """Write all that GRUB needs to boot `deployed`, the menu block last; the digests of ours.

    NG stays the default.  All texts are checked by GRUB's own checker before the first is written,
    and every file is read back; a second call writes the same again.
    """
    private = make_private(partition)
    custom_cfg = host.path(plan.custom_cfg)
    texts = _private_texts(plan)
    custom = menu.with_block(_text(custom_cfg), _block(plan, deployed.entry))
    for text in (*texts.values(), custom):
        _check(host, text)
    durable.make_directory(private / _GRUB)
    for name, text in texts.items():
        durable.write_file(private / _GRUB / name, _bytes(text), mode=0o600)
    grubenv.create(private_grubenv(partition))
    digest = hashlib.sha256()
    durable.write_parts(private / OVERLAY, _hashed(overlay, digest.update), mode=0o600)
    durable.write_file(private / _IGNITION_STAMP, b"")
    for name, target in _LINKS.items():
        _link(partition / name, target)
    _link(private / "boot", ".")
    durable.settle(partition)
    _write_custom(custom_cfg, custom)
    wanted = {**{private / _GRUB / name: _bytes(text) for name, text in texts.items()},
              _real(custom_cfg): _bytes(custom)}
    _read_back({**{path: hashlib.sha256(data).hexdigest() for path, data in wanted.items()},
                private / OVERLAY: digest.hexdigest()})
    return {str(path.relative_to(partition)): sha256(path)
            for path in (*(private / _GRUB / name for name in texts), private / OVERLAY)}


def verify(host: Host, partition: Path, plan: BootPlan) -> None:
    """BadInput unless all that the armed boot and the way back need is in place, unchanged."""
    private = partition / PRIVATE
    entry = bls.read(private, bls.only_entry(private))
    wanted = {private / _GRUB / name: text for name, text in _private_texts(plan).items()}
    for path, text in wanted.items():
        _expect(path.is_file() and _text(path) == text, f"{path} is not as it was written")
    custom_cfg = host.path(plan.custom_cfg)
    _expect(block(custom_cfg) == _block(plan, entry), f"Our block in {custom_cfg} has changed")
    grubenv.read(private_grubenv(partition))
    grubenv.read(host.path(plan.grubenv))
    for name in (OVERLAY, _IGNITION_STAMP):
        _expect((private / name).is_file(), f"{private / name} is missing")
    for name, target in _LINKS.items():
        link = partition / name
        _expect(_serves(link, target), f"{link} is no link of ours")
    for file in (plan.rollback_linux, *plan.rollback_initrds):
        _expect((partition / file.lstrip("/")).is_file(), f"NG's {file} is missing on {partition}")


def remove_first_boot(custom_cfg: Path, partition: Path, boot_uuid: str) -> None:
    """Take the first-boot entry out of the menu, then its overlay away (at confirm).

    The entry names a deployment directory that the next upgrade renames.  Needs no plan: it also
    runs on CoreOS.  Does nothing where our block is gone.
    """
    text = _text(custom_cfg)
    if menu.block_of(text):
        wanted = menu.with_block(text, menu.custom_block(boot_uuid, None, None))
        if wanted != text:
            _write_custom(custom_cfg, wanted)
    erase_overlay(partition)


def erase_overlay(partition: Path) -> None:
    """Overwrite and remove the first-boot overlay: it holds the Ignition config's secrets.

    One that a killed run left half written goes too.
    """
    overlay = partition / PRIVATE / OVERLAY
    found = [path for path in (overlay, durable.temporary(overlay)) if path.is_file()]
    for path in found:
        durable.overwrite(path)
    if found:
        durable.settle(partition)
        for path in found:
            durable.remove(path)
        durable.settle(partition)


def remove_menu(custom_cfg: Path, partition: Path) -> None:
    """Take our block out of `custom_cfg` (an empty file goes), then the overlay with its secrets.

    Where /boot is too full to write custom.cfg anew, the overlay makes room: an entry that lacks it
    loads NG.
    """
    try:
        remove_block(custom_cfg)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        erase_overlay(partition)
        remove_block(custom_cfg)
    erase_overlay(partition)


def remove_block(custom_cfg: Path) -> None:
    """Take our block out of `custom_cfg`; what is not ours stays to the byte."""
    text = _text(custom_cfg)
    if menu.block_of(text):
        _write_custom(custom_cfg, menu.without_block(text))
    _forget_unfinished(_real(custom_cfg))


def remove_files(partition: Path) -> None:
    """Remove the links and coreos/; the block must be gone, and nothing mounted on the directory.

    What is not ours stays: a link that leads elsewhere, a directory that lacks our stamp.
    """
    private = partition / PRIVATE
    for name, target in _LINKS.items():
        link = partition / name
        if _leads_to(link, target):
            durable.remove(link)
        _forget_unfinished(link)
    if private.is_dir() and not private.is_symlink() and _is_ours(private):
        erase_overlay(partition)
        for name in sorted(set(os.listdir(str(private))) - {_STAMP}):
            durable.remove(private / name)
        durable.remove(private)
    durable.settle(partition)


def leftovers(partition: Path, custom_cfg: Path) -> List[str]:
    """What of ours is still there, as paths and words for a human; empty when nothing is."""
    found = [f"{partition / name}" for name, target in _LINKS.items()
             if _leads_to(partition / name, target)]
    private = partition / PRIVATE
    if private.is_dir() and _is_ours(private):
        found.append(str(private))
    if block(custom_cfg):
        found.append(f"the block of ng2coreos in {custom_cfg}")
    unfinished = [durable.temporary(path) for path in
                  (_real(custom_cfg), *(partition / name for name in _LINKS))]
    return found + [str(path) for path in unfinished if os.path.lexists(str(path))]


def block(custom_cfg: Path) -> str:
    """Our block in `custom_cfg`, or nothing."""
    return menu.block_of(_text(custom_cfg))


def private_grubenv(partition: Path) -> Path:
    """The private environment block: boot_counter and boot_success of the new system."""
    return partition / PRIVATE / _GRUB / "grubenv"


def digests(partition: Path, custom_cfg: Path, environment: Path) -> Dict[str, str]:
    """SHA-256 (or link target) of every file of NG's on the partition, for a before and after.

    Without what is ours and without NG's environment block, which GRUB rewrites at each boot;
    custom.cfg counts without our block.  Other file systems below (the ESP) are left out.
    """
    found: Dict[str, str] = {}
    device = os.lstat(str(partition)).st_dev
    skip = {_real(environment), partition / PRIVATE,
            *(partition / name for name, target in _LINKS.items()
              if _leads_to(partition / name, target))}
    custom = _real(custom_cfg)
    stack = [partition]
    while stack:
        directory = stack.pop()
        for entry in os.scandir(str(directory)):
            path = Path(entry.path)
            info = entry.stat(follow_symlinks=False)
            if path in skip or info.st_dev != device:
                continue
            if stat.S_ISDIR(info.st_mode):
                stack.append(path)
            elif stat.S_ISLNK(info.st_mode):
                found[str(path.relative_to(partition))] = "-> " + os.readlink(entry.path)
            elif path == custom:
                rest = _bytes(menu.without_block(_text(path)))
                if rest:
                    found[str(path.relative_to(partition))] = hashlib.sha256(rest).hexdigest()
            elif stat.S_ISREG(info.st_mode):
                found[str(path.relative_to(partition))] = sha256(path)
    return dict(sorted(found.items()))


def sha256(*paths: Path) -> str:
    """The digest of what lies on the disk, not in the page cache (as far as the kernel lets go).

    Of several files it is that of one after the other.
    """
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            for data in iter(partial(stream.read, _CHUNK_BYTES), b""):
                digest.update(data)
    return digest.hexdigest()


def _ng(plan: BootPlan) -> BootEntry:
    return BootEntry(plan.rollback_linux, plan.rollback_initrds, plan.rollback_options)


def _block(plan: BootPlan, entry: BootEntry) -> str:
    first = BootEntry(entry.linux, (*entry.initrds, f"{bls.PREFIX}/{OVERLAY}"),
                      menu.first_boot_arguments(entry.options))
    return menu.custom_block(plan.boot_uuid, first, _ng(plan))


def _private_texts(plan: BootPlan) -> Dict[str, str]:
    return {"rollback.cfg": menu.rollback_cfg(plan.boot_uuid, _ng(plan)),
            "grub.cfg": menu.private_cfg(plan.boot_uuid, plan.blscfg)}


def _check(host: Host, text: str) -> None:
    """GRUB's own syntax check of `text`; Unsupported if the host has no checker."""
    for program in _CHECKERS:
        try:
            host.run([program], data=_bytes(text))
            return
        except Unsupported:
            continue
    raise Unsupported(f"Neither {' nor '.join(_CHECKERS)} is installed.",
                      hint="Install grub2-tools, then try again.")


def _write_custom(custom_cfg: Path, text: str) -> None:
    real = _real(custom_cfg)
    if text:
        mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else 0o600
        durable.write_for_grub(real, _bytes(text), mode=mode)
    else:
        durable.remove_for_grub(real)


def _link(path: Path, target: str) -> None:
    if _serves(path, target):
        return
    if os.path.lexists(str(path)):
        raise BadInput(f"{path} is there and is not a link of ng2coreos.",
                       hint="Move it away, then try again.")
    durable.make_symlink(path, target)


def _serves(link: Path, target: str) -> bool:
    name, as_good = _AS_GOOD
    return _leads_to(link, target) or (link.name == name and _leads_to(link, as_good))


def _leads_to(link: Path, target: str) -> bool:
    return link.is_symlink() and os.readlink(str(link)) == target


def _forget_unfinished(path: Path) -> None:
    """Remove what a killed write of `path` left beside it."""
    if os.path.lexists(str(durable.temporary(path))):
        durable.remove(durable.temporary(path))


def _is_ours(private: Path) -> bool:
    stamp = private / _STAMP
    return stamp.is_file() or set(os.listdir(str(private))) <= {durable.temporary(stamp).name}


def _hashed(parts: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for part in parts:
        update(part)
        yield part


def _read_back(wanted: Dict[Path, str]) -> None:
    wrong = [str(path) for path, digest in wanted.items() if sha256(path) != digest]
    if wrong:
        raise Ng2CoreosError(f"{', '.join(wrong)} does not read back as it was written.",
                             hint="Check the disk of /boot.")


def _real(path: Path) -> Path:
    return Path(os.path.realpath(str(path)))


def _text(path: Path) -> str:
    try:
        return read_regular(path).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _expect(holds: bool, problem: str, hint: Optional[str] = None) -> None:
    if not holds:
        raise BadInput(problem + ".", hint=hint or "Run `ng2coreos rollback`, then apply again.")
