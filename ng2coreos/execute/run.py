"""The one context of a run, passed down to every step: no other state exists."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from ng2coreos.core.host import Host
from ng2coreos.core.progress import Progress
from ng2coreos.execute.store import RunDirectory, utc_now
from ng2coreos.model.plan import Plan, Volume
from ng2coreos.stage.mounts import Mounts

BOOT = "/boot"  # NG's boot partition on NG (GRUB's $root)
ROOT_MOUNT = "sysroot"


@dataclass
class Run:
    """What a step may use while it applies, verifies or undoes a change."""

    host: Host
    plan: Plan
    directory: RunDirectory
    mounts: Mounts
    progress: Progress
    now: Callable[[], str] = utc_now

    @property
    def boot(self) -> Path:
        """NG's boot partition."""
        return self.host.path(BOOT)

    @property
    def vg(self) -> str:
        """NG's volume group."""
        return self.plan.source.vg

    def volume(self, mount: str) -> Volume:
        """The planned volume that the new system mounts at `mount`."""
        return next(v for v in self.plan.decisions.volumes if v.mount == mount)

    def named_volume(self, name: str) -> Optional[Volume]:
        """The planned volume called `name`."""
        return next((v for v in self.plan.decisions.volumes if v.name == name), None)

    def sysroot(self) -> Path:
        """The new root volume, mounted (in this process's own mount namespace)."""
        volume = self.volume("/")
        return self.mounts.volume(self.vg, volume.name, ROOT_MOUNT)
