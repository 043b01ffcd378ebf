"""Finalize: NG's space is given back.  The only thing that ng2coreos does and cannot undo.

Everything is looked at before anything goes.  Then a record of all that will go is made durable,
and from it, in this order: the state says ``finalizing``, which NG reads too and then refuses to
take the new system away, the menus forget NG, its volumes go, its kernels go, the state says
``finalized``.  A run that was killed goes on from the record; each part looks before it acts.
"""

from dataclasses import replace
from typing import Any, Dict, Optional

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, Blocked, NeedsAnswer, VerifyFailed
from ng2coreos.core.journal import Journal
from ng2coreos.firstboot import ng_boot, ng_volumes, verify
from ng2coreos.firstboot.record import PATIENCE_S
from ng2coreos.firstboot.system import VAR, System
from ng2coreos.model.manifest import Manifest
from ng2coreos.model.state import BootState, Phase
from ng2coreos.stage import arm, bootdir

JOURNAL = f"{VAR}/finalize.journal"


def was_begun(system: System, run_id: str) -> bool:
    """Was NG of this run given up, at least in part?"""
    return _intent(_journal(system), run_id) is not None


def finalize(system: System, *, yes: bool) -> bool:
    """Remove NG; False where that was done already.

    Raises NeedsAnswer without `yes` and Blocked or VerifyFailed where it must not be, with nothing
    changed.
    """
    with system.writing(PATIENCE_S):
        state = system.state()
        if state.phase is Phase.FINALIZED:
            return False
        journal = _journal(system)
        intent = _intent(journal, state.run_id)
        if intent is None:
            intent = _prepare(system, state, yes)
            durable.make_directory(journal.path.parent, mode=0o700)
            journal.append(intent)
        elif not yes:
            raise NeedsAnswer("`finalize` was begun and not ended.", hint="Give --yes to end it.")
        _carry_out(system, state, journal, intent)
    return True


def _prepare(system: System, state: BootState, yes: bool) -> Dict[str, Any]:
    """The record of all that will go, if it may go."""
    _allowed(system, state)
    manifest = system.manifest()
    if (manifest.run_id, manifest.vg) != (state.run_id, state.vg):
        raise BadInput("The manifest in /etc/ng2coreos is not of the run in the state file.",
                       hint="Restore /etc/ng2coreos/manifest.json of this host.")
    volumes = ng_volumes.removable(system.host, state.vg, manifest.ng_volumes,
                                   (*manifest.volumes, *state.volumes))
    boot = ng_boot.find(system.partition, manifest.ng_volumes)
    if not yes:
        raise NeedsAnswer(
            f"This removes oVirt Node NG for good: {len(volumes)} volumes "
            f"({', '.join(volumes)}), {len(boot.entries)} boot entries and its kernels.",
            hint="Give --yes if you never want to go back.")
    _require_health(system, manifest)
    return {"event": "begin", "run": state.run_id, "at": system.clock.now(),
            "volumes": list(volumes), "entries": list(boot.entries), "files": list(boot.files),
            "directories": list(boot.directories)}


def _allowed(system: System, state: BootState) -> None:
    if state.phase not in (Phase.CONFIRMED, Phase.FINALIZING):  # the record may have been lost
        raise Blocked(f"The new system is not confirmed (phase {state.phase.value}).",
                      hint="Run `ng2coreos confirm` first; see `ng2coreos status`.")
    if arm.default(system.grubenv(state)) != bootdir.ENTRY:
        raise Blocked("NG's GRUB environment does not boot the new system by default.",
                      hint="Run `ng2coreos confirm` again, or find out who changed saved_entry.")
    if system.trial == 1:
        raise Blocked("This boot came by the first-boot entry, with Ignition.",
                      hint="Reboot once: the permanent path must have been seen to work.")


def _require_health(system: System, manifest: Manifest) -> None:
    # an upgrade since the move is no sickness: it runs another commit than the planned one
    wanted = [c for c in verify.health_checks(manifest) if c.kind != "deployment"]
    proofs = verify.wait_healthy(system, wanted, 0.0)
    failed = [f"{p.title} ({p.detail})" for p in proofs if not p.ok]
    if failed:
        raise VerifyFailed("The new system is not healthy: " + "; ".join(failed) + ".",
                           hint="Mend it, or go back with `ng2coreos rollback` while you can.")


def _carry_out(system: System, state: BootState, journal: Journal, intent: Dict[str, Any]) -> None:
    if state.phase is not Phase.FINALIZING:
        system.save(replace(state, phase=Phase.FINALIZING))
    ng_boot.forget(system.partition, intent["entries"])
    for name in intent["volumes"]:
        if ng_volumes.remove(system.host, state.vg, name):
            journal.append({"event": "removed", "run": state.run_id, "volume": name,
                            "at": system.clock.now()})
    ng_boot.remove(system.partition, intent["files"], intent["directories"])
    system.save(replace(state, phase=Phase.FINALIZED))
    journal.append({"event": "end", "run": state.run_id, "at": system.clock.now()})


def _journal(system: System) -> Journal:
    return Journal(system.host.follow(JOURNAL))


def _intent(journal: Journal, run_id: str) -> Optional[Dict[str, Any]]:
    return next((record for record in journal.records()
                 if record.get("event") == "begin" and record.get("run") == run_id), None)
