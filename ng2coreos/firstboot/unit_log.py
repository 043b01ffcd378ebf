"""What the journal says last about units: why one is not up is told there and nowhere else.

A trial that failed is gone when NG is back, and its journal with it: the lines go into the record.
"""

from contextlib import suppress
from typing import List, Mapping, Sequence, Tuple

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.redact import redact_text
from ng2coreos.firstboot import units
from ng2coreos.firstboot.probe import Look, Params
from ng2coreos.firstboot.system import System
from ng2coreos.model.item import Check
from ng2coreos.model.proof import Proof
from ng2coreos.model.state import Failure
from ng2coreos.report.table import harmless

# The record must fit on a nearly full /boot, and the host is down while the lines are read
UNITS = 5
LINES = 8
WIDTH = 160
TIME_S = 10.0


def explained(system: System, proofs: Sequence[Proof],
              checks: Mapping[str, Check]) -> List[Failure]:
    """A failure for each proof, with the journal of the units that its check is about.

    A unit is told once.  Never raises: without the journal the failures still say what was wrong.
    """
    look = _brief(system)
    told: List[str] = []
    found = []
    for proof in proofs:
        check = checks.get(proof.id)
        behind = _names(look, check) if check is not None else []
        new = [unit for unit in behind if unit not in told][:UNITS - len(told)]
        told += new
        found.append(Failure(proof.id, proof.title, proof.detail, _lines(look, new)))
    return found


def stuck(system: System) -> Tuple[str, ...]:
    """The journal of the units that a hanging boot waits for or that failed in it; never raises."""
    look = _brief(system)
    try:
        names = [*units.waiting(look), *units.failed(look)]
    except (Ng2CoreosError, OSError):
        return ()
    return _lines(look, names[:UNITS])


def _brief(system: System) -> Look:
    clock = system.clock.monotonic
    return Look(system.host, clock() + TIME_S, clock)


def _names(look: Look, check: Check) -> List[str]:
    try:
        return units.behind(look, check.kind, Params(check.params))
    except (Ng2CoreosError, OSError, ValueError):
        return []


def _lines(look: Look, names: Sequence[str]) -> Tuple[str, ...]:
    found: List[str] = []
    for name in names:
        with suppress(Ng2CoreosError, OSError):
            found += look.run(
                "journalctl", "--boot", "--quiet", "--no-pager", "--no-hostname", "--output=short",
                f"--lines={LINES}", f"--unit={name}").stdout.splitlines()[-LINES:]
    return tuple(harmless(redact_text(line))[:WIDTH] for line in found)
