"""A run of the tool with every write recorded: its steps, and disks that are cut anywhere."""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Sequence

from tests.rig import replay, writelog
from tests.rig.guest import Guest
from tests.rig.recording import Recording
from tests.rig.switch import Switch
from tests.rig.writelog import Entry
from tests.vm.scene import NG_ROOTS, Scene, changed, work_place

_INTENT = re.compile(rb'\{[^\n]*"event":"intent"[^\n]*"step":"([\w-]+)"')
_JOURNAL_BYTES = 1 << 20  # a page at a time, as it is appended to


@dataclass
class Untouched:
    """What of the host must be there again after the way back."""

    files: Dict[str, List[Any]]
    boot: Dict[str, List[Any]]
    volumes: Dict[str, List[str]]
    environment: Dict[str, str]

    @classmethod
    def of(cls, scene: Scene) -> "Untouched":
        """The host as it is now."""
        return cls(scene.fingerprint(*NG_ROOTS), scene.boot_files(), scene.volumes(),
                   scene.grub_environment())

    def differences(self, scene: Scene) -> List[str]:
        """What of the host is not as it was."""
        told = changed(self.files, scene.fingerprint(*NG_ROOTS))
        told += changed(self.boot, scene.boot_files())
        told += changed(dict(self.volumes), dict(scene.volumes()))
        now = scene.grub_environment()
        return told + ([] if now == self.environment else [f"grubenv: {now}"])


class Recorded:
    """A recording that has ended; its files live as long as the guest's directory."""

    def __init__(self, recording: Recording) -> None:
        self.base, self.log, self.final = recording.base, recording.log, recording.final
        self.data_disk = recording.guest.overlays[1]
        self.entries = writelog.read(self.log)
        self._lengths = recording.marks

    def until(self, mark: str) -> int:
        """How many entries there were when the mark was set."""
        length = self._lengths[mark]
        return sum(1 for entry in self.entries if entry.data_at <= length)

    def steps(self) -> Dict[str, int]:
        """The steps, each with the number of entries at which its first intent was written."""
        found: Dict[str, int] = {}
        with open(self.log, "rb") as log:
            for entry in self.entries:
                if entry.discard or not 0 < entry.size <= _JOURNAL_BYTES:
                    continue
                for step in _INTENT.findall(writelog.data(log, entry)):
                    found.setdefault(step.decode(), entry.number + 1)
        return found

    @contextmanager
    def cut(self, scene: Scene, kept: Sequence[Entry], name: str) -> Iterator[Scene]:
        """A guest with the host's disks when only these entries have reached them; not started."""
        with work_place(name) as place, Switch() as switch:
            disk = place / "cut.qcow2"
            replay.rebuild(self.base, self.log, kept, disk)
            with Guest(place, [disk, self.data_disk], switch=switch,
                       payload=[scene.target.payload]) as guest:
                yield Scene(guest, switch, scene.image, scene.target)
