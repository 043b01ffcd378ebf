"""What a run takes, read while it goes on: the pool's exact fill, and /boot's.

device-mapper tells the pool's fill in chunks; LVM's percentages have two digits, which on a large
pool is more than a whole run takes.
"""

import logging
import os
import re
from typing import Dict

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.host import Host

POOL, METADATA, BOOT, BOOT_INODES = "pool_bytes", "metadata_bytes", "boot_bytes", "boot_inodes"
_LOG = logging.getLogger(__name__)
_METADATA_BLOCK = 4096  # drivers/md/dm-thin-metadata.h, THIN_METADATA_BLOCK_SIZE
_SECTOR = 512
_CHUNK_SECTORS = 128  # chunks are multiples of 64 KiB
_STATUS = re.compile(r"^\d+ (\d+) thin-pool \d+ (\d+)/\d+ (\d+)/(\d+) ", re.MULTILINE)


def gauge(host: Host, vg: str, pool: str, boot: str) -> Dict[str, int]:
    """Bytes and inodes in use now; without what cannot be read: no run fails for want of a figure.
    """
    return {**_pool(host, vg, pool), **_boot(host, boot)}


def _pool(host: Host, vg: str, pool: str) -> Dict[str, int]:
    name = f"{_mangled(vg)}-{_mangled(pool)}-tpool"
    try:
        text = host.run(["dmsetup", "status", name]).stdout
    except Ng2CoreosError as error:
        _LOG.debug("how full %s/%s is cannot be measured: %s", vg, pool, error)
        return {}
    found = _STATUS.search(text)
    if found is None:
        return {}
    sectors, metadata, used, chunks = (int(word) for word in found.groups())
    if not chunks:
        return {}
    chunk = max(1, round(sectors / chunks / _CHUNK_SECTORS)) * _CHUNK_SECTORS * _SECTOR
    return {POOL: used * chunk, METADATA: metadata * _METADATA_BLOCK}


def _boot(host: Host, boot: str) -> Dict[str, int]:
    try:
        status = os.statvfs(str(host.path(boot)))
    except OSError as error:
        _LOG.debug("how full %s is cannot be measured: %s", boot, error)
        return {}
    return {BOOT: (status.f_blocks - status.f_bfree) * status.f_frsize,
            BOOT_INODES: status.f_files - status.f_ffree}


def _mangled(name: str) -> str:
    """As device-mapper's names have it: a hyphen in a part is doubled."""
    return name.replace("-", "--")
