"""Users and groups of a tree, edited as text: useradd would pick the numbers itself."""

import os
from pathlib import Path
from typing import Sequence


class Accounts:
    """The passwd, group, shadow and gshadow files of `tree`."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree

    def group(self, name: str, gid: int, members: Sequence[str] = ()) -> None:
        """Add a group whose name and number nobody has."""
        self._refuse("group", name, gid)
        self._append("group", f"{name}:x:{gid}:{','.join(members)}")
        self._append("gshadow", f"{name}:!::{','.join(members)}")

    def user(
        self,
        name: str,
        uid: int,
        gid: int,
        *,
        comment: str = "",
        home: str = "/",
        shell: str = "/sbin/nologin",
        password: str = "!!",
    ) -> None:
        """Add a user whose name and number nobody has; the group must exist already."""
        self._refuse("passwd", name, uid)
        if gid not in self.ids("group").values():
            raise ValueError(f"no group has the number {gid}")
        self._append("passwd", f"{name}:x:{uid}:{gid}:{comment}:{home}:{shell}")
        self._append("shadow", f"{name}:{password}:19300::::::")

    def join(self, user: str, *groups: str) -> None:
        """Make `user` a member of groups that exist."""
        for file, field in (("group", 3), ("gshadow", 3)):
            lines = [line.split(":") for line in self._lines(file)]
            for group in groups:
                (line,) = (line for line in lines if line[0] == group)
                line[field] = ",".join([*filter(None, line[field].split(",")), user])
            self._write(file, [":".join(line) for line in lines])

    def renumber_group(self, name: str, gid: int) -> None:
        """Give a group another number; its files follow."""
        old = self.ids("group")[name]
        self._refuse("group", "", gid)
        lines = [line.split(":") for line in self._lines("group")]
        for line in lines:
            line[2] = str(gid) if line[0] == name else line[2]
        self._write("group", [":".join(line) for line in lines])
        users = [line.split(":") for line in self._lines("passwd")]
        for user in users:
            user[3] = str(gid) if user[3] == str(old) else user[3]
        self._write("passwd", [":".join(user) for user in users])
        for parent, directories, files in os.walk(self._tree):
            for entry in (*directories, *files):
                path = os.path.join(parent, entry)
                status = os.lstat(path)
                if status.st_gid == old:
                    os.chown(path, status.st_uid, gid, follow_symlinks=False)

    def ids(self, file: str) -> "dict[str, int]":
        """Names and numbers in `passwd` or `group`."""
        return {line.split(":")[0]: int(line.split(":")[2]) for line in self._lines(file)}

    def _refuse(self, file: str, name: str, number: int) -> None:
        taken = self.ids(file)
        if name in taken or number in taken.values():
            raise ValueError(f"{name} or {number} is taken in {file}")

    def _lines(self, file: str) -> "list[str]":
        return (self._tree / "etc" / file).read_text("utf-8").splitlines()

    def _append(self, file: str, line: str) -> None:
        self._write(file, [*self._lines(file), line])

    def _write(self, file: str, lines: "list[str]") -> None:
        (self._tree / "etc" / file).write_text("\n".join(lines) + "\n", "utf-8")
