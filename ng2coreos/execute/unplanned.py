"""The way back where a run's plan cannot be read: what is ours is known by its marks.

LVs of ours carry a tag, the menu's block and the directory on /boot a stamp; the state file there
says what NG's own boot entry was.  The journal is not needed either.
"""

import json
import logging
from functools import partial
from pathlib import Path
from typing import Callable, List, Optional, Tuple

from ng2coreos import __version__
from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, Ng2CoreosError, RollbackIncomplete
from ng2coreos.core.host import Host
from ng2coreos.core.reading import PLAN_BYTES, read_regular
from ng2coreos.execute import work
from ng2coreos.execute.rollback import leftovers
from ng2coreos.execute.run import BOOT
from ng2coreos.execute.secrets import forget
from ng2coreos.execute.steps.write_boot import keep_state
from ng2coreos.execute.store import RunDirectory, Store, read_plan, utc_now
from ng2coreos.inventory import devices, grub, lvm_layout
from ng2coreos.model.state import BootState
from ng2coreos.stage import arm, bootdir, volumes
from ng2coreos.stage import state as state_file

_EFI = "/sys/firmware/efi"
_HINT = "Mend the cause, then run `ng2coreos rollback` again."
_LOG = logging.getLogger(__name__)

_Undo = Tuple[str, Callable[[], object]]


def damaged(path: Path) -> bool:
    """Is the plan in `path` of no use, though it was this version that wrote it?

    What another version has written is that one's to undo.
    """
    try:
        read_plan(path)
        return False
    except BadInput:
        pass
    try:
        found = json.loads(read_regular(path, PLAN_BYTES))
    except (OSError, ValueError, RecursionError):
        return True
    writer = found.get("tool_version", __version__) if isinstance(found, dict) else __version__
    return bool(writer == __version__)


def sweep(host: Host, directory: RunDirectory, store: Store) -> None:
    """NG is the next boot, and nothing of ours is left; RollbackIncomplete otherwise.

    The boot entry goes first, then what it names; a step before it that fails ends it.  The plan
    goes with the secrets that may be in it.
    """
    state, partition = _state(host), host.path(BOOT)
    environment, custom_cfg = _grub(host, state)
    boots: List[_Undo] = [
        ("the boot entry", partial(arm.disarm, host.path(environment),
                                   state.saved_entry if state is not None else "")),
        ("the menu", partial(bootdir.remove_menu, host.path(custom_cfg), partition))]
    rest: List[_Undo] = [("how the trials went", partial(keep_state, partition, directory)),
                         ("files on /boot", partial(bootdir.remove_files, partition)),
                         ("what was unpacked", partial(work.clear, host))]
    problems = _tried(boots)
    if not problems:
        try:
            vg = state.vg if state is not None else lvm_layout.read(host, devices.connect(host)).vg
            rest += [(f"LV {vg}/{name}", partial(volumes.remove, host, vg, name))
                     for name in volumes.ours(host, vg)]
            problems = _tried(rest)
            problems += [f"left over: {name}" for name in leftovers(host, vg, custom_cfg)]
        except (Ng2CoreosError, OSError) as error:
            problems.append(f"LVM: {error}")
    if problems:
        raise RollbackIncomplete("Not everything could be undone: " + "; ".join(problems),
                                 hint=_HINT)
    try:
        durable.remove(directory.plan_file)
        forget(directory)
        directory.journal.append({"event": "rolled-back", "at": utc_now()})
    except (Ng2CoreosError, OSError) as error:
        _LOG.warning("not journaled: %s", error)
    store.end()


def _grub(host: Host, state: Optional[BootState]) -> Tuple[str, str]:
    """NG's GRUB environment and custom.cfg, as paths of the host."""
    if state is not None:
        return f"{BOOT}{state.grubenv}", f"{BOOT}{state.custom_cfg}"
    files = grub.read(host, "uefi" if host.exists(_EFI) else "bios")
    return files.env, files.custom_cfg


def _tried(undos: List[_Undo]) -> List[str]:
    """The problems met."""
    problems = []
    for what, undo in undos:
        try:
            undo()
        except Exception as error:  # whatever it is: the others must be undone all the same
            _LOG.debug("undoing %s", what, exc_info=True)
            problems.append(f"{what}: {error}")
    return problems


def _state(host: Host) -> Optional[BootState]:
    try:
        return state_file.read(host.path(BOOT))
    except (BadInput, OSError) as error:
        _LOG.warning("how far the run came cannot be read: %s", error)
        return None
