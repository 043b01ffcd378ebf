"""The programs that a run starts, as models: LVM, file systems, mounts, GRUB's checker, ostree.

A program is a generator: at each ``yield`` it may be killed, and what it has done by then stays.
LVM commits its metadata at once; a file system that is being made is none; a volume's UUID is old
or new.  What a program writes is flushed only where the real one flushes.  A mount is a move of the
volume's directory to the mount point, a bind mount a symlink: no privileges, and much faster.
"""

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ng2coreos.core.command import Completed, Input
from ng2coreos.core.errors import Unsupported
from ng2coreos.core.host import Host
from ng2coreos.stage.mounts import MountPoint
from tests.faults.media import Media, Node, Tree
from tests.plan import build

Words = List[str]
Program = Iterator[None]
OURS = "ng2coreos"
BAD = 5  # the status of an lvm command that failed


@dataclass(frozen=True)
class Lv:
    """What LVM's metadata say of a volume, and blkid of what is on it."""

    name: str
    size: str
    origin: str = ""
    tags: Tuple[str, ...] = ()
    fstype: str = ""
    uuid: str = ""
    active: bool = True
    skipped: bool = False  # no boot activates it


class Failed(Exception):
    """A program ends with a status and words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Programs(Host):
    """A host below `top` whose programs act on files and on a table of volumes."""

    def __init__(self, top: Path) -> None:
        super().__init__(str(top / "root"), self._run)
        self.disks = top / "disks"
        for place in (self.root / "boot", self.root / "run", self.disks):
            place.mkdir(parents=True)
        self.lvs: Dict[str, Lv] = {}
        self.media = Media({"/": self.root, "/boot": self.root / "boot", "/run": self.root / "run"},
                           volatile=("/run",))
        self.calls: List[Tuple[str, ...]] = []
        self._mounted: List[Tuple[str, str]] = []  # real mount point and volume; none for a bind
        self._said = ""

    # What a recorder replaces: told before, between and after the parts of each program.
    def reached(self, when: str, words: Sequence[str]) -> None:
        """A program is about to start (``before``), in the middle, or over (``after``)."""

    def ended(self) -> None:
        """A program has ended, well or not."""

    def add(self, lv: Lv, content: Optional[Tree] = None) -> None:
        """A volume with this content."""
        place = self.disks / lv.name
        place.mkdir()
        self.lvs[lv.name] = lv
        self.media.places[lv.name] = str(place)
        if content is not None:
            self.media.put(lv.name, content)

    def restore(self, lvs: Sequence[Lv], image: Dict[str, Tree]) -> None:
        """As after a restart: these volumes and this content, nothing mounted."""
        self._mounted.clear()
        self.media.close()
        for name in [n for n in self.media.places if n in self.lvs]:
            del self.media.places[name]
        shutil.rmtree(str(self.disks))
        self.disks.mkdir()
        self.lvs = {lv.name: lv for lv in lvs}
        for name in self.lvs:
            self.media.places[name] = str(self.disks / name)
        self.media.restore(image)

    def mount_table(self) -> List[MountPoint]:
        """As the kernel would say it; a symlink stands for a bind mount."""
        return [MountPoint("", "", os.path.realpath(target), "rw", "xfs", "")
                for target, _ in self._mounted]

    def _run(self, argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        words = tuple(argv)
        name = "program_" + words[0].replace("-", "_").replace(".", "_")
        if not hasattr(self, name):
            raise Unsupported(f"The program {words[0]} is missing.", hint="Install it.")
        self.calls.append(words)
        self._said = ""
        try:
            self.reached("before", words)
            for _ in getattr(self, name)(list(words[1:])):
                self.reached("middle", words)
            self.reached("after", words)
        except Failed as failed:
            return Completed(words, failed.status, "", str(failed), 0.0)
        finally:
            self.ended()
        return Completed(words, 0, self._said, "", 0.0)

    def program_lvs(self, words: Words) -> Program:
        """Reports, of the pool too."""
        rows = [{"lv_name": v.name, "lv_tags": ",".join(v.tags), "lv_size": v.size,
                 "pool_lv": build.POOL, "origin": v.origin, "data_percent": "0.00",
                 "lv_active": "active" if v.active else "", "metadata_percent": ""}
                for v in self.lvs.values()]
        rows.append({"lv_name": build.POOL, "lv_tags": "", "pool_lv": "", "origin": "",
                     "lv_size": str(build.layout().pool.size_bytes), "lv_active": "active",
                     "data_percent": "10.00", "metadata_percent": "10.00"})
        self._said = json.dumps({"report": [{"lv": rows}]})
        yield from ()

    def program_lvcreate(self, words: Words) -> Program:
        """The metadata with the tags first, then the device."""
        name = words[words.index("-n") + 1]
        tags = tuple(words[n + 1] for n, word in enumerate(words) if word == "--addtag")
        if name in self.lvs:
            raise Failed(BAD, f'Logical Volume "{name}" already exists in volume group "onn".')
        if "-s" in words:
            origin = self.lvs[words[-1].partition("/")[2]]
            content = self._content(origin.name)
            self.add(replace(origin, name=name, origin=origin.name, tags=tags, active=False,
                             skipped="-ky" in words), content)
            yield
            return
        self.add(Lv(name, words[words.index("-V") + 1].rstrip("B"), tags=tags, active=False))
        self.media.sync_all(name)
        yield
        self._change(name, active=True)

    def program_lvremove(self, words: Words) -> Program:
        """The device goes before the metadata."""
        name = self._lv(words[-1]).name
        assert OURS in self.lvs[name].tags, "only what is ours may be removed"
        if any(volume == name for _, volume in self._mounted):
            raise Failed(BAD, f"Logical volume onn/{name} contains a filesystem in use.")
        self._change(name, active=False)
        yield
        del self.lvs[name]
        shutil.rmtree(self.media.places.pop(name))

    def program_lvchange(self, words: Words) -> Program:
        """-ay, with -K also what is skipped; -k."""
        lv = self._lv(words[-1])
        if "-ay" in words:
            self._change(lv.name, active=lv.active or not lv.skipped or "-K" in words)
        for flag, skipped in (("-kn", False), ("-ky", True)):
            if flag in words:
                self._change(lv.name, skipped=skipped)
        yield from ()

    def program_blkid(self, words: Words) -> Program:
        """TYPE and UUID of an active volume."""
        lv = self._lv(words[-1])
        if not lv.active or not lv.fstype:
            raise Failed(2, "")
        self._said = f"TYPE={lv.fstype}\nUUID={lv.uuid}\n"
        yield from ()

    def program_mkfs_xfs(self, words: Words) -> Program:
        """Nothing is found while it is made; flushed at its end."""
        lv = self._device(words[-1])
        assert OURS in lv.tags
        self._change(lv.name, fstype="", uuid="")
        self.media.put(lv.name, {"": Node("d", 0o755, (0, 0))})
        yield
        uuid = next(word for word in words if "uuid=" in word).rpartition("uuid=")[2]
        self._change(lv.name, fstype="xfs", uuid=uuid)

    def program_xfs_admin(self, words: Words) -> Program:
        """The UUID, at once."""
        lv = self._device(words[-1])
        assert OURS in lv.tags
        yield
        self._change(lv.name, uuid=words[words.index("-U") + 1])

    def program_mount(self, words: Words) -> Program:
        """A volume moves to its mount point; a bind mount becomes a symlink."""
        source, target = words[-2:]
        if source.startswith(f"/dev/{build.VG}/"):
            lv = self._device(source)
            if any(volume == lv.name for _, volume in self._mounted):
                raise Failed(32, f"{source} is already mounted.")
            os.rmdir(target)
            os.rename(self.media.places[lv.name], target)
            self.media.places[lv.name] = target
            self._mounted.append((target, lv.name))
        else:
            self.media.hidden[target] = Node("d", 0o755, (0, 0))
            os.rmdir(target)
            os.symlink(source, target)
            self._mounted.append((target, ""))
        yield from ()

    def program_umount(self, words: Words) -> Program:
        """Everything is flushed, then it goes."""
        target = words[-1]
        found = [entry for entry in self._mounted if entry[0] == target]
        if not found:
            raise Failed(32, f"umount: {target}: not mounted.")
        if any(other.startswith(target + "/") for other, _ in self._mounted):
            raise Failed(32, f"umount: {target}: target is busy.")
        volume = found[-1][1]
        self._mounted.remove(found[-1])
        if volume:
            self.media.sync_all(volume)
            place = str(self.disks / volume)
            os.rename(target, place)
            self.media.places[volume] = place
        else:
            os.unlink(target)
            del self.media.hidden[target]
        os.mkdir(target)
        yield from ()

    def program_sync(self, words: Words) -> Program:
        """-f PATH: the whole file system."""
        yield
        real = os.path.realpath(words[-1])
        name = self.media.of(real) if real.startswith(str(self.root)) else ""
        if name:
            self.media.sync_all(name)

    def program_udevadm(self, words: Words) -> Program:
        """Nothing."""
        yield from ()

    program_grub2_script_check = program_udevadm

    def _content(self, name: str) -> Tree:
        return self.media.image("killed")[name]  # device-mapper freezes an origin's file system

    def _lv(self, path: str) -> Lv:
        name = path.rpartition("/")[2]
        if name not in self.lvs:
            raise Failed(BAD, f'Failed to find logical volume "{path}".')
        return self.lvs[name]

    def _device(self, path: str) -> Lv:
        lv = self._lv(path)
        if not lv.active:
            raise Failed(1, f"{path}: No such file or directory")
        return lv

    def _change(self, name: str, **fields: Any) -> None:
        self.lvs[name] = replace(self.lvs[name], **fields)
