"""QEMU's command line for a guest of the rig."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence

from .guestfiles import BACK_DOOR_MAC, SSH_PORT
from .switch import MACS

# TCG runs `rep stosb` byte by byte, so with erms/fsrm a guest spends its time clearing pages;
# QEMU 7.2's cmpxchg16b corrupts flags and Linux 6.12 oopses in kmalloc; the others only cost time.
CPU = "max,-erms,-fsrm,-la57,-svm,-pku,-cx16"
OVMF = Path("/usr/share/OVMF")
VARS = "vars.qcow2"
PAYLOADS = 2
# What the guest flushes is in this machine's page cache when QEMU is killed; what it does not flush
# may be lost.  No fsync beyond that: this machine's own power is not what is tested.
_CACHE = "cache=writeback,file.cache.no-flush=on,discard=unmap"
# The switch's NICs get the first free PCI slots, so their names depend on no other device.
_FIRST_SLOT = 0x10


@dataclass(frozen=True)
class Machine:
    """The hardware of a guest; all its sockets and logs lie in `directory`."""

    directory: Path
    firmware: str
    disks: Sequence[Path]
    payload: Sequence[Path]
    ssh_port: int
    nics: Optional[Sequence[str]]
    memory_mib: int
    cpus: int

    def argv(self) -> List[str]:
        """The command; setpriv sees to it that no QEMU outlives the process that started it."""
        argv = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64"]
        for options in (self._board(), self._storage(), self._network()):
            argv += options
        return argv

    def _board(self) -> List[str]:
        here = self.directory
        console = f"path={here}/serial.sock,server=on,wait=off,logfile={here}/serial.log"
        return [
            *("-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", CPU),
            *("-smp", str(self.cpus), "-m", str(self.memory_mib), "-display", "none"),
            *("-vga", "none", "-device", _device("virtio-rng-pci", _FIRST_SLOT)),
            *("-chardev", f"socket,id=serial,{console},logappend=on", "-serial", "chardev:serial"),
            *("-qmp", f"unix:{here}/qmp.sock,server=on,wait=off"),
        ]

    def _storage(self) -> List[str]:
        argv: List[str] = []
        slot = _FIRST_SLOT + 2
        for index, path in enumerate(self.disks):
            name = f"id=drive{index},node-name=disk{index}"
            device = f"virtio-blk-pci,drive=drive{index},serial=rig{index},bootindex={index}"
            argv += ["-drive", f"if=none,{name},file={path},format=qcow2,{_CACHE}"]
            argv += ["-device", _device(device, slot + index)]
        slot += len(self.disks)
        for index in range(PAYLOADS):  # behind ports of their own: they can come later
            port = f"pcie-root-port,id=port{index},chassis={index + 1}"
            argv += ["-device", _device(port, slot + index)]
        for index, path in enumerate(self.payload):
            name = f"payload{index}"
            file = f"file={os.path.abspath(path)},format=raw,readonly=on"
            argv += ["-drive", f"if=none,id={name},{file}"]
            argv += [
                "-device",
                f"virtio-blk-pci,drive={name},bus=port{index},serial={name},id={name}",
            ]
        if self.firmware == "uefi":
            code, variables = OVMF / "OVMF_CODE_4M.fd", self.directory / VARS
            argv += ["-drive", f"if=pflash,format=raw,readonly=on,file={code}"]
            argv += ["-drive", f"if=pflash,node-name=vars,format=qcow2,file={variables}"]
        return argv

    def _network(self) -> List[str]:
        forward = f"hostfwd=tcp:127.0.0.1:{self.ssh_port}-:{SSH_PORT}"
        back_door = f"virtio-net-pci,netdev=backdoor,mac={BACK_DOOR_MAC},romfile="
        argv = ["-netdev", f"user,id=backdoor,restrict=on,ipv6=off,{forward}"]
        argv += ["-device", _device(back_door, _FIRST_SLOT + 1)]
        if self.nics is not None:
            return [*argv, *self.nics]
        for nic, mac in MACS.items():
            argv += ["-device", f"virtio-net-pci,id=nic{nic},mac={mac}"]
        return argv


def _device(description: str, slot: int) -> str:
    return f"{description},addr={slot:#x}"
