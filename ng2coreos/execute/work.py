"""Where an image is unpacked or pulled to, while it is read."""

import fcntl
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator

from ng2coreos.core import durable
from ng2coreos.core.host import Host
from ng2coreos.model.target import TargetSource

_PREFIX = "ng2coreos-image-"
_SMALL, _LARGE = "/run", "/var/tmp"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def work_directory(host: Host, source: TargetSource) -> Iterator[Path]:
    """A private directory for unpacking, gone afterwards; so are those that killed commands left.

    A local repo needs next to nothing: /run serves, and then nothing is written to a disk. Images
    that are unpacked or pulled do not fit into memory and go to /var/tmp.
    """
    with suppress(OSError):  # on a disk that is read-only it has to stay
        clear(host)
    place = host.follow(_SMALL if source.kind == "repo" else _LARGE)
    try:
        while True:
            with TemporaryDirectory(prefix=_PREFIX, dir=str(place)) as name:
                try:
                    held = os.open(name, _DIRECTORY)
                except FileNotFoundError:
                    continue  # another command took it for left behind, before it was held
                try:
                    fcntl.flock(held, fcntl.LOCK_EX)
                    if os.path.isdir(name):
                        yield Path(name)
                        return
                finally:
                    os.close(held)
    finally:
        durable.sync_directory(place)  # a power cut must not bring it back


def clear(host: Host) -> None:
    """Remove the work directories of killed commands; whoever is at work holds a lock on its own.

    A running process' lock goes with it, whatever ended it.  /var/tmp is everybody's: what is not
    ours is not touched, and no link is followed.
    """
    for place in (_SMALL, _LARGE):
        directory = host.follow(place)
        for name in sorted(os.listdir(str(directory))) if directory.is_dir() else ():
            if name.startswith(_PREFIX):
                _remove_if_left(directory / name)


def _remove_if_left(path: Path) -> None:
    try:
        held = os.open(str(path), _DIRECTORY)
    except OSError:  # a file, a link, or gone
        return
    try:
        info = os.fstat(held)
        if info.st_uid == os.geteuid() and stat.S_IMODE(info.st_mode) == 0o700:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            durable.remove(path)
    except BlockingIOError:
        return
    finally:
        os.close(held)
