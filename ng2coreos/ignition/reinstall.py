"""The config that brings the host back on a freshly installed disk.

It is the config of the move without what belongs to NG's disk: volumes, their lines of fstab, the
arguments that lead to them, and the trial.  In exchange it holds what the move takes over with
the volumes, as far as it was collected (execute/reinstall.py).
"""

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import List, Optional, Tuple

from ng2coreos.ignition.build import Content, Password, config_of, is_written, written
from ng2coreos.ignition.document import Document
from ng2coreos.ignition.paths import canonical
from ng2coreos.model.ignition import Release, Spec
from ng2coreos.model.item import Item
from ng2coreos.model.places import LVM_DEVICES
from ng2coreos.model.plan import NG_PVS, ArgAction, Plan

FSTAB = "/etc/fstab"
RULE = "reinstall"  # of the collected items
_CRYPTTAB = "/etc/crypttab"
# Arguments that make the initramfs wait for a device of the old disk
_OF_THE_DISK = ("rd.luks", "rd.md", "rd.dm", "rd.lvm", "root", "resume")
_HEADER = "# Written by ng2coreos: mounts of disks that are not reinstalled.\n"


@dataclass(frozen=True)
class State:
    """What of the volumes was collected: items of our RULE, their contents, what is not in it."""

    items: Tuple[Item, ...]
    content: Content
    notes: Tuple[str, ...] = ()


def build(plan: Plan, content: Content, password: Password, state: State,
          release: Optional[Release] = None, spec: Optional[Spec] = None) -> Document:
    """The config of version `spec`, else of the lowest one that can say most of it.

    Its notes say what of the host is not in it, and what must be there for it.
    """
    notes: List[str] = []
    items: List[Item] = []
    for item in plan.decisions.items:
        if item.path == FSTAB and is_written(item):
            items += _fstab(item, plan, notes)
            continue
        if item.path == LVM_DEVICES and is_written(item):
            items += _devices(item, plan, notes)
            continue
        if item.path == _CRYPTTAB and is_written(item):
            notes.append(f"{_CRYPTTAB} names devices by UUID: take those of the old disk out.")
        items.append(item)
    gone = [item.path for item in items if item.kind == "absent"]
    if gone:
        notes.append(f"Deleted on NG, there again with the image: {', '.join(gone)}.")
    known = {canonical(item.path) for item in items if is_written(item)}
    items += [item for item in state.items if canonical(item.path) not in known]
    config = config_of(plan.decisions, items,
                       lambda item: (state.content if item.rule == RULE else content)(item),
                       password)
    config = replace(config, kernel_arguments=_arguments(plan, notes))
    document = written(config, plan, release, spec)
    return replace(document, notes=(*notes, *state.notes, *document.notes))


def _fstab(item: Item, plan: Plan, notes: List[str]) -> List[Item]:
    """The file with the mounts of other disks alone; none where there are no such mounts."""
    text = base64.b64decode(item.content).decode("utf-8", "surrogateescape")
    lines = [line for line in text.splitlines()
             if line.strip() and not line.startswith("#") and not _is_of_the_disk(line, plan)]
    if not lines:
        return []
    notes.append("fstab mounts other disks, which must still be there: "
                 + ", ".join(" at ".join(line.split()[:2]) for line in lines) + ".")
    return [_with(item, _HEADER + "".join(f"{line}\n" for line in lines))]


def _devices(item: Item, plan: Plan, notes: List[str]) -> List[Item]:
    """LVM's devices file without NG's disks; none, but the image's own, where that are all."""
    gone = {str(uuid).replace("-", "") for check in plan.decisions.checks
            if check.id == NG_PVS for uuid in check.params["uuids"]}
    lines = base64.b64decode(item.content).decode("utf-8").splitlines()
    kept = [line for line in lines if line.partition("PVID=")[2] not in gone]
    named = [line.partition("DEVNAME=")[2].split()[0] for line in kept if "PVID=" in line]
    if not named:
        return []
    notes.append(f"LVM uses other disks, which must still be there: {', '.join(named)}.")
    return [_with(item, "".join(f"{line}\n" for line in kept))]


def _with(item: Item, text: str) -> Item:
    data = text.encode("utf-8", "surrogateescape")
    return replace(item, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
                   content=base64.b64encode(data).decode())


def _is_of_the_disk(line: str, plan: Plan) -> bool:
    device, mount = [*line.split(), ""][:2]
    mine = {f"UUID={volume.fs_uuid}" for volume in plan.decisions.volumes if volume.fs_uuid}
    return (device in mine or device == f"UUID={plan.decisions.boot.boot_uuid}"
            or device.startswith((f"/dev/{plan.source.vg}/", "/sysroot/"))
            or mount in ("/", "/boot") or mount.startswith(("/boot/", "/sysroot")))


def _arguments(plan: Plan, notes: List[str]) -> Tuple[str, ...]:
    """NG's arguments that the plan keeps, without those of its disk and those that it adds."""
    kept = [arg.result for arg in plan.decisions.kernel_args
            if arg.action in (ArgAction.KEEP, ArgAction.TRANSLATE) and arg.result]
    mine = [word for word in kept
            if any(word.partition("=")[0] == key or word.startswith(f"{key}.")
                   for key in _OF_THE_DISK)]
    if mine:
        notes.append(f"Arguments of the old disk are left out: {' '.join(mine)}.")
    return tuple(word for word in kept if word not in mine)
