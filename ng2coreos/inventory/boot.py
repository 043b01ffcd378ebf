"""How the host boots: firmware, the /boot file system, GRUB's files, boot entries, arguments."""

from typing import Optional

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.inventory import bls, grub, mounts
from ng2coreos.inventory.parse import line_of, readable
from ng2coreos.model.facts import Boot, Layout, Mount

_EFI = "/sys/firmware/efi"
# EFI_GLOBAL_VARIABLE; the content is four bytes of attributes and one of value (efivarfs)
_SECURE_BOOT = f"{_EFI}/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def read(host: Host, layout: Layout) -> Boot:
    """The facts; without a /boot of its own those about the partition stay empty."""
    firmware = "uefi" if host.exists(_EFI) else "bios"
    files = grub.read(host, firmware)
    block = _block(host, files.env)
    entries = bls.read(host)
    cmdline = line_of(host, "/proc/cmdline")
    partition: Optional[Mount] = layout.mount("/boot")
    usage = mounts.usage(host, ["/boot"])["/boot"]
    return Boot(
        firmware=firmware, secure_boot=_secure_boot(host),
        boot_source=partition.source if partition else "",
        boot_uuid=partition.uuid if partition else "",
        boot_fstype=partition.fstype if partition else "",
        boot_size_bytes=usage.size_bytes, boot_free_bytes=usage.free_bytes,
        boot_free_inodes=usage.inodes_free,
        grub_cfg=files.cfg, grubenv=files.env, custom_cfg=files.custom_cfg,
        grubenv_size_bytes=len(block), grub_variables=grub.environment(block),
        sources_custom_cfg=files.sources_custom_cfg, handles_next_entry=files.handles_next_entry,
        blscfg=files.blscfg, entries=entries, running_entry=bls.running(entries, cmdline),
        kernel_args=" ".join(w for w in cmdline.split() if not w.startswith("BOOT_IMAGE=")))


def _block(host: Host, path: str) -> bytes:
    """The environment block; nothing where there is none or what is there cannot be one."""
    if not path or not host.exists(path):
        return b""
    with readable(path):
        return host.read_bytes(path)


def _secure_boot(host: Host) -> bool:
    try:
        return host.read_bytes(_SECURE_BOOT)[-1:] == b"\1"
    except (OSError, BadInput):
        return False  # BIOS, or a firmware without the variable
