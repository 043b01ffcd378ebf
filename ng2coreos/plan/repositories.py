"""The repositories that the new system has: the image's files, and NG's where they are carried.

Pure.  No repository is asked here, so what this tells is only what is sure beforehand: that none is
enabled, and that the one which a package came from is disabled or missing.
"""

from dataclasses import dataclass
from typing import AbstractSet, Dict, Sequence, Tuple

from ng2coreos.core import repofile
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.packages import RepositoryFile
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.written import text_of

DIRECTORY = "/etc/yum.repos.d/"


@dataclass(frozen=True)
class Repositories:
    """What rpm-ostree can ask: `disabled` names the file of each that is there and off."""

    files: Tuple[str, ...]
    enabled: AbstractSet[str]
    disabled: Dict[str, str]
    broken: Tuple[str, ...]

    @property
    def unable(self) -> str:
        """Why nothing at all is found; empty where something may be."""
        if not self.files:
            return "The image has no repository, and none is carried."
        if not self.enabled:
            where = ", ".join(self.files)
            return f"No repository of the new system is enabled ({where})." + self.trouble
        return ""

    @property
    def trouble(self) -> str:
        """What may keep rpm-ostree from asking any of them."""
        if not self.broken:
            return ""
        return f" {', '.join(self.broken)} cannot be read, and rpm-ostree may then refuse all."

    def doubt(self, name: str) -> str:
        """What is wrong with the repository that a package came from on NG; empty for none."""
        if not name or name in self.enabled:
            return ""
        if name in self.disabled:
            return f" Its repository, {name}, is disabled in {self.disabled[name]}."
        return f" On NG it came from {name}, which the new system does not have."


def repositories(target: TargetFacts, items: Sequence[Item],
                 ours: Sequence[RepositoryFile]) -> Repositories:
    """Those of `target` under those of NG (`ours`) that `items` bring over or take away."""
    files = {file.path: file for file in target.repositories}
    mine = {file.path: file for file in ours}
    for item in items:
        if not item.path.startswith(DIRECTORY) or not item.path.endswith(".repo") or (
                item.outcome is Outcome.DROPPED):
            continue
        if item.kind == "absent":
            files.pop(item.path, None)
        elif item.content:
            files[item.path] = repofile.parse(item.path, text_of(item))
        elif item.source in mine:
            files[item.path] = mine[item.source]
    enabled = {name for file in files.values() for name in file.enabled}
    return Repositories(
        files=tuple(sorted(files)), enabled=enabled,
        disabled={name: path for path, file in sorted(files.items()) for name in file.disabled
                  if name not in enabled},
        broken=tuple(path for path, file in sorted(files.items()) if file.broken))
