"""The smallest plan that an Ignition config can be built from."""

import base64
import gzip
import hashlib
from typing import Any, Dict, Tuple
from urllib.parse import unquote_to_bytes

from ng2coreos.core.secret import Secret
from ng2coreos.ignition import Contents, build
from ng2coreos.model import plan as p
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.target import TargetSource

HASH = "$6$salt$verysecrethash"
VOLUMES = (
    p.Volume("ng2coreos_root", "/", "ext4", "", 1),
    p.Volume("ng2coreos_log", "/var/log", "ext4", "", 1, "var_log", "/var/log"),
    p.Volume("ng2coreos_var", "/var", "xfs", "", 1, "var", "/var", remove=("lib/imgbased",)),
    p.Volume("ng2coreos_home", "/var/home", "xfs", "", 1, "home", "/home"))
IDENTITIES = p.Identities(
    users=(), groups=(),
    new_users=(p.NewUser("admin", 1005, "admin", ("wheel",), "An Admin", "/home/admin", "/bin/bash",
                         False),
               p.NewUser("daemon9", 301, "daemon9", (), "", "/", "/sbin/nologin", True)),
    new_groups=(p.NewGroup("admin", 1005, False), p.NewGroup("daemon9", 301, True)),
    passwords=("root", "admin"))


def make(*items: Item, ignition: str = "2.14.0", **decisions: Any) -> p.Plan:
    """A plan with these items and changes to its decisions."""
    fields: Dict[str, Any] = {
        "findings": (), "items": items, "identities": IDENTITIES, "kernel_args": (),
        "volumes": VOLUMES, "trees": (p.Tree("/root", "ng2coreos_var", "roothome", ("cache",)),),
        "units": (), "checks": (),
        "boot": p.BootPlan("n", "", "", "", "", "", "", "", "", (), "", ()),
        "prediction": p.Prediction(0, 0, 0, 0, 0, 0, 0, 0, 0)}
    fields.update(decisions)
    return p.Plan(
        schema=p.SCHEMA, run_id="run", tool_version="0", created="2026-01-01T00:00:00Z",
        source=p.Source("h", "m", "p", "l", "b", "onn", "u", "pool", 0, (), {}),
        target=p.Target(TargetSource("repo", "/r", "ref"), "ref", "c" * 64, "1", True, "", "6",
                        ignition),
        policy=p.Policy(), decisions=p.Decisions(**fields), changes=())


def file(path: str, data: bytes = b"content\n", **more: Any) -> Item:
    """A carried file of NG at the same path."""
    fields: Dict[str, Any] = {
        "path": path, "kind": "file", "outcome": Outcome.CARRIED, "reason": "", "rule": "r",
        "source": path, "sha256": hashlib.sha256(data).hexdigest()}
    return Item(**{**fields, **more})


def converted(path: str, data: bytes, **more: Any) -> Item:
    """A file whose content stands in the plan."""
    return file(path, data, outcome=Outcome.CONVERTED, source="",
                content=base64.b64encode(data).decode(), **more)


def content(item: Item) -> Contents:
    """As a bundle gives it: the plan's content, else always the same text."""
    return Contents.of(
        base64.b64decode(item.content) if item.content or not item.source else b"content\n",
        item.path)


def text(plan: p.Plan, **more: Any) -> bytes:
    """The config of `plan` as it is written."""
    return b"".join(build(plan, content, password, **more))


def unpacked(contents: Dict[str, str]) -> bytes:
    """What the contents of a config's file stand for."""
    head, _, body = contents["source"].partition(",")
    data = base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
    return gzip.decompress(data) if contents.get("compression") == "gzip" else data


def password(name: str) -> Secret:
    """A hash for everyone."""
    return Secret(HASH + name)


def units(*states: Tuple[str, str, Tuple[str, ...]]) -> Tuple[p.UnitState, ...]:
    """Unit states from (unit, action, links)."""
    return tuple(p.UnitState(unit, action, links, "") for unit, action, links in states)
