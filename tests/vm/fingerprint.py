"""Run in a guest by python3: a manifest of directory trees, one file system each, as JSON lines.

argv: roots. Each line is [path, mode, uid, gid, size or link or "", sha256 or "", xattrs].
Times are left out: reading a file, or a daemon that rewrites the same bytes, is no change.
"""

import hashlib
import json
import os
import stat
import sys
from typing import Any, List, Union


def fact(path: str, info: os.stat_result) -> List[Any]:
    """What is at `path`."""
    kind = stat.S_IFMT(info.st_mode)
    digest = ""
    size: Union[int, str] = ""
    if kind == stat.S_IFREG:
        total = hashlib.sha256()
        with open(path, "rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                total.update(block)
        digest, size = total.hexdigest(), info.st_size
    elif kind == stat.S_IFLNK:
        size = os.readlink(path)
    try:
        xattrs = {name: os.getxattr(path, name, follow_symlinks=False).hex()
                  for name in os.listxattr(path, follow_symlinks=False)}
    except OSError:
        xattrs = {}
    return [path, info.st_mode, info.st_uid, info.st_gid, size, digest, xattrs]


def main(roots: List[str]) -> None:
    """Print the manifest of every root."""
    for root in roots:
        device = os.lstat(root).st_dev
        stack = [root]
        while stack:
            path = stack.pop()
            info = os.lstat(path)
            if info.st_dev != device:
                continue
            if stat.S_ISSOCK(info.st_mode):
                continue
            print(json.dumps(fact(path, info)))
            if stat.S_ISDIR(info.st_mode):
                stack.extend(os.path.join(path, name) for name in os.listdir(path))


main(sys.argv[1:])
