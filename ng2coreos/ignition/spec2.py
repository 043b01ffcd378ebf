"""Spec 2: each path belongs to a named file system and is written there, mounted elsewhere.

Ignition 0.x mounts a file system on a temporary directory for the moment in which it writes to
it, never below the new root (coreos/ignition, branch spec2x,
internal/exec/stages/files/filesystemEntries.go).  So an entry names its file system and the path
inside it, and useradd, which sees only the root, must not make homes that lie on another one.
"""

import posixpath
from typing import List, Optional

from ng2coreos.ignition.config import Config, Filesystem, User
from ng2coreos.ignition.paths import below, canonical
from ng2coreos.ignition.spec import Json, Renderer
from ng2coreos.model.ignition import Spec

BASE: Spec = (2, 2, 0)
ROOT = "root"  # every 0.x knows it


class Spec2(Renderer):
    """2.2.0 to 2.4.0: what the later ones add (partitions, proxies, headers) is not needed."""

    def filesystems(self) -> List[Json]:
        """Each with a name of its own."""
        return [{"name": name_of(f), "mount": {"device": f.device, "format": f.format,
                                               "wipeFilesystem": False}}
                for f in self.config.filesystems]

    def place(self, path: str) -> Json:
        """The file system by name, and the path inside it."""
        holder = holder_of(self.config, path)
        if holder is None:
            return {"filesystem": ROOT, "path": path}
        return {"filesystem": name_of(holder), "path": "/" + (below(path, holder.path) or "")}

    def makes_home(self, user: User) -> bool:
        """Only on the root: elsewhere the home is there, carried with the volume."""
        return user.make_home and holder_of(self.config, canonical(user.home)) is None


def name_of(filesystem: Filesystem) -> str:
    """The name that entries refer to: the volume's."""
    return posixpath.basename(filesystem.device)


def holder_of(config: Config, path: str) -> Optional[Filesystem]:
    """The declared file system that holds `path`, the deepest one; None for the root."""
    holders = [f for f in config.filesystems if below(path, f.path)]
    return max(holders, key=lambda f: len(f.path), default=None)
