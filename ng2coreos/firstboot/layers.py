"""Layers: where the packages stand that the plan promised to lay over the image.

What is true is asked of the system: a package that `rpm -q` finds is there, one that a deployment
asks for waits for a reboot.  The record in RECORD says what was tried last and how that ended; it
is replaced whole, so that a cut leaves the one before.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Optional, Sequence, Tuple

from ng2coreos.core import durable
from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.firstboot import rpm_ostree
from ng2coreos.firstboot.system import VAR, System
from ng2coreos.model import codec
from ng2coreos.model.manifest import Manifest
from ng2coreos.model.proof import Proof
from ng2coreos.model.state import Phase

RECORD = f"{VAR}/layers.json"
SETTLED = (Phase.CONFIRMED, Phase.FINALIZING, Phase.FINALIZED)  # the host is the new system's
_KIND = "layers"


class Progress(Enum):
    """How far the layers have come."""

    PENDING = "pending"  # not tried yet, or in vain, and tried again
    STAGED = "staged"  # in a deployment that the host does not run yet
    DONE = "done"
    FAILED = "failed"  # the unit tries no more; `ng2coreos layers` does


@dataclass(frozen=True)
class Record:
    """Content of RECORD."""

    run_id: str
    progress: Progress
    at: str
    boot_id: str
    tries: int
    message: str = ""  # rpm-ostree's own, or why it was not asked
    missing: Tuple[str, ...] = ()  # what no repository has


@dataclass(frozen=True)
class Layers:
    """What `status` and `verify` show."""

    names: Tuple[str, ...]
    progress: Progress
    text: str
    next: str


def read(system: System, run_id: str) -> Optional[Record]:
    """What was tried last in this run; a record that cannot be read is as good as none."""
    try:
        text = system.host.read_text(RECORD, default="")
        found = codec.loads(Record, text, RECORD) if text else None
    except (Ng2CoreosError, OSError):
        return None
    return found if found is not None and found.run_id == run_id else None


def write(system: System, record: Record) -> None:
    """Make `record` durable."""
    path = system.host.follow(RECORD)
    durable.make_directory(path.parent, mode=0o700)
    durable.write_file(path, codec.dumps(record).encode(), mode=0o600)


def absent(system: System, names: Sequence[str]) -> Tuple[str, ...]:
    """Those that the running system lacks."""
    return tuple(name for name in names if not rpm_ostree.provided(system.host, name))


def waiting(found: Sequence[rpm_ostree.Deployment], names: Sequence[str]) -> bool:
    """Does a deployment that does not run ask for all of these?"""
    return bool(names) and any(set(names) <= set(d.requested) for d in found if not d.booted)


def look(system: System, manifest: Manifest) -> Optional[Layers]:
    """Where they stand now; None where the plan promised none.  Changes nothing, never raises."""
    names = manifest.layers
    if not names:
        return None
    record = read(system, manifest.run_id)
    try:
        if system.state().phase not in SETTLED:
            return Layers(names, Progress.PENDING, "They wait for the confirmation.", "")
        lacking = absent(system, names)
        without = "" if lacking else _without(absent(system, manifest.along))
        staged = bool(lacking) and waiting(
            rpm_ostree.deployments(system.host),
            [n for n in lacking if record is None or n not in record.missing])
    except (Ng2CoreosError, OSError) as error:
        return _recorded(names, record, str(error))
    if not lacking:
        return Layers(names, Progress.DONE, "All of them are installed." + without, "")
    if record is not None and record.progress is Progress.DONE:
        return Layers(names, Progress.DONE,
                      f"They were installed; since then gone: {', '.join(lacking)}.", "")
    if staged:
        return Layers(names, Progress.STAGED, "rpm-ostree has a deployment with them."
                      + _lost(record), "systemctl reboot, when it suits")
    return _recorded(names, record, "")


def prove(system: System, manifest: Manifest) -> Tuple[Proof, ...]:
    """The layers as a row in the table of proof: wrong only where nothing more is tried."""
    found = look(system, manifest)
    if found is None:
        return ()
    return (Proof("layers", _KIND, f"Added packages: {', '.join(found.names)}",
                  found.progress is not Progress.FAILED,
                  f"{found.progress.value}: {found.text}"),)


def _recorded(names: Tuple[str, ...], record: Optional[Record], problem: str) -> Layers:
    if record is None:
        return Layers(names, Progress.PENDING, problem or "They have not been tried yet.",
                      "Wait, or do it now: ng2coreos layers")
    if record.progress is Progress.FAILED:
        return Layers(names, Progress.FAILED, record.message + _lost(record),
                      "Mend that, then: ng2coreos layers")
    if record.progress is Progress.PENDING:
        return Layers(names, Progress.PENDING, f"Tried {record.tries} times: {record.message}",
                      "It is tried again; at once by: ng2coreos layers")
    text = problem or f"{record.progress.value} at {record.at}, and gone since."
    return Layers(names, record.progress if problem else Progress.PENDING, text, "")


def _without(gone: Sequence[str]) -> str:
    if not gone:
        return ""
    return (f" On NG they brought {', '.join(gone)} along, and here they do not; if missed: "
            f"rpm-ostree install {' '.join(gone)}.")


def _lost(record: Optional[Record]) -> str:
    if record is None or not record.missing:
        return ""
    return f" No repository has {', '.join(record.missing)}."
