"""A set of inode numbers in a bit each where they lie close together, as those of a disk do."""

from typing import Dict

_PAGE_BITS = 1024


class InodeSet:
    """Numbers that were added; there is no way to take one out."""

    def __init__(self) -> None:
        self._pages: Dict[int, bytearray] = {}

    def add(self, number: int) -> bool:
        """Add `number`; True if it was not there."""
        page, bit = divmod(number, _PAGE_BITS)
        bits = self._pages.get(page)
        if bits is None:
            bits = self._pages[page] = bytearray(_PAGE_BITS // 8)
        mask = 1 << (bit & 7)
        if bits[bit >> 3] & mask:
            return False
        bits[bit >> 3] |= mask
        return True
