"""What the next boot is: the one-shot entry and the default in NG's GRUB environment.

`grubenv` is NG's own block (never the private one below /boot/coreos).  Its saved_entry stays
NG's until `set_default`; every boot of the new system before that is a one-shot.
"""

from pathlib import Path
from typing import Dict

from ng2coreos.core.errors import BadInput
from ng2coreos.stage import grubenv
from ng2coreos.stage.menu import ENTRY, FIRST_BOOT_ENTRY, ROLLBACK_ENTRY

_OURS = (FIRST_BOOT_ENTRY, ENTRY, ROLLBACK_ENTRY)


def arm(environment: Path, entry: str) -> None:
    """Guarantee that the next boot, once, is our menu entry `entry`; the default is not touched."""
    if entry not in _OURS:
        raise BadInput(f"{entry!r} is no entry of ours.", hint="Use one of " + ", ".join(_OURS))
    grubenv.change(environment, {"next_entry": entry})


def armed(environment: Path) -> str:
    """Which of our entries is booted next, once; nothing if none (used up, or somebody else's)."""
    entry = grubenv.read(environment).get("next_entry", "")
    return entry if entry in _OURS else ""


def disarm(environment: Path, saved_entry: str) -> None:
    """Guarantee that no entry of ours is booted: neither once nor as the default.

    A one-shot or a default that is not ours is left as it is; a default that is ours becomes
    `saved_entry` (NG's, remembered before the move).
    """
    now = grubenv.read(environment)
    values: Dict[str, str] = {}
    unset = []
    if now.get("next_entry") in _OURS:
        unset.append("next_entry")
    if now.get("saved_entry") in _OURS:
        if saved_entry:
            values["saved_entry"] = saved_entry
        else:
            unset.append("saved_entry")
    grubenv.change(environment, values, unset)


def set_default(environment: Path, saved_entry: str) -> None:
    """Make `saved_entry` the default of every boot, and forget any one-shot of ours: one write."""
    unset = ["next_entry"] if armed(environment) else []
    grubenv.change(environment, {"saved_entry": saved_entry}, unset)


def default(environment: Path) -> str:
    """The entry that a plain reset boots, as far as grubenv says it."""
    return grubenv.read(environment).get("saved_entry", "")
