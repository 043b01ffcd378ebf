"""Guests that are up, kept in the cache: a scenario starts from one in seconds, not minutes."""

import shutil
from pathlib import Path
from typing import List

from . import guest, guestfiles, machine, ng, sshlink, vdsm
from .cache import Input, cache_dir, cached
from .guest import Guest
from .switch import Switch

_HERE = Path(__file__).parent
_VDSM_DEADLINE_S = 600
_QUIET = (
    # nothing that starts later may be in the middle of its work when the state is saved
    "systemctl is-system-running --wait || true; udevadm settle; sync"
)


def ng_up(image: ng.NgImage, firmware: str = "bios") -> Path:
    """The NG stand-in, booted and with vdsmd serving: for `Guest.resume` with a switch.

    The resumed guest needs the same image; it may have a payload, the saved one has none.
    """
    inputs: List[Input] = [
        image.disk.parent,
        *(Path(module.__file__ or "") for module in (guest, guestfiles, machine, sshlink)),
        Path(vdsm.__file__ or "").parent,
        _HERE / "switch.py",
        Path(__file__),
        firmware,
    ]

    def build(out: Path) -> None:
        scratch = cache_dir() / "guests" / f"build-{out.name}"
        with Switch() as switch, Guest(scratch, image.disks, switch=switch) as up:
            up.boot(firmware)
            wait_vdsm(up)
            up.ssh(_QUIET, timeout=600)
            up.snapshot(out / "state")
        shutil.rmtree(scratch)

    return cached(f"up-{image.boot_fs}-{firmware}", inputs, build) / "state"


def wait_vdsm(up: Guest) -> None:
    """Wait until vdsmd serves; fails with its journal."""
    up.ssh(
        f"timeout {_VDSM_DEADLINE_S} sh -c 'until systemctl is-active -q vdsmd; do sleep 1; done'"
        " || { systemctl status --no-pager -l vdsmd; journalctl --no-pager -b -u vdsmd; exit 1; }",
        timeout=_VDSM_DEADLINE_S + 60,
    )
