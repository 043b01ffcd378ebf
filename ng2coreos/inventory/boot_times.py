"""How long NG's last boot took, as systemd has recorded it; what it does not know stays unknown."""

from typing import Dict, Optional

from ng2coreos.core.errors import CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.model.facts import BootTimes

# Microseconds (systemd-analyze(1)): the first two before the kernel's start, the others after it.
# Firmware that tells systemd nothing (BIOS; UEFI without ACPI's FPDT) is 0, as is a boot that has
# not ended.
_FIRMWARE, _LOADER = "FirmwareTimestampMonotonic", "LoaderTimestampMonotonic"
_USERSPACE, _FINISH = "UserspaceTimestampMonotonic", "FinishTimestampMonotonic"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_LONGEST_US = 3600 * 1_000_000  # whatever is said to take longer was not measured


def read(host: Host) -> BootTimes:
    """The times; a mounted disk has none, and no answer of systemd's is an error."""
    if not host.exists(_BOOT_ID):
        return BootTimes()
    names = ",".join((_FIRMWARE, _LOADER, _USERSPACE, _FINISH))
    try:
        text = host.run(["systemctl", "show", f"--property={names}"]).stdout
    except (CommandFailed, Unsupported):
        return BootTimes()
    at = _microseconds(text)
    firmware, loader, userspace, finish = (
        at.get(name, 0) for name in (_FIRMWARE, _LOADER, _USERSPACE, _FINISH))
    return BootTimes(
        firmware_s=_between(loader, firmware), loader_s=_between(0, loader),
        kernel_s=_between(0, userspace),
        userspace_s=_between(userspace, finish) if userspace else None)


def _microseconds(text: str) -> Dict[str, int]:
    """NAME=NUMBER lines; what is no such line, or no number of a boot, is left out."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if value.isdecimal() and value.isascii() and len(value) <= len(str(_LONGEST_US)):
            found[name] = int(value)
    return found


def _between(start: int, end: int) -> Optional[float]:
    return round((end - start) / 1_000_000, 3) if start < end <= _LONGEST_US else None
