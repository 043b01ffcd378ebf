"""A host whose LVM, file systems and mounts are simulated: the real steps run on it, unprivileged
data only.  A volume is a directory; mounting it is a bind mount, so call all of it in a mount
namespace of its own (tests/stage/namespace.py).
"""

import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest

from ng2coreos import inventory
from ng2coreos import target as targets
from ng2coreos.core.command import Completed, Input
from ng2coreos.core.errors import Unsupported
from ng2coreos.core.host import Host
from ng2coreos.execute import planning, runner
from ng2coreos.inventory import lvm_layout
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.plan import Plan, Policy
from ng2coreos.stage import arm, bls, grubenv, sysroot
from ng2coreos.stage.bls import Deployed
from tests.execute.world import BOOT_ID, CLOCK, GRUBENV
from tests.fakes import FakeHost
from tests.ignition import plans
from tests.plan import build

KEPT = ("/var", "/home")  # NIST volumes of this host
SECRET = b"canary\n"


@dataclass
class Lv:
    """A simulated volume; its content is a directory."""

    name: str
    pool: str
    origin: str = ""
    tags: Tuple[str, ...] = ()
    size: str = "0"
    fstype: str = ""
    uuid: str = ""


class Simulated(Host):
    """Runs the few programs that the steps use; `fail` decides which call goes wrong, and how."""

    def __init__(self, top: Path) -> None:
        super().__init__(str(top / "root"), self._run)
        self.disks = top / "disks"
        self.lvs: Dict[str, Lv] = {}
        self.calls: List[Tuple[str, ...]] = []
        self.filled = ("10.00", "10.00")  # data and metadata of the pool, in percent
        self.fail: Callable[[int, Tuple[str, ...]], Optional[Completed]] = lambda n, argv: None

    def disk(self, name: str) -> Path:
        """Where the content of a volume is."""
        return self.disks / name

    def add(self, lv: Lv) -> Path:
        """A volume of NG's."""
        self.lvs[lv.name] = lv
        self.disk(lv.name).mkdir(parents=True)
        return self.disk(lv.name)

    def _run(self, argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        words = tuple(argv)
        self.calls.append(words)
        wrong = self.fail(len(self.calls) - 1, words)
        if wrong is not None:
            return wrong
        name = "program_" + words[0].replace("-", "_").replace(".", "_")
        if not hasattr(self, name):
            raise Unsupported(f"The program {words[0]} is missing.", hint="Install it.")
        status, text = getattr(self, name)(list(words[1:]))
        return Completed(words, status, text, "", 0.0)

    def program_lvs(self, words: List[str]) -> Tuple[int, str]:
        rows = [{"lv_name": v.name, "lv_tags": ",".join(v.tags), "lv_size": v.size,
                 "pool_lv": v.pool, "origin": v.origin, "lv_active": "active",
                 "data_percent": "0.00", "metadata_percent": ""} for v in self.lvs.values()]
        rows.append({"lv_name": build.POOL, "lv_tags": "", "pool_lv": "", "origin": "",
                     "lv_size": str(build.layout().pool.size_bytes), "lv_active": "active",
                     "data_percent": self.filled[0], "metadata_percent": self.filled[1]})
        return 0, json.dumps({"report": [{"lv": rows}]})

    def program_lvcreate(self, words: List[str]) -> Tuple[int, str]:
        name = words[words.index("-n") + 1]
        tags = tuple(words[n + 1] for n, word in enumerate(words) if word == "--addtag")
        assert name not in self.lvs
        if "-s" in words:
            origin = self.lvs[words[-1].partition("/")[2]]
            self.lvs[name] = replace(origin, name=name, origin=origin.name, tags=tags)
            shutil.copytree(str(self.disk(origin.name)), str(self.disk(name)), symlinks=True)
        else:
            size = words[words.index("-V") + 1].rstrip("B")
            self.add(Lv(name, build.POOL, "", tags, size))
        return 0, ""

    def program_lvremove(self, words: List[str]) -> Tuple[int, str]:
        name = words[-1].partition("/")[2]
        assert "ng2coreos" in self.lvs.pop(name).tags, "only what is ours may be removed"
        shutil.rmtree(str(self.disk(name)))
        return 0, ""

    def program_lvchange(self, words: List[str]) -> Tuple[int, str]:
        return (0, "") if words[-1].partition("/")[2] in self.lvs else (5, "")

    def program_blkid(self, words: List[str]) -> Tuple[int, str]:
        lv = self._device(words[-1])
        return (0, f"TYPE={lv.fstype}\nUUID={lv.uuid}\n") if lv.fstype else (2, "")

    def program_mkfs_xfs(self, words: List[str]) -> Tuple[int, str]:
        lv = self._device(words[-1])
        assert "ng2coreos" in lv.tags
        lv.fstype = "xfs"
        lv.uuid = next(w for w in words if "uuid=" in w).rpartition("uuid=")[2]
        return 0, ""

    def program_xfs_admin(self, words: List[str]) -> Tuple[int, str]:
        lv = self._device(words[-1])
        assert "ng2coreos" in lv.tags
        lv.uuid = words[words.index("-U") + 1]
        return 0, ""

    def program_mount(self, words: List[str]) -> Tuple[int, str]:
        source, target = words[-2:]
        real = str(self.disk(self._device(source).name)) if source.startswith("/dev/") else source
        subprocess.run(["mount", "--bind", "--", real, target], check=True, timeout=60)
        return 0, ""

    def program_umount(self, words: List[str]) -> Tuple[int, str]:
        done = subprocess.run(["umount", "--", words[-1]], timeout=60, check=False,
                              capture_output=True)
        return done.returncode, ""

    def program_sync(self, words: List[str]) -> Tuple[int, str]:
        return 0, ""

    program_udevadm = program_grub2_script_check = program_sync

    def _device(self, path: str) -> Lv:
        return self.lvs[path.rpartition("/")[2]]


class Scene:
    """An NG host with /var and /home, a plan for it, and the real steps."""

    def __init__(self, top: Path) -> None:
        self.host = Simulated(top)
        self._tree()
        self.facts = facts()
        self.plan = planned(self.facts)

    def install(self, patch: pytest.MonkeyPatch) -> "Scene":
        """ostree and the image are stand-ins; everything else is the real thing."""
        patch.setattr(runner, "private_namespace", lambda: None)
        patch.setattr(inventory, "read", lambda host, plugins: self.facts)
        patch.setattr(lvm_layout, "read", lambda host, devices: self.facts.layout)
        patch.setattr(targets, "opened", _Opened)
        patch.setattr(sysroot, "init", _init)
        patch.setattr(sysroot, "pull", lambda host, root, repo, target, advance: advance(1))
        patch.setattr(sysroot, "deploy", _deploy)
        patch.setattr(sysroot, "read_deployed", _read_deployed)
        return self

    def ng(self) -> Tuple[Any, ...]:
        """All of NG's that the run must not change, and all of ours that a rollback must remove."""
        host = self.host
        return (sorted(host.lvs), grubenv.read(host.path(GRUBENV)), _files(host.path("/boot")),
                _files(host.disk("var")), _files(host.disk("home")),
                _files(host.path("/root")), [repr(v) for v in host.lvs.values() if not v.tags])

    def _tree(self) -> None:
        host = self.host
        write(host, BOOT_ID, b"boot-1\n")
        write(host, "/etc/shadow", b"root:$6$salt$canaryhash:1::::::\n")
        write(host, "/etc/secret.key", SECRET)
        write(host, "/root/.bashrc", b"alias\n")
        write(host, "/boot/grub2/custom.cfg", b"# the admin's own\n")
        for name in ("vmlinuz-5.14.0", "initramfs-5.14.0.img"):
            write(host, f"/boot/{build.LAYER}/{name}", name.encode())
        for place in ("/run", "/var/tmp", "/var/lib"):
            host.path(place).mkdir(parents=True, exist_ok=True)
        grubenv.create(host.path(GRUBENV))
        arm.set_default(host.path(GRUBENV), build.ENTRY)
        for name in ("var", "home"):
            disk = host.add(Lv(name, build.POOL, fstype="xfs", uuid=f"fs-{name}"))
            (disk / "kept").write_text(name)


def facts() -> HostFacts:
    """The host of tests/plan/build.py with two volumes only."""
    layout = build.layout()
    mounts = tuple(m for m in layout.mounts if m.target in ("/", "/boot", "swap", *KEPT))
    return build.host(layout=replace(layout, mounts=mounts))


def planned(known: HostFacts) -> Plan:
    """A real plan whose items are few and whose UUIDs differ."""
    numbers = iter(range(1, 1000))
    clock = replace(CLOCK, uuid=lambda: f"uuid-{next(numbers)}")
    made = planning.make_plan(FakeHost(), known, build.target(), Policy(), clock)
    items = (plans.file("/etc/secret.key", SECRET, mode=0o600, secret=True),
             plans.converted("/etc/fstab", b"/dev/onn/ng2coreos_var /var xfs defaults 0 0\n"))
    return replace(made, decisions=replace(made.decisions, items=items))


def write(host: Host, path: str, data: bytes) -> None:
    """A file of the host's tree."""
    real = host.path(path)
    real.parent.mkdir(parents=True, exist_ok=True)
    real.write_bytes(data)


class _Opened:
    def __init__(self, host: Host, source: Any, work: Path) -> None:
        self.repo_path = work

    def __enter__(self) -> "_Opened":
        return self

    def __exit__(self, *_: Any) -> None:
        pass


def _init(host: Host, root: Path, stateroot: str) -> None:
    (root / "boot").mkdir(exist_ok=True)
    (root / "ostree").mkdir(exist_ok=True)


def _deploy(host: Host, root: Path, stateroot: str, target: Any, arguments: Sequence[str],
            private: Path) -> Deployed:
    files = private / "ostree" / f"{stateroot}-csum"
    files.mkdir(parents=True, exist_ok=True)
    entries = private / "loader.1/entries"
    entries.mkdir(parents=True, exist_ok=True)
    for name in ("vmlinuz", "initramfs.img"):
        (files / name).write_text(name)
    shown = f"/ostree/{stateroot}-csum"
    (entries / "ostree-1.conf").write_text(
        f"title x\nlinux {shown}/vmlinuz\ninitrd {shown}/initramfs.img\n"
        f"options {' '.join(arguments)} ostree=/ostree/boot.1/{stateroot}/csum/0\n")
    if not (private / "loader").is_symlink():
        (private / "loader").symlink_to("loader.1")
    return _read_deployed(root, stateroot, private, target.commit)


def _read_deployed(root: Path, stateroot: str, private: Path, commit: str) -> Deployed:
    name = bls.only_entry(private)
    return Deployed(commit, f"ostree/deploy/{stateroot}/deploy/{commit}.0", name, "csum",
                    bls.read(private, name))


def _files(top: Path) -> Dict[str, Tuple[int, str]]:
    found = {}
    for path in sorted(top.rglob("*")):
        if path == top / "grub2/grubenv":
            continue  # compared by its variables
        text = str(path.readlink()) if path.is_symlink() else (
            path.read_bytes().hex() if path.is_file() else "directory")
        found[str(path.relative_to(top))] = (path.lstat().st_mode, text)
    return found


