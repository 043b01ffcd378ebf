"""Steps, the runner that journals them, resume, rollback and what the commands do on NG."""

from ng2coreos.core.errors import Unsupported


def only_on_new_system(command: str) -> Unsupported:
    """The error for a command that makes sense only on the new system."""
    return Unsupported(f"`{command}` runs on the new system; this is oVirt Node NG.",
                       hint="`ng2coreos status` tells how far the move has come.")
