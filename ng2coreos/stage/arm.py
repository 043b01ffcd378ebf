"""What the next boot is: the one-shot entry and the default in NG's GRUB environment.

`grubenv` is NG's own block (never the private one below /boot/coreos).  Its saved_entry stays
NG's until `set_default`; every boot of the new system before that is a one-shot.
"""

from pathlib import Path
from typing import Dict, List, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.stage import grubenv
from ng2coreos.stage.menu import ENTRY, FIRST_BOOT_ENTRY, ROLLBACK_ENTRY

_OURS = (FIRST_BOOT_ENTRY, ENTRY, ROLLBACK_ENTRY)
# Set: no trial was booted since, for no entry of ours was armed.  GRUB, which uses an armed entry
# up, knows nothing of it.  A line shorter than any that `arm` writes: it fits where that does.
_HELD = "ng2coreos_held"


def arm(environment: Path, entry: str) -> None:
    """Guarantee that the next boot, once, is our menu entry `entry`; the default is not touched."""
    if entry not in _OURS:
        raise BadInput(f"{entry!r} is no entry of ours.", hint="Use one of " + ", ".join(_OURS))
    grubenv.change(environment, {"next_entry": entry}, [_HELD])


def hold(environment: Path, saved_entry: str) -> None:
    """As `disarm`; and whoever finds no armed entry from now on knows that no boot has used it up.

    One write does both, and `arm` ends both by one write: so a power cut leaves no doubt.
    """
    values, unset = _without_ours(environment, saved_entry)
    grubenv.change(environment, {**values, _HELD: "1"}, unset)


def held(environment: Path) -> bool:
    """Is it `hold` that the next boot is not ours, and not a trial that was booted?"""
    return grubenv.read(environment).get(_HELD) == "1"


def armed(environment: Path) -> str:
    """Which of our entries is booted next, once; nothing if none (used up, or somebody else's)."""
    entry = grubenv.read(environment).get("next_entry", "")
    return entry if entry in _OURS else ""


def disarm(environment: Path, saved_entry: str) -> None:
    """Guarantee that no entry of ours is booted: neither once nor as the default.

    A one-shot or a default that is not ours is left as it is; a default that is ours becomes
    `saved_entry` (NG's, remembered before the move).
    """
    values, unset = _without_ours(environment, saved_entry)
    grubenv.change(environment, values, [*unset, _HELD])


def set_default(environment: Path, saved_entry: str) -> None:
    """Make `saved_entry` the default of every boot, and forget any one-shot of ours: one write."""
    unset = ["next_entry"] if armed(environment) else []
    grubenv.change(environment, {"saved_entry": saved_entry}, unset)


def default(environment: Path) -> str:
    """The entry that a plain reset boots, as far as grubenv says it."""
    return grubenv.read(environment).get("saved_entry", "")


def _without_ours(environment: Path, saved_entry: str) -> Tuple[Dict[str, str], List[str]]:
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
    return values, unset
