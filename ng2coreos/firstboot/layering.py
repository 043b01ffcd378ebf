"""Layering: the packages that the plan promised are laid over the image, after the confirmation.

Never in a trial, which proves the image as it was signed, and never by a reboot of ours:
``rpm-ostree install`` makes a deployment beside the running one, for the next restart.  From there
on it is like any upgrade: ostree writes its entry, the boot counter guards it, and the deployment
before it, with NG behind that, is what a bad one falls back to.

What was begun is durable before rpm-ostree is asked, and what came of it afterwards; whatever was
cut, the next turn asks the system first.  The unit makes a few turns in a boot, and goes on at the
next one, up to MAX_TRIES in all: nothing here can make a loop.  It ends well whatever happens,
since a repository out of reach is no fault of this boot.
"""

import json
import logging
from dataclasses import replace
from typing import Sequence

from ng2coreos.core import lock
from ng2coreos.core.errors import BadInput, Blocked, CommandFailed, Ng2CoreosError, Unsupported
from ng2coreos.firstboot import checks, layers, rpm_ostree, verify
from ng2coreos.firstboot.layers import Progress, Record
from ng2coreos.firstboot.system import System
from ng2coreos.model.manifest import Manifest

TURNS = 3  # in one boot
PAUSE_S = 600.0  # between them: a line that was down may be up again
MAX_TRIES = 12
POOL_FULL = 85.0  # percent; a thin pool that runs full takes both systems with it
_BOOT_S = 900.0
_LOCK = "/run/ng2coreos/layers.lock"
_FINAL = ("Could not depsolve transaction",)  # the same at every try with the same repositories

_log = logging.getLogger(__name__)


def in_background(system: System) -> None:
    """What the unit does in a boot.  Never raises: it must not be a failed unit of a good boot."""
    try:
        manifest = system.manifest()
        if not manifest.layers or not _settled(system):
            return
        verify.wait_healthy(system, (checks.BOOT_FINISHED,), _BOOT_S)
        for turn in range(TURNS):
            if turn:
                system.clock.sleep(PAUSE_S)
            with lock.exclusive(system.host.path(_LOCK), run_id=manifest.run_id):
                if not _settled(system):  # `rollback` while we waited
                    return
                record = _turn(system, manifest, limited=True)
            if record.progress is not Progress.PENDING:
                return
    except (Ng2CoreosError, OSError) as error:
        _log.error("added packages: %s", error)


def now(system: System) -> Record:
    """One turn at the admin's word, however often it was tried before."""
    manifest = system.manifest()
    if not manifest.layers:
        raise Blocked("The plan of this move lays no package over the image.",
                      hint="`rpm-ostree install` does without ng2coreos.")
    if not _settled(system):
        raise Blocked("The new system is not confirmed.",
                      hint="Run `ng2coreos confirm` first; see `ng2coreos status`.")
    with lock.exclusive(system.host.path(_LOCK), run_id=manifest.run_id):
        return _turn(system, manifest, limited=False)


def _settled(system: System) -> bool:
    return system.state().phase in layers.SETTLED


def _turn(system: System, manifest: Manifest, *, limited: bool) -> Record:
    """Look, and act if something is left to do."""
    before = layers.read(system, manifest.run_id)
    record = before or Record(manifest.run_id, Progress.PENDING, "", "", 0)
    if not limited:
        record = replace(record, progress=Progress.PENDING, missing=())
    try:
        lacking = layers.absent(system, manifest.layers)
        if not lacking:
            return _end(system, record, Progress.DONE, "")
        if record.progress in (Progress.DONE, Progress.FAILED):
            return record  # gone again by the admin's hand, or given up
        wanted = [name for name in lacking if name not in record.missing]
        if not wanted:
            return _end(system, record, Progress.FAILED, "The others are installed.")
        if layers.waiting(rpm_ostree.deployments(system.host), wanted):
            return _end(system, record, Progress.STAGED, "")
        if limited and record.tries >= MAX_TRIES:
            return _end(system, record, Progress.FAILED,
                        f"Given up after {record.tries} tries: {record.message}")
        _room(system, manifest)
    except Unsupported as error:
        return _end(system, record, Progress.FAILED, error.message)
    except Ng2CoreosError as error:
        return _end(system, replace(record, tries=record.tries + 1), Progress.PENDING,
                    error.message)
    return _install(system, record, wanted)


def _install(system: System, record: Record, wanted: Sequence[str]) -> Record:
    record = _end(system, replace(record, tries=record.tries + 1), Progress.PENDING,
                  "rpm-ostree was asked, and the answer was not waited for.")
    while wanted:
        try:
            rpm_ostree.install(system.host, wanted)
            if layers.waiting(rpm_ostree.deployments(system.host), wanted):
                return _end(system, record, Progress.STAGED, "")
            return _end(system, record, Progress.PENDING,
                        "rpm-ostree reported success and has no deployment with them.")
        except CommandFailed as error:
            lost = set(rpm_ostree.not_found(error.message)) & set(wanted)
            if not lost:
                final = any(words in error.message for words in _FINAL)
                return _end(system, record, Progress.FAILED if final else Progress.PENDING,
                            error.message)
            record = replace(record, missing=tuple(sorted({*record.missing, *lost})))
            wanted = [name for name in wanted if name not in lost]
        except Ng2CoreosError as error:
            return _end(system, record, Progress.PENDING, error.message)
    return _end(system, record, Progress.FAILED, "Nothing is left that could be installed.")


def _end(system: System, record: Record, progress: Progress, message: str) -> Record:
    ended = replace(record, progress=progress, at=system.clock.now(), boot_id=system.boot_id,
                    message=message)
    if replace(ended, at=record.at, boot_id=record.boot_id) != record or not record.at:
        layers.write(system, ended)
        _log.info("added packages: %s %s", progress.value, message)
    return ended


def _room(system: System, manifest: Manifest) -> None:
    """Blocked where the thin pool that NG lies in too has no room to be used for this."""
    if not manifest.pool:
        return
    text = system.host.run(["lvs", "--reportformat", "json", "--options",
                            "data_percent,metadata_percent",
                            f"{manifest.vg}/{manifest.pool}"]).stdout
    try:
        row = json.loads(text)["report"][0]["lv"][0]
        used = max(float(row["data_percent"]), float(row["metadata_percent"]))
    except (ValueError, LookupError, TypeError):
        raise BadInput("How full the thin pool is cannot be told.",
                       hint="See `lvs`.") from None
    if used > POOL_FULL:
        raise Blocked(f"The thin pool {manifest.vg}/{manifest.pool} is {used:.0f} % full.",
                      hint="`ng2coreos finalize` gives NG's space back.")
