"""What the tests of power cuts record: `apply` and `rollback`, the trials.

Each story ends with the power off; its states are then rebuilt from what was written.
"""

import random
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, cast

from ng2coreos.stage.menu import ENTRY
from tests.rig import replay
from tests.rig.bootimage import BootImage
from tests.rig.recording import Recording
from tests.rig.writelog import Entry, data, lost
from tests.vm import bootcuts
from tests.vm.bootcuts import PARTITION, Oracle, Way
from tests.vm.recorded import Recorded, Untouched
from tests.vm.scene import Scene

SEED = 20261122
FIRST, SECOND = "first trial", "second trial"


class Story:
    """`apply` and then `rollback` on one host."""

    def __init__(self, scene: Scene, place: Path) -> None:
        self.scene, self.place = scene, place
        self.before = Untouched.of(scene)
        written = _written(scene)
        scene.guest.ssh("sync")
        recording = Recording(scene.guest, place)
        scene.tool("apply", *scene.target_options())
        recording.mark("applied")
        self.armed = scene.boot_files()
        scene.tool("rollback")
        recording.mark("rolled back")
        self.differences = self.before.differences(scene)
        self.data_disk_bytes = _written(scene) - written
        recording.end()
        self.run = Recorded(recording)
        self.oracle = Oracle(self.way([]), {FIRST: self.way(self.applied)}, scene.image.title,
                             menus=menus(self.run, place, [], self.applied))

    @property
    def applied(self) -> Sequence[Entry]:
        """What had been written when `apply` had ended."""
        return self.run.entries[:self.run.until("applied")]

    def way(self, kept: Sequence[Entry]) -> Way:
        """What GRUB boots when these entries have reached the disk."""
        return way(self.run, kept, self.place)

    def sample(self, step: str, chance: random.Random) -> List[Entry]:
        """What a disk holds after a cut somewhere in a step of `apply`, or in `rollback`."""
        begun = {**self.run.steps(), "rollback": self.run.until("applied")}
        ends = sorted([*begun.values(), self.run.until("rolled back")])
        cut = chance.randrange(begun[step], ends[ends.index(begun[step]) + 1])
        return lost(self.run.entries, cut, chance)


def image_at(run: Recorded, kept: Sequence[Entry], place: Path) -> BootImage:
    """The boot partition when these entries have reached the disk."""
    image = place / "way"
    replay.extract(run.base, PARTITION, image)
    with open(image, "r+b") as disk, open(run.log, "rb") as log:
        replay.Replay(disk, log, PARTITION).apply(kept)
    return BootImage(image)


def way(run: Recorded, kept: Sequence[Entry], place: Path, **environment: str) -> Way:
    """What GRUB boots when these entries have reached the disk; with another grubenv, if given."""
    changed = {bootcuts.GRUBENV: bootcuts.environment(**environment)} if environment else {}
    return bootcuts.boots(image_at(run, kept, place), changed)[0]


def menus(run: Recorded, place: Path, *kept: Sequence[Entry]) -> List[Optional[bytes]]:
    """custom.cfg at these moments."""
    return [image_at(run, entries, place).read(bootcuts.CUSTOM) for entries in kept]


def judge(run: Recorded, place: Path, until: Dict[int, Oracle],
          figures: Dict[str, float]) -> List[str]:
    """What is wrong with the boot partition's states, each judged by the oracle of its time.

    An oracle is for states with fewer entries than its key.
    """
    image = place / "boot"
    replay.extract(run.base, PARTITION, image)
    kinds: Counter[str] = Counter()
    told: List[str] = []
    with open(image, "r+b") as disk, open(run.log, "rb") as log:
        part = replay.Replay(disk, log, PARTITION)
        for state in bootcuts.states(part, run.entries, random.Random(SEED)):
            kinds[state.kind] += 1
            oracle = until[min(limit for limit in until if state.applied < limit)]
            told += [f"{state}: {problem}" for problem in oracle.problems(image)]
    figures.update({f"states of /boot judged: {kind}": n for kind, n in kinds.items()})
    return told


def _written(scene: Scene) -> int:
    """Bytes written to the storage domain's disk."""
    blocks = cast(List[Dict[str, Any]], scene.guest.monitor("query-blockstats"))
    (found,) = (b["stats"]["wr_bytes"] for b in blocks if b.get("node-name") == "disk1")
    assert isinstance(found, int)
    return found


class NewSystem:
    """The armed disk, booted: both trials, confirm, and the way back from there."""

    def __init__(self, story: Story, scene: Scene, place: Path) -> None:
        self.story, self.place = story, place
        scene.guest.prepare("bios")
        scene.guest.start()
        recording = Recording(scene.guest, place)  # the firmware has not read a sector yet
        scene.wait_phase("confirmed")
        scene.new("confirm")  # ends what of it may still be going on
        scene.guest.ssh("sync")
        recording.mark("confirmed")
        scene.new("rollback")
        scene.guest.ssh("sync")
        recording.mark("rolled back")
        recording.end()
        self.run = Recorded(recording)
        self.second = way(self.run, self.confirmed, place, next_entry=ENTRY)

    @property
    def confirmed(self) -> Sequence[Entry]:
        """What had been written when the new system was confirmed."""
        return self.run.entries[:self.run.until("confirmed")]

    def default_at(self) -> Tuple[int, int]:
        """When the new system becomes the default: the number of the write, and of its flush."""
        with open(self.run.log, "rb") as log:
            write = next(e.number for e in self.run.entries if e.within(*PARTITION)
                         and f"\nsaved_entry={ENTRY}\n".encode() in data(log, e))
        return write, next(e.number for e in self.run.entries[write:] if e.flush)
