"""What of NG's volumes and trees stays behind on this host, so that a plan can name it."""

import stat
from typing import Dict, Iterable

from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import readable
from ng2coreos.model.plan import Tree, Volume


def read(host: Host, volumes: Iterable[Volume], trees: Iterable[Tree]) -> Dict[str, str]:
    """The kind (directory, symlink or file) of each path that is there now; changes nothing."""
    tops = [(v.source_mount, v.left) for v in volumes if v.source_mount]
    tops += [(t.source, t.left) for t in trees]
    found: Dict[str, str] = {}
    for source, left in tops:
        with readable(source):
            top = host.path(source)
            for path in left.found(top) if top.is_dir() and not top.is_symlink() else ():
                name = f"{source}/{path.relative_to(top)}"
                info = host.lstat(name)
                if info is not None:
                    found[name] = ("directory" if stat.S_ISDIR(info.st_mode) else
                                   "symlink" if stat.S_ISLNK(info.st_mode) else "file")
    return found
