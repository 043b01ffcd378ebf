"""What must hold of a host's disks at any moment: NG is untouched, and what GRUB boots is whole."""

from typing import Dict, List, Set

from ng2coreos.core.errors import BadInput
from ng2coreos.model import codec
from ng2coreos.model.state import BootState, Phase
from ng2coreos.stage import bls, bootdir, cpio, grubenv, menu
from ng2coreos.stage import state as state_file
from tests.execute.world import GRUBENV
from tests.faults.media import Tree
from tests.faults.ostree import INITRAMFS, KERNEL
from tests.faults.scene import Scene
from tests.plan import build

LOOKED_INTO = ("grub2/custom.cfg", "grub2/grubenv")
OURS_ON_BOOT = ("coreos", "ostree", "boot")
OURS_ON_ROOT = ("var/lib/ng2coreos", "var/tmp/ng2coreos-", "proc")
NG_KERNEL = f"{build.LAYER}/vmlinuz-5.14.0"


def problems(scene: Scene) -> List[str]:
    """Everything that is wrong with the disks as they are now."""
    return [*_ngs_files(scene), *_volumes(scene), *_menu(scene), *_next_boot(scene)]


def _ngs_files(scene: Scene) -> List[str]:
    now, before = scene.host.media.image("killed"), scene.before
    told = [f"NG's volume {name} has changed" for name in ("var", "home")
            if now[name] != before[name]]
    for name, hidden in (("/", OURS_ON_ROOT), ("/boot", OURS_ON_BOOT)):
        told += [f"NG's {name}:{path} has changed" for path, node in before[name].items()
                 if not path.startswith(hidden) and path not in LOOKED_INTO
                 and now[name].get(path) != node]
        told += [f"{name}:{path} is new" for path in now[name]
                 if path not in before[name] and not path.startswith(hidden)
                 and not path.endswith(".ng2coreos-new")]
    return told


def _volumes(scene: Scene) -> List[str]:
    """Two file systems with one UUID, both activated at boot: NG could mount the wrong one."""
    seen: Dict[str, Set[str]] = {}
    for lv in scene.host.lvs.values():
        if lv.uuid and not lv.skipped:
            seen.setdefault(lv.uuid, set()).add(lv.name)
    told = [f"{sorted(names)} have the UUID {uuid}" for uuid, names in seen.items()
            if len(names) > 1]
    return told + [f"{lv.name} is ours and has no tag" for lv in scene.host.lvs.values()
                   if lv.name.startswith("ng2coreos") and "ng2coreos" not in lv.tags]


def _menu(scene: Scene) -> List[str]:
    """GRUB reads custom.cfg at every boot: what is in it must be whole and must be there."""
    boot = scene.host.path("/boot")
    custom = boot / "grub2/custom.cfg"
    try:
        text = custom.read_text()
        block = menu.block_of(text)
        rest = menu.without_block(text)
    except (BadInput, OSError) as error:
        return [f"custom.cfg: {error}"]
    told = [] if rest == "# the admin's own\n" else [f"the admin's lines are {rest!r}"]
    if not block:
        return told
    plan = scene.plan.decisions.boot
    private = boot / "coreos/grub2"
    for name, wanted in bootdir._private_texts(plan).items():
        if not (private / name).is_file() or (private / name).read_text() != wanted:
            told.append(f"the menu names {name}, which is not whole")
    return told


def _next_boot(scene: Scene) -> List[str]:
    try:
        found = grubenv.read(scene.host.path(GRUBENV))
    except BadInput as error:
        return [f"grubenv: {error}"]
    told = [] if found.get("saved_entry") == build.ENTRY else ["NG is not the default"]
    once = found.get("next_entry", "")
    if not once:
        return told
    if once != bootdir.FIRST_BOOT_ENTRY:
        return [*told, f"the next boot is {once}"]
    return told + _trial(scene)


def _trial(scene: Scene) -> List[str]:
    """The armed entry: kernel, initramfs, overlay and root are whole, and the state explains it."""
    host, plan = scene.host, scene.plan
    boot = host.path("/boot")
    told = []
    try:
        bootdir.verify(host, boot, plan.decisions.boot)
        entry = bls.read(boot / "coreos", bls.only_entry(boot / "coreos"))
        wanted = {entry.linux: KERNEL, entry.initrds[0]: INITRAMFS}
        told += [f"{path} is not whole" for path, data in wanted.items()
                 if (boot / path.lstrip("/")).read_bytes() != data]
    except (BadInput, OSError) as error:
        return [f"armed, but {error}"]
    archive = (boot / "coreos" / bootdir.OVERLAY).read_bytes()
    if cpio.IGNITION_CONFIG.encode() not in archive or not archive.rstrip(b"\0").endswith(
            b"TRAILER!!!"):
        told.append("the overlay is not whole")
    state = state_file.read(boot)
    if state is None or state.phase is not Phase.ARMED:
        told.append(f"armed, but the state is {state and state.phase}")
    for volume in plan.decisions.volumes:
        lv = host.lvs.get(volume.name)
        if lv is None or (lv.fstype, lv.uuid) != (volume.fstype, volume.fs_uuid) or lv.skipped:
            told.append(f"armed, but {volume.name} is {lv}")
    return told + _content(host.media.image("killed"))


def _content(image: Dict[str, Tree]) -> List[str]:
    root, var = image.get("ng2coreos_root", {}), image.get("ng2coreos_var", {})
    kernels = [n.data for p, n in root.items() if p.endswith("modules/6.12/vmlinuz")]
    told = [] if kernels == [KERNEL] else ["the deployment is not whole"]
    if var.get("kept") is None or var["kept"].data != b"var" or "roothome/.bashrc" not in var:
        told.append("the data volume is not whole")
    return told


def state_of(scene: Scene) -> BootState:
    """The state file, which must be there."""
    found = state_file.read(scene.host.path("/boot"))
    assert found is not None
    return codec.load(BootState, codec.dump(found))
