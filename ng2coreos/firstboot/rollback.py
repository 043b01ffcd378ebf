"""Back to NG, from the new system: NG is what the next reset boots, and the state says so.

NG's volumes, files and menu entries are all there until `finalize`, so this is one write to NG's
GRUB environment and one to the state file, in this order: after a cut between them NG boots all
the same.  On NG, `ng2coreos rollback` then removes what is ours.
"""

from dataclasses import replace

from ng2coreos.core.errors import Interrupted, Unsupported
from ng2coreos.firstboot import finalize
from ng2coreos.firstboot.record import PATIENCE_S
from ng2coreos.firstboot.system import System
from ng2coreos.model.state import BootState, Phase
from ng2coreos.stage import arm, bootdir


def rollback(system: System) -> bool:
    """Make NG the next boot and the default; False where that was so already."""
    with system.writing(PATIENCE_S):
        state = system.state()
        _allowed(system, state)
        environment = system.grubenv(state)
        if (state.phase is Phase.ROLLED_BACK and not arm.armed(environment)
                and arm.default(environment) != bootdir.ENTRY):
            return False
        arm.disarm(environment, state.saved_entry)
        system.save(replace(state, phase=Phase.ROLLED_BACK))
    return True


def _allowed(system: System, state: BootState) -> None:
    if state.phase is Phase.FINALIZED:
        raise Unsupported("The move was finalized: NG's volumes are gone.",
                          hint="Reinstall the host if you need oVirt Node NG on it.")
    if state.phase is Phase.FINALIZING or finalize.was_begun(system, state.run_id):
        raise Interrupted("`ng2coreos finalize` was begun: parts of NG are gone already.",
                          hint="Run `ng2coreos finalize --yes` again to end it.")
