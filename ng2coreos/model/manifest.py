"""What the new system needs to prove itself: every item and check, without the contents."""

from dataclasses import dataclass, replace
from typing import Tuple

from ng2coreos.model.item import Check, Item
from ng2coreos.model.restart import RestartPart

SCHEMA = "ng2coreos-manifest/1"


@dataclass(frozen=True)
class Manifest:
    """Content of /etc/ng2coreos/manifest.json on the new system."""

    schema: str
    run_id: str
    tool_version: str
    commit: str
    version: str
    vg: str
    pool: str
    ng_volumes: Tuple[str, ...]  # what finalize removes, snapshots before their origins
    volumes: Tuple[str, ...]  # ours: what stays
    health_deadline_s: int
    items: Tuple[Item, ...]
    checks: Tuple[Check, ...]
    restart: Tuple[RestartPart, ...] = ()  # as it was predicted
    layers: Tuple[str, ...] = ()  # packages that are laid over the image after the confirmation
    along: Tuple[str, ...] = ()  # packages that those brought along on NG


def without_content(items: Tuple[Item, ...]) -> Tuple[Item, ...]:
    """The items as the manifest holds them: digests, never contents."""
    return tuple(replace(item, content="") for item in items)
