"""systemd's own word on every unit and drop-in that a plan writes."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Tuple

from ng2coreos.model.plan import Decisions
from ng2coreos.plan.written import text_of

DIRECTORY = "/etc/systemd/system/"
KINDS = (".service", ".timer", ".mount", ".automount", ".socket", ".path", ".target", ".slice")
_OLDEST = 250  # CoreOS's is younger; an older one does not know every key
# Programs and units of the image; and a cron job of nobody's, which is as safe as it was
_LEFT = ("is not executable: ", " not found.", "Special user nobody configured")
_STUB = "[Service]\nType=oneshot\nExecStart=/bin/true\n"


def refused(decisions: Decisions) -> Tuple[str, ...]:
    """What systemd has against the units that are written; nothing where it is too old to ask."""
    return _refused(tuple(sorted(
        (item.path[len(DIRECTORY):], text_of(item)) for item in decisions.items
        if item.path.startswith(DIRECTORY) and item.content and item.kind == "file")))


@cache
def _refused(units: Tuple[Tuple[str, str], ...]) -> Tuple[str, ...]:
    if not units or _version() < _OLDEST:
        return ()
    with tempfile.TemporaryDirectory(prefix="units-") as place:
        names = {name.partition(".d/")[0] for name, _ in units}
        for name, text in units:
            path = Path(place, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        for name in names:
            if name.endswith(".service") and not Path(place, name).exists():
                Path(place, name).write_text(_STUB, "utf-8")
        mine = [os.path.join(place, name) for name in sorted(names)
                if name.endswith(KINDS) and Path(place, name).exists()]
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *mine], text=True,
            check=False, capture_output=True, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{place}:"})
        return tuple(line.replace(place, "") for line in done.stderr.splitlines()
                     if (place in line or any(name in line for name in names))
                     and not any(left in line for left in _LEFT))


@cache
def _version() -> int:
    if not shutil.which("systemd-analyze"):
        return 0
    told = subprocess.run(["systemd-analyze", "--version"], text=True, check=True,
                          capture_output=True).stdout
    return int(told.split()[1])
