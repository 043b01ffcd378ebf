"""The bundle: the host's carried state as files, with a manifest, enough to write the config.

``files/`` holds each carried file at its path on the new system, ``passwords.json`` the carried
hashes, ``manifest.json`` the items.  The directory is 0700: it holds keys.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Dict, Optional, Tuple

from ng2coreos import firstboot, ignition
from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, StalePlan
from ng2coreos.core.host import Host
from ng2coreos.core.reading import read_regular
from ng2coreos.core.secret import Secret
from ng2coreos.firstboot.parcel import manifest_of
from ng2coreos.ignition import Contents, Document
from ng2coreos.model import codec
from ng2coreos.model.ignition import Spec
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Plan

_PLAN_AGAIN = "Make a new plan, or apply without --plan."


class Bundle:
    """A bundle that was exported to `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def content(self, item: Item) -> Contents:
        """The contents of a file item; who reads them gets StalePlan if they are not its own."""
        if item.content or not item.source:
            return Contents.of(_decoded(item), item.path)
        place = _place(self.path, item)
        try:
            size = place.stat().st_size
        except OSError as error:
            raise BadInput(f"The bundle lacks {item.path}: {error.strerror}.",
                           hint="Export it again.") from None
        return Contents(item.sha256, size, lambda: open(place, "rb"), item.path)

    def password(self, user: str) -> Secret:
        """The carried password hash of `user`; ``!`` (locked) where there is none."""
        try:
            table = json.loads(read_regular(self.path / "passwords.json"))
            found = table.get(user, "!")
        except (OSError, ValueError, AttributeError, RecursionError):
            found = None
        if not isinstance(found, str):  # nothing of it is shown: it may be a hash
            raise BadInput("The bundle's passwords.json is missing or damaged.",
                           hint="Export it again.")
        return Secret(found)


def export_bundle(host: Host, plan: Plan, path: Path) -> None:
    """Write the bundle to `path` anew; StalePlan when a carried file is not what was planned."""
    durable.remove(path)
    durable.make_directory(path, mode=0o700, new=True)
    for item in plan.decisions.items:
        wanted = item.outcome is not Outcome.DROPPED and item.source and not item.content
        if item.kind != "file" or not wanted:
            continue
        try:
            data = host.read_bytes(item.source)
        except (FileNotFoundError, NotADirectoryError):
            raise StalePlan(f"{item.source} has gone since the plan was made.",
                            hint=_PLAN_AGAIN) from None
        if hashlib.sha256(data).hexdigest() != item.sha256:
            raise StalePlan(f"{item.source} has changed since the plan was made.",
                            hint=_PLAN_AGAIN)
        place = _place(path, item)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.write_file(place, data, mode=0o600)
    hashes = shadow_hashes(host)
    carried = {name: hashes[name] for name in plan.decisions.identities.passwords if name in hashes}
    durable.write_file(path / "passwords.json", json.dumps(carried).encode(), mode=0o600)
    durable.write_file(path / "manifest.json", codec.dumps(manifest_of(plan)).encode(), mode=0o600)


def build_config(plan: Plan, bundle: Bundle, spec: Optional[Spec] = None) -> Document:
    """The Ignition config for `plan`, with everything that the first boot needs."""
    return ignition.build(plan, bundle.content, bundle.password, firstboot.payload(plan), spec=spec)


def _place(bundle: Path, item: Item) -> Path:
    parts = item.path.split("/")
    if parts[0] or not all(parts[1:]) or {".", ".."} & set(parts):
        raise BadInput(f"{item.path!r} is no path of a carried file.",
                       hint="Was the plan edited? Make a new one.")
    return bundle / "files" / item.path[1:]


def _decoded(item: Item) -> bytes:
    try:
        return base64.b64decode(item.content, validate=True)
    except ValueError:
        raise BadInput(f"The plan's content of {item.path} is not base64.",
                       hint="Was the plan edited? Make a new one.") from None


def shadow_hashes(host: Host) -> Dict[str, str]:
    """User name to password field, from /etc/shadow."""
    found: Dict[str, str] = {}
    for line in host.read_text("/etc/shadow", default="").splitlines():
        fields: Tuple[str, ...] = tuple(line.split(":"))
        if len(fields) > 1:
            found[fields[0]] = fields[1]
    return found
