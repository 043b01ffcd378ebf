"""What the tests of power cuts record: `apply` and `rollback`, the trials, `finalize`.

Each story ends with the power off; its states are then rebuilt from what was written.
"""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, cast

from ng2coreos.firstboot.system import PARTITION as PARTITION_ON_NEW
from ng2coreos.model.state import Phase
from ng2coreos.stage.menu import COUNTER_START, ENTRY
from tests.rig import replay
from tests.rig.bootimage import BootImage
from tests.rig.recording import Recording
from tests.rig.writelog import Entry, data, lost
from tests.vm import bootcuts, lvmcuts
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


class GivenUp:
    """The confirmed host after a reset: `finalize`, and that there is no way back then."""

    def __init__(self, new: NewSystem, scene: Scene, place: Path) -> None:
        self.new, self.place = new, place
        scene.guest.boot()
        wait_counted(scene)
        before = {*scene.volumes()}
        recording = Recording(scene.guest, place)
        scene.new("finalize", "--yes")
        recording.mark("finalized")
        self.refused = scene.new("rollback", check=False)
        self.volumes = scene.volumes()
        self.files = scene.boot_files(PARTITION_ON_NEW)
        self.gone = before - {*self.volumes}
        recording.end()
        self.run = Recorded(recording)
        self.offered = bootcuts.choices(image_at(self.run, [], place))
        self.left = bootcuts.choices(image_at(self.run, self.run.entries, place))

    def parts(self) -> Dict[str, Tuple[int, int]]:
        """From which write on, up to which, each part of it goes."""
        end = self.run.until("finalized")
        with open(self.run.log, "rb") as log:
            said = next(e.number for e in self.run.entries if e.within(*PARTITION)
                        and f'"{Phase.FINALIZING.value}"'.encode() in data(log, e))
        groups = [e.number for e in self.run.entries[said:end] if e.within(*lvmcuts.METADATA)]
        return {"begin": (0, said), "menus": (said, groups[0]),
                "volumes": (groups[0], groups[-1] + 1), "kernels": (groups[-1] + 1, end)}

    def sample(self, part: str, chance: random.Random) -> List[Entry]:
        """What a disk holds after a cut somewhere in a part of it."""
        return lost(self.run.entries, chance.randrange(*self.parts()[part]), chance)


def wait_counted(scene: Scene, deadline_s: float = 900.0) -> None:
    """Wait until the new system's boot has proved healthy by itself, and vdsm answers."""
    limit = time.monotonic() + deadline_s
    assert scene.system() == "coreos"
    while scene.counter() != (str(COUNTER_START), "1"):
        assert time.monotonic() < limit, scene.counter()
        time.sleep(2)
    scene.vdsm(limit - time.monotonic())
