"""The entries of a Config as JSON data of one spec version; what both generations say alike."""

from abc import ABC, abstractmethod
from typing import Any, Dict, List

from ng2coreos.ignition.config import Config, Directory, File, Group, Link, Owner, User
from ng2coreos.model.ignition import Spec

Json = Dict[str, Any]


class Renderer(ABC):
    """Says the entries of `config` in `spec`; contents of files are added by the writer."""

    def __init__(self, config: Config, spec: Spec) -> None:
        self.config = config
        self.spec = spec

    @abstractmethod
    def filesystems(self) -> List[Json]:
        """File systems that are there, to be mounted, never formatted."""

    @abstractmethod
    def place(self, path: str) -> Json:
        """Where an entry lies."""

    def file(self, file: File) -> Json:
        """A file, without its contents."""
        return {**self.place(file.path), "overwrite": True, "mode": file.mode,
                **_owner(file.user, file.group)}

    def directory(self, directory: Directory) -> Json:
        """A directory. Where one may be there it is never overwritten: that would empty it."""
        instead = {"overwrite": True} if directory.replaces else {}
        return {**self.place(directory.path), "mode": directory.mode, **instead,
                **_owner(directory.user, directory.group)}

    def link(self, link: Link) -> Json:
        """A symlink."""
        return {**self.place(link.path), "target": link.target, "overwrite": True,
                **_owner(link.user, link.group)}

    def group(self, group: Group) -> Json:
        """A group."""
        return {"name": group.name, "gid": group.gid, "system": group.system}

    def user(self, user: User) -> Json:
        """A user that is made, or the password of one that is there."""
        found: Json = {"name": user.name}
        if user.password_hash is not None:
            found["passwordHash"] = user.password_hash.reveal()
        if user.uid is None:
            return found
        found["uid"] = user.uid
        texts = {"gecos": user.gecos, "homeDir": user.home, "shell": user.shell}
        found.update({key: value for key, value in texts.items() if value})
        if user.groups:
            found["groups"] = list(user.groups)
        if user.primary_group:
            # Without this useradd would also make a group of the user's name.
            found.update(primaryGroup=user.primary_group, noUserGroup=True)
        if user.system:
            found["system"] = True
        if not self.makes_home(user):
            found["noCreateHome"] = True
        return found

    def makes_home(self, user: User) -> bool:
        """Is the home directory to be made?"""
        return user.make_home


def _owner(user: Owner, group: Owner) -> Json:
    found: Json = {}
    for key, value in (("user", user), ("group", group)):
        if value not in ("root", 0):
            found[key] = {"id": value} if isinstance(value, int) else {"name": value}
    return found
