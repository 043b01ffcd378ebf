"""Which repository each package was installed from, by the histories of dnf and yum.

dnf keeps a database (libdnf/transaction/sql), which is read as a private copy: sqlite would write
beside it.  yum keeps a file a package: yumdb/N/HASH-name-version-release-arch/from_repo.
"""

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from typing import Dict, Sequence

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import readable
from ng2coreos.model.facts import Package

DNF = "/var/lib/dnf/history.sqlite"
YUM = "/var/lib/yum/yumdb"
_QUERY = """SELECT rpm.name, repo.repoid FROM trans_item
JOIN rpm ON rpm.item_id = trans_item.item_id
JOIN repo ON repo.id = trans_item.repo_id ORDER BY trans_item.id"""


def read(host: Host, packages: Sequence[Package]) -> Dict[str, str]:
    """Name of a package -> its repository, of those that a history knows one for; the last wins.

    What was installed from a file (@commandline) or is on its way out (@System) names none.
    """
    names = {package.name for package in packages}
    found = {name: repository for name, repository in _dnf(host).items() if name in names}
    for package in packages if host.exists(YUM) else ():
        directory = f"{YUM}/{package.name[:1]}"
        tail = f"-{package.name}-{package.version}-{package.release}-{package.arch}"
        for one in host.names(directory):
            # what comes before is a digest, so that no other name ends in the same way
            if one.endswith(tail) and "-" not in one[:-len(tail)]:
                with suppress(BadInput):  # no file: it tells nothing
                    text = host.read_text(f"{directory}/{one}/from_repo", default="")
                    found[package.name] = text.strip()
    return {name: found[name] for name in sorted(found)
            if found[name] and not found[name].startswith("@")}


def _dnf(host: Host) -> Dict[str, str]:
    with readable(DNF), tempfile.TemporaryDirectory(prefix="ng2coreos-dnf-") as private:
        for tail in ("", "-wal"):
            real = host.follow(DNF + tail)
            if real.is_file():
                shutil.copyfile(str(real), f"{private}/history.sqlite{tail}")
        try:
            with closing(sqlite3.connect(f"{private}/history.sqlite")) as connection:
                rows = connection.execute(_QUERY).fetchall()
        except sqlite3.Error:
            return {}  # another format, or damaged: it is not known, and nothing depends on it
    return {str(name): str(repository) for name, repository in rows
            if not str(repository).startswith("@")}
