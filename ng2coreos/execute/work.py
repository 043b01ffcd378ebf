"""Where an image is unpacked or pulled to, while it is read."""

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator

from ng2coreos.core.host import Host
from ng2coreos.model.target import TargetSource


@contextmanager
def work_directory(host: Host, source: TargetSource) -> Iterator[Path]:
    """A private directory for unpacking, gone afterwards.

    A local repo needs next to nothing: /run serves, and then nothing is written to a disk. Images
    that are unpacked or pulled do not fit into memory and go to /var/tmp.
    """
    place = host.follow("/run" if source.kind == "repo" else "/var/tmp")
    with TemporaryDirectory(prefix="ng2coreos-", dir=str(place)) as name:
        yield Path(name)
