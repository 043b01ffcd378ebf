"""Spec 3: one tree of paths, in which file systems are mounted before anything is written."""

from typing import List

from ng2coreos.ignition.config import Directory
from ng2coreos.ignition.spec import Json, Renderer
from ng2coreos.model.ignition import Spec

BASE: Spec = (3, 0, 0)
PACKED: Spec = (3, 1, 0)  # Ignition 2.3 is the first that unpacks a data URL (its release notes)
KERNEL_ARGUMENTS: Spec = (3, 3, 0)


class Spec3(Renderer):
    """3.0.0 to 3.5.0: for what a Config holds they differ in kernel arguments alone."""

    def filesystems(self) -> List[Json]:
        """Each with the path where it is mounted."""
        return [{"device": f.device, "path": f.path, "format": f.format, "wipeFilesystem": False}
                for f in self.config.filesystems]

    def place(self, path: str) -> Json:
        """The path says it all."""
        return {"path": path}

    def directory(self, directory: Directory) -> Json:
        """As ever, with its owner even if it is root: a directory that is there keeps what is not
        said (coreos/ignition, internal/exec/util: SetPermissions; 0.x makes it root's)."""
        return {"user": {"id": 0}, "group": {"id": 0}, **super().directory(directory)}
