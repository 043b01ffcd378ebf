"""Who the host is: its name, its machine id, its product, its kernel and its memory."""

import re
from dataclasses import dataclass

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import assignments, line_of, readable

_MACHINE_ID = re.compile(r"[0-9a-f]{32}")
_NAMELESS = ("", "localhost", "localhost.localdomain", "localhost4", "localhost6")


@dataclass(frozen=True)
class HostIdentity:
    """The part of HostFacts that is about the host as a whole."""

    fqdn: str
    machine_id: str
    arch: str
    product: str
    variant_id: str
    kernel: str
    boot_id: str
    memory_bytes: int


def read(host: Host) -> HostIdentity:
    """The facts; BadInput where the host has no machine id, which everything else is tied to."""
    machine_id = line_of(host, "/etc/machine-id")
    if not _MACHINE_ID.fullmatch(machine_id):
        raise BadInput("/etc/machine-id does not hold a machine id.",
                       hint="Make one with `systemd-machine-id-setup`.")
    with readable("/etc/os-release"):
        release = assignments(host.read_text("/etc/os-release", default=""))
    return HostIdentity(
        fqdn=_fqdn(host), machine_id=machine_id, arch=host.run(["uname", "-m"]).stdout.strip(),
        product=release.get("PRETTY_NAME", ""), variant_id=release.get("VARIANT_ID", ""),
        kernel=line_of(host, "/proc/sys/kernel/osrelease"),
        boot_id=line_of(host, "/proc/sys/kernel/random/boot_id"), memory_bytes=_memory(host))


def _fqdn(host: Host) -> str:
    """The static name, else the one in force; a short one is made whole by /etc/hosts, not DNS."""
    name = line_of(host, "/etc/hostname")
    if name in _NAMELESS:
        name = line_of(host, "/proc/sys/kernel/hostname")
    if "." in name or name in _NAMELESS:
        return name
    with readable("/etc/hosts"):
        text = host.read_text("/etc/hosts", default="")
    for line in text.splitlines():
        names = line.partition("#")[0].split()[1:]
        full = [n for n in names if n.startswith(f"{name}.")]
        if full and full[0].split(".")[1] not in ("localdomain", "localhost"):
            return full[0]
    return name


def _memory(host: Host) -> int:
    with readable("/proc/meminfo"):
        match = re.search(r"^MemTotal:\s+([0-9]+) kB", host.read_text("/proc/meminfo", default=""),
                          re.M)
    return int(match.group(1)) * 1024 if match else 0
