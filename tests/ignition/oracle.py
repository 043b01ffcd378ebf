"""Spec 2 read as its documents say, into what a machine has afterwards: the judge of our writer.

Written from doc/configuration-v2_4.md and doc/migrating-configs.md (coreos/ignition, branch
spec2x), with nothing of the writer in it, so that both can be wrong only in different ways.
"""

from typing import Any, Dict, Mapping

from tests.ignition.plans import unpacked

Machine = Dict[str, Dict[str, Any]]


def spec2(data: Mapping[str, Any], mounts: Mapping[str, str]) -> Machine:
    """What is there after Ignition 0.x; `mounts` are where devices are mounted later on."""
    storage = data.get("storage", {})
    tops = {"root": "/"}
    devices = {}
    for filesystem in storage.get("filesystems", []):
        mount = filesystem["mount"]
        assert set(filesystem) == {"name", "mount"} and "create" not in mount
        tops[filesystem["name"]] = mounts[mount["device"]]
        devices[mount["device"]] = {"format": mount["format"],
                                    "kept": not mount.get("wipeFilesystem", False)}
    found: Machine = {"paths": {}, "devices": devices, **_accounts(data)}
    for kind in ("directories", "files", "links"):
        for entry in storage.get(kind, []):
            top = tops[entry["filesystem"]]
            path = entry["path"] if top == "/" else top + entry["path"]
            assert path not in found["paths"]
            # 0.x deletes what is there unless it is told not to; for directories it must be told
            replaces = entry.get("overwrite", kind == "files")
            found["paths"][path] = _node(kind, entry, replaces)
    return found


def spec3(data: Mapping[str, Any]) -> Machine:
    """What is there after Ignition 2.x."""
    storage = data.get("storage", {})
    devices = {f["device"]: {"format": f["format"], "kept": not f.get("wipeFilesystem", False)}
               for f in storage.get("filesystems", [])}
    paths = {entry["path"]: _node(kind, entry, entry.get("overwrite", False))
             for kind in ("directories", "files", "links") for entry in storage.get(kind, [])}
    return {"paths": paths, "devices": devices, **_accounts(data)}


def _node(kind: str, entry: Mapping[str, Any], replaces: bool) -> Dict[str, Any]:
    found: Dict[str, Any] = {"kind": kind, "replaces": replaces}
    for owner in ("user", "group"):
        who = entry.get(owner, {})
        found[owner] = who.get("name") or who.get("id", 0)
    if kind == "links":
        return {**found, "target": entry["target"], "hard": entry.get("hard", False)}
    found["mode"] = entry["mode"]
    if kind == "files":
        found["data"] = unpacked(entry["contents"])
    return found


def _accounts(data: Mapping[str, Any]) -> Dict[str, Any]:
    passwd = data.get("passwd", {})
    return {kind: {entry["name"]: {**entry} for entry in passwd.get(kind, [])}
            for kind in ("users", "groups")}
