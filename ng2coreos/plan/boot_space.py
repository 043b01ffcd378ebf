"""What the first deployment takes on the /boot partition."""

from typing import Sequence

from ng2coreos.model.filesystem import BLOCK
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.target import TargetFacts

# stamp, entry, state, grub.cfg, rollback.cfg, grubenv, custom.cfg: a block each
_SMALL_FILES = 7
_DIRECTORIES = 6  # coreos, its grub2, loader.1, entries, ostree, and the deployment's
_OTHERS = 8  # inodes: kernel, initramfs, overlay, ignition.firstboot, four symlinks
_PROGRAM_BYTES = 128 * 1024  # the zipapp, packed, in base64
_PER_ITEM = 400  # in the config and, packed, in the manifest
_BASE64 = 4 / 3
_PACKED = 0.5  # of text; what does not shrink goes in as it is
_MARGIN_BYTES = 6 * 1024 * 1024  # for second copies while files are replaced, and a journal


def boot_bytes(target: TargetFacts, items: Sequence[Item]) -> int:
    """Kernel, initramfs, first-boot overlay and what is written beside them, in whole blocks."""
    carried = _carried(items)
    overlay = _PROGRAM_BYTES + int(carried * _BASE64 * _PACKED) + _PER_ITEM * len(items)
    return (_whole(target.kernel_bytes) + _whole(target.initramfs.bytes) + _whole(overlay)
            + (_SMALL_FILES + _DIRECTORIES) * BLOCK)


def boot_margin_bytes(items: Sequence[Item]) -> int:
    """As if nothing of what is carried could be packed, and it were there twice for a moment."""
    return _MARGIN_BYTES + int(_carried(items) * _BASE64 * (2 - _PACKED))


def boot_inodes(target: TargetFacts) -> int:
    """Files, directories and symlinks on /boot."""
    del target
    return _SMALL_FILES + _DIRECTORIES + _OTHERS


def _carried(items: Sequence[Item]) -> int:
    return sum(item.size_bytes or len(item.content) for item in items
               if item.kind == "file" and item.outcome is not Outcome.DROPPED)


def _whole(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
