"""Probe of the kernel's settings: what is in force, not what some file says."""

from ng2coreos.core.errors import BadInput
from ng2coreos.firstboot.probe import Look, Params, Seen
from ng2coreos.model.sysctl import PROC, below_proc, plain, split


def in_force(look: Look, params: Params) -> Seen:
    """sysctl{settings}: each (path=value, below /proc/sys) is in force where the kernel has it."""
    wanted = params.texts("settings")
    if not wanted or not all(below_proc(split(setting)[0]) for setting in wanted):
        raise ValueError("the check names no settings of the kernel")
    wrong, unknown = [], []
    for path, value in map(split, wanted):
        try:
            now = plain(look.host.read_text(f"{PROC}/{path}"))
        except (BadInput, OSError):
            unknown.append(path)
            continue
        if now != value:
            wrong.append(f"{path} is {now}, was {value} on NG")
    if wrong:
        return Seen(False, "; ".join(wrong))
    return Seen(True, f"this kernel does not have {', '.join(unknown)}" if unknown else "")
