"""What becomes of each package that the admin added to NG's image."""

from dataclasses import dataclass
from enum import Enum
from typing import Tuple


class Fate(Enum):
    """What happens to an added package."""

    IN_IMAGE = "in-image"
    LAYER = "layer"  # laid over the image once the move is confirmed
    ALONG = "along"  # not asked for: one that is layered brings it
    VENDOR = "vendor"  # of somebody whose repository the new system does not have
    LEFT = "left"  # could be layered, were there an answer, rpm-ostree or a repository
    BLOCKED = "blocked"  # cannot be layered by anybody
    DROPPED = "dropped"  # of NG alone


@dataclass(frozen=True)
class AddedPackage:
    """A package that NG's image did not have, and why it meets its fate."""

    name: str
    nevra: str
    vendor: str
    fate: Fate
    reason: str
    repository: str = ""  # that it was installed from on NG, where that is known


@dataclass(frozen=True)
class RepositoryFile:
    """A file of /etc/yum.repos.d and the repositories that it enables and disables."""

    path: str
    enabled: Tuple[str, ...] = ()
    disabled: Tuple[str, ...] = ()
    broken: bool = False
