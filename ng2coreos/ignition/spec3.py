"""Writes a Config as Ignition spec 3 (3.0.0 to 3.5.0), as the lowest version that can hold it."""

import base64
import stat
from typing import Any, Dict, List

from ng2coreos.core.errors import Unsupported
from ng2coreos.ignition.config import Config, File, Filesystem, Group, Owner, User
from ng2coreos.ignition.release import Release, Spec

GENERATION = 3
BASE: Spec = (3, 0, 0)
SPECIAL_BITS: Spec = (3, 4, 0)  # older ones drop setuid, setgid, sticky: coreos/ignition#1301
_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX


def choose(config: Config, release: Release) -> Spec:
    """The lowest spec that has what `config` uses and that `release` reads; Unsupported if none."""
    special = [path for path, mode in (*((f.path, f.mode) for f in config.files),
                                       *((d.path, d.mode) for d in config.directories))
               if mode & _SPECIAL]
    needed = SPECIAL_BITS if special else BASE
    for spec in release.specs:
        if spec[0] == GENERATION and spec >= needed:
            return spec
    what = f"the mode of {special[0]}" if special else "what the config says"
    raise Unsupported(f"The target's Ignition {release} cannot set {what}.",
                      hint="It takes a newer image, or remove the setuid, setgid and sticky bits "
                           "of that path." if special else "It takes a newer image.")


def render(config: Config, spec: Spec) -> Dict[str, Any]:
    """The config as JSON data of version `spec`, which `choose` found."""
    storage: Dict[str, Any] = {
        "filesystems": [_filesystem(f) for f in config.filesystems],
        # A directory is never overwritten: that would empty it.
        "directories": [{"path": d.path, "mode": d.mode, **_owner(d.user, d.group)}
                        for d in config.directories],
        "files": [_file(f) for f in config.files],
        "links": [{"path": link.path, "target": link.target, "overwrite": True,
                   **_owner(link.user, link.group)} for link in config.links],
    }
    passwd: Dict[str, Any] = {"groups": [_group(g) for g in config.groups],
                              "users": [_user(u) for u in config.users]}
    data: Dict[str, Any] = {"ignition": {"version": ".".join(str(n) for n in spec)}}
    for name, section in (("storage", storage), ("passwd", passwd)):
        filled = {key: value for key, value in section.items() if value}
        if filled:
            data[name] = filled
    return data


def data_url(content: bytes) -> str:
    """The content as a URL that holds it."""
    return "data:;base64," + base64.b64encode(content).decode() if content else "data:,"


def _file(file: File) -> Dict[str, Any]:
    return {"path": file.path, "overwrite": True, "mode": file.mode,
            "contents": {"source": data_url(file.contents)}, **_owner(file.user, file.group)}


def _filesystem(filesystem: Filesystem) -> Dict[str, Any]:
    return {"device": filesystem.device, "path": filesystem.path, "format": filesystem.format,
            "wipeFilesystem": False}


def _owner(user: Owner, group: Owner) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for key, value in (("user", user), ("group", group)):
        if value not in ("root", 0):
            found[key] = {"id": value} if isinstance(value, int) else {"name": value}
    return found


def _group(group: Group) -> Dict[str, Any]:
    return {"name": group.name, "gid": group.gid, "system": group.system}


def _user(user: User) -> Dict[str, Any]:
    found: Dict[str, Any] = {"name": user.name}
    if user.password_hash is not None:
        found["passwordHash"] = user.password_hash.reveal()
    if user.uid is None:
        return found
    found["uid"] = user.uid
    found.update(_texts(user))
    groups: List[str] = list(user.groups)
    if groups:
        found["groups"] = groups
    if user.primary_group:
        # Without this useradd would also make a group of the user's name.
        found.update(primaryGroup=user.primary_group, noUserGroup=True)
    if user.system:
        found["system"] = True
    if not user.make_home:
        found["noCreateHome"] = True
    return found


def _texts(user: User) -> Dict[str, str]:
    texts = {"gecos": user.gecos, "homeDir": user.home, "shell": user.shell}
    return {key: value for key, value in texts.items() if value}
