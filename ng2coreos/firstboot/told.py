"""The report of a command on the new system, in the shape of every other report of the tool."""

import os
import sys
from contextlib import suppress
from typing import Optional

from ng2coreos.core.errors import Exit, Ng2CoreosError
from ng2coreos.firstboot.system import System
from ng2coreos.model.proof import Verification
from ng2coreos.model.state import Phase
from ng2coreos.report import document
from ng2coreos.report.downtime import downtime

# what the phase says of the host, told on the new system
_HOST_STATES = {Phase.CONFIRMED: "migrated", Phase.FINALIZING: "migrated",
                Phase.FINALIZED: "migrated", Phase.ROLLED_BACK: "rolled-back",
                Phase.FAILED: "rolled-back"}


def report(system: System, command: str, code: Exit = Exit.OK, *, text: str, todo: str = "",
           phase: str = "", proof: Optional[Verification] = None) -> str:
    """The report as JSON text."""
    state = system.state()
    now = system.clock.now()
    made = document.document(document.Occasion(
        command=command, exit_code=int(code), text=text, next=todo,
        host_state=_HOST_STATES.get(state.phase, "switched"), phase=phase or state.phase.value,
        argv=("ng2coreos", *sys.argv[1:]), started=now, finished=now, boot_id=system.boot_id,
        fqdn=os.uname().nodename, run_id=state.run_id, attempts=state.attempts, proof=proof,
        reboot_required=state.phase is Phase.ROLLED_BACK))
    made["target"] = {"commit": state.commit}
    with suppress(Ng2CoreosError, OSError):
        manifest = system.manifest()
        made["target"]["version"] = manifest.version
        made["downtime"] = downtime(manifest.restart, state.trial_boots, state.attempts)
    return document.dumps(made)
