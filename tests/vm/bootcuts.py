"""Every state that a power cut can leave the boot partition in, and what must hold in each.

GRUB does not replay a log, so each state is judged twice: as it is, by GRUB's own code, and after
the recovery that the next mount of /boot does.
"""

import random
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.stage.grubenv import Block
from ng2coreos.stage.menu import ENTRY
from tests.rig import grubscript
from tests.rig.bootimage import BootImage, Unreadable
from tests.rig.grubparse import GrubError
from tests.rig.grubscript import Loaded
from tests.rig.ng.disk import BOOT
from tests.rig.replay import Range, Replay
from tests.rig.writelog import Entry, data

PARTITION = Range(*BOOT)
GRUBENV, CUSTOM = "/grub2/grubenv", "/grub2/custom.cfg"
PRIVATE_ENV = "/coreos/grub2/grubenv"
NOTHING: Mapping[str, bytes] = {}
_SECTOR = 512
_XFS = b"XFSB"
# What xfs_repair -n says of a file system that is well, and its host's geometry, which it misses
_USUAL = re.compile(r"Phase \d|        - |No modify flag set|Cannot get host filesystem geometry|"
                    r"Repair may fail if there is a sector size|the image and the host filesystem")
_UNLINKED = re.compile(r"agi unlinked bucket \d+ is \d+ in ag \d+ \(inode=(\d+)\)")
_ORPHAN = re.compile(r"disconnected inode (\d+), would move to lost\+found|"
                     r"would have reset inode (\d+) nlinks from 0 to 1")
_COUNTS = re.compile(r"sb_fdblocks (\d+), counted (\d+)")
_IN_PLACE = b"# GRUB Environment Block\n"  # what is overwritten with no log to mend it


@dataclass(frozen=True)
class Way:
    """What GRUB may start: digests of the kernel and of what follows it, and the arguments."""

    linux: str
    initrds: Tuple[str, ...]
    options: str


@dataclass(frozen=True)
class State:
    """A state of the partition: after `applied` entries of the log, or with a part of them."""

    applied: int
    kind: str  # "written", "lost", "torn"
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.applied} entries, {self.kind} {self.detail}".rstrip()


@dataclass
class Oracle:
    """What the host may boot: NG for ever (`ng`), and the ways that are `new`, once.

    From the moment on when the new system has a `default`, that too, for ever.  Only `finalize`
    may take NG away: then `ng` is None, and what the menu still offers is as in `offered`, by id:
    whole, each.  GRUB sees one of `menus` in custom.cfg, never a part.
    """

    ng: Optional[Way]
    new: Dict[str, Way]
    title: str
    default: Optional[Way] = None
    menus: Sequence[Optional[bytes]] = ()
    offered: Mapping[str, Way] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    menu: Counter[int] = field(default_factory=Counter)

    def problems(self, image: Path) -> List[str]:
        """What is wrong with the partition, as it is and once it is recovered."""
        told = [f"GRUB: {problem}" for problem in self.seen_by_grub(BootImage(image))]
        recovered = image.with_suffix(".recovered")
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(image), str(recovered)],
                       check=True)
        told += recover(recovered)
        seen = self.seen_by_grub(BootImage(recovered))
        return told + [f"recovered: {problem}" for problem in seen]

    def seen_by_grub(self, image: BootImage) -> List[str]:
        """What is wrong with what GRUB makes of the partition as it is."""
        told = []
        try:
            if self.menus and image.read(CUSTOM) not in self.menus:
                told.append(f"custom.cfg is neither the old nor the new: {image.read(CUSTOM)!r}")
            first = self._way(image)
            self.seen[self._name(first[0])] += 1
            told += self._judge("the next boot", first, [*self.new.values()])
            told += self._judge("the boot after", self._way(image, first[1].saved), [])
            if self.ng is not None:
                way, loaded = self._way(image, {GRUBENV: environment(saved_entry=self.title)})
                if way != self.ng:
                    told.append(f"NG's entry is not whole: {loaded}")
            else:
                told += self._choices(image)
        except (GrubError, Unreadable, BadInput) as error:
            told.append(f"{type(error).__name__}: {error}")
        return told

    def _judge(self, what: str, found: Tuple[Way, Loaded], more: Sequence[Way]) -> List[str]:
        way, loaded = found
        told = [f"{what}: {note}" for note in loaded.trail if " is refused: " in note]
        if way not in [self.ng, self.default, *more]:
            told.append(f"{what} is not whole: {loaded.linux} {loaded.initrds} by {loaded.trail}")
        return told

    def _choices(self, image: BootImage) -> List[str]:
        """What is wrong with what somebody at the menu can choose, or four bad boots lead to."""
        ways = choices(image)
        self.menu[len(ways)] += 1
        told = [f"the entry {key} is not whole: {way}" for key, way in ways.items()
                if way != self.offered.get(key)]
        bad = {PRIVATE_ENV: environment(boot_counter="0", boot_success="0")}
        way, loaded = self._way(image, bad)
        if way not in self.offered.values():
            told.append(f"after bad boots it is not whole: {loaded}")
        return told

    def _name(self, way: Way) -> str:
        names = {**self.new, "ng": self.ng, "default": self.default}
        return next((name for name, known in names.items() if known == way), "unknown")

    def _way(self, image: BootImage, changed: Mapping[str, bytes] = NOTHING) -> Tuple[Way, Loaded]:
        return boots(image, changed)


def boots(image: BootImage, changed: Mapping[str, bytes] = NOTHING) -> Tuple[Way, Loaded]:
    """What GRUB starts, by its content, and how it came to it; with these files instead."""
    loaded = grubscript.boot(lambda path: changed.get(path) or image.read(path), image.names)
    initrds = tuple(image.digest(path) for path in loaded.initrds)
    return Way(image.digest(loaded.linux), initrds, loaded.options), loaded


def choices(image: BootImage) -> Dict[str, Way]:
    """What each entry of the menu starts; GrubError where GRUB does not start what was chosen."""
    found = {}
    for number, key in enumerate(grubscript.offered(image.read, image.names)):
        way, loaded = boots(image, {GRUBENV: environment(saved_entry=str(number))})
        if loaded.trail[0] != key or (key != ENTRY and loaded.trail != [key]):
            raise GrubError(f"who chooses {key} is led along {loaded.trail}")
        found[key] = way
    return found


def environment(**values: str) -> bytes:
    """A GRUB environment block."""
    block = Block()
    for name, value in values.items():
        block.set(name, value)
    return block.format()


def recover(image: Path) -> List[str]:
    """Recover as mounting does after a cut; what is wrong with the file system then."""
    with open(image, "rb") as file:
        xfs = file.read(len(_XFS)) == _XFS
    return _recover_xfs(image) if xfs else [
        problem for argv, good in ((["-E", "journal_only", "-p"], (0,)), (["-p", "-f"], (0, 1)),
                                   (["-f", "-n"], (0,)))
        for problem in _problem(["e2fsck", *argv, str(image)], good)]


def _recover_xfs(image: Path) -> List[str]:
    """Its log is replayed by nothing but a mount."""
    with tempfile.TemporaryDirectory() as place:
        told = _problem(["mount", "-t", "xfs", "-o", "loop,nouuid", str(image), place])
        if not told:
            told = _problem(["umount", place])
    return told or [problem for problem in _problem(["xfs_repair", "-n", "-f", str(image)])
                    if not _counts_less(problem)]


def _counts_less(problem: str) -> bool:
    """Is this all: less free space is promised than there is, and who is unlinked is not freed?

    A cut while the file system is frozen, or just thawed, can leave that: the log has nothing to
    replay, and the counter is written with the next unmount. Both cost space, and no file.
    """
    lines = [line for line in problem.splitlines()[1:] if line and not _USUAL.match(line)]
    freed = {found[1] for found in map(_UNLINKED.fullmatch, lines) if found is not None}
    for line in lines:
        count, orphan = _COUNTS.fullmatch(line), _ORPHAN.fullmatch(line)
        if not (_UNLINKED.fullmatch(line) or (orphan and {*orphan.groups()} & freed)
                or (count and int(count[1]) <= int(count[2]))):
            return False
    return bool(lines)


def _problem(argv: Sequence[str], good: Sequence[int] = (0,)) -> List[str]:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return [] if done.returncode in good else [
        f"{' '.join(argv)} ends with {done.returncode}: {done.stdout}"]


def states(replay: Replay, entries: Sequence[Entry], chance: random.Random) -> Iterator[State]:
    """Go through the log: the image is each state while the iterator waits.

    Each write of the partition makes one, "written": the power goes after it.  Each makes two more
    of a disk with a volatile cache, "lost": it alone is kept of what is not flushed, or any part of
    that.  A GRUB environment block that is written half makes one for each of its sectors, "torn".
    """
    volatile: List[Entry] = []
    for entry in entries:
        if entry.flush:
            replay.apply(volatile)
            volatile = []
        if not entry.within(*replay.part):
            continue
        undo = replay.apply(volatile)
        if data(replay.log, entry).startswith(_IN_PLACE):
            for size in range(_SECTOR, entry.size, _SECTOR):
                half = replay.apply([entry], size)
                yield State(entry.number + 1, "torn", f"at {size}")
                replay.undo(half)
        undo += replay.apply([entry])
        yield State(entry.number + 1, "written")
        replay.undo(undo)
        volatile.append(entry)
        if len(volatile) > 1:
            share = chance.random()
            for kept in ([entry], [e for e in volatile if chance.random() < share]):
                undo = replay.apply(kept)
                yield State(entry.number + 1, "lost", f"but {[e.number for e in kept]}")
                replay.undo(undo)
    replay.apply(volatile)
