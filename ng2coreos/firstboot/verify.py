"""All checks and all carried items, looked at: what a trial asks for and `verify` shows."""

from typing import Optional, Sequence, Tuple

from ng2coreos.core import durable
from ng2coreos.core.host import Host
from ng2coreos.firstboot import checks, items, layers
from ng2coreos.firstboot.probe import LOOK_S, Look
from ng2coreos.firstboot.system import VAR, System
from ng2coreos.model import codec
from ng2coreos.model.item import Check
from ng2coreos.model.manifest import Manifest
from ng2coreos.model.proof import SCHEMA, Proof, Verification

RESULT = f"{VAR}/verify.json"
_POLL_S = 5.0  # between two rounds of health checks: a booting host has better things to do


def verify(system: System) -> Verification:
    """Look at everything once and keep the result in RESULT."""
    manifest = system.manifest()
    return finish(system, manifest, [_look(system, check) for check in health_checks(manifest)])


def health_checks(manifest: Manifest) -> Tuple[Check, ...]:
    """What is waited for: the end of the boot, then the plan's own health checks."""
    own = tuple(check for check in manifest.checks if check.health)
    return own if any(c.kind == "boot-finished" for c in own) else (checks.BOOT_FINISHED, *own)


def wait_healthy(system: System, wanted: Sequence[Check], deadline_s: float) -> Tuple[Proof, ...]:
    """The last look at the health checks: all hold at once, or the deadline has passed.

    A round ends at the first check that does not hold yet; only the last one looks at them all.
    """
    until = system.clock.monotonic() + deadline_s
    while True:
        proofs = []
        for check in wanted:
            proofs.append(_look(system, check))
            if not proofs[-1].ok:
                break
        if proofs == [] or proofs[-1].ok:
            return tuple(proofs)
        if system.clock.monotonic() >= until:
            return tuple(_look(system, check) for check in wanted)
        system.clock.sleep(_POLL_S)


def finish(system: System, manifest: Manifest, health: Sequence[Proof]) -> Verification:
    """`health` and one look at every other check and item; durable in RESULT."""
    others = [_look(system, check) for check in manifest.checks if not check.health]
    result = Verification(
        schema=SCHEMA, run_id=manifest.run_id, commit=manifest.commit, version=manifest.version,
        boot_id=system.boot_id, made=system.clock.now(),
        proofs=(*health, *others, *layers.prove(system, manifest),
                *items.prove_all(system.host, manifest.items)))
    path = system.host.follow(RESULT)
    durable.make_directory(path.parent, mode=0o700)
    durable.write_file(path, codec.dumps(result).encode(), mode=0o600)
    return result


def last(host: Host) -> Optional[Verification]:
    """The result of the last verification on this system."""
    text = host.read_text(RESULT, default="")
    return codec.loads(Verification, text, RESULT) if text else None


def _look(system: System, check: Check) -> Proof:
    clock = system.clock.monotonic
    return checks.prove(check, Look(system.host, clock() + LOOK_S, clock))
