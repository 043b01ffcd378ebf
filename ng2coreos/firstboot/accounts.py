"""Users and groups of the new system by name and number.

The running system is asked through NSS (its files, altfiles and whatever else it has); a tree of
files by its passwd and group files, /etc before /usr/lib as nss-altfiles has it.
"""

import grp
import pwd
from dataclasses import dataclass
from typing import List, Optional, Tuple

from ng2coreos.core.host import Host

_DIRECTORIES = ("/etc", "/usr/lib")


@dataclass(frozen=True)
class Account:
    """A user: name and numbers."""

    name: str
    uid: int
    gid: int


class Accounts:
    """The accounts of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def user(self, name: str) -> Optional[Account]:
        """The user called `name`."""
        return next((u for u in self._users(name=name)), None)

    def user_name(self, uid: int) -> str:
        """The name of user `uid`, or its number where it has none."""
        return next((u.name for u in self._users(uid=uid)), str(uid))

    def group_name(self, gid: int) -> str:
        """The name of group `gid`, or its number where it has none."""
        if self._host.live:
            try:
                return grp.getgrgid(gid).gr_name
            except KeyError:
                return str(gid)
        return next((row[0] for row in self._rows("group") if row[2] == str(gid)), str(gid))

    def groups_of(self, account: Account) -> Tuple[str, ...]:
        """The names of the groups that the user is in, its primary one included."""
        primary = self.group_name(account.gid)
        if self._host.live:
            return (primary, *(g.gr_name for g in grp.getgrall() if account.name in g.gr_mem))
        return (primary, *(row[0] for row in self._rows("group")
                           if len(row) > 3 and account.name in row[3].split(",")))

    def _users(self, *, name: str = "", uid: int = -1) -> List[Account]:
        if self._host.live:
            try:
                found = pwd.getpwnam(name) if name else pwd.getpwuid(uid)
            except KeyError:
                return []
            return [Account(found.pw_name, found.pw_uid, found.pw_gid)]
        return [Account(row[0], int(row[2]), int(row[3])) for row in self._rows("passwd")
                if (row[0] == name if name else row[2] == str(uid))]

    def _rows(self, table: str) -> List[List[str]]:
        return [line.split(":") for directory in _DIRECTORIES
                for line in self._host.read_text(f"{directory}/{table}", default="").splitlines()
                if line.count(":") >= 3]
