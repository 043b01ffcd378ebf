"""A switch for one guest: two NICs on a trunk, and a way in from 127.0.0.1 through VLAN and bond.

    127.0.0.1:host_port -> QEMU's user network (192.0.2.0/24) -> relay: adds the VLAN -> NICs

What arrives therefore proves the guest's whole chain: NIC, bond, VLAN device, bridge, address.
Other VLANs of the trunk may have a station each, such as a server of addresses (dhcp.py).
No privileges are needed; all sockets are UNIX datagram sockets in a private directory.  The relay
lives in this process, so a guest may be reset, killed and started again with the same arguments.
"""

import ipaddress
import os
import selectors
import shutil
import socket
import struct
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Dict, Iterable, List, Mapping, Optional, Protocol, Set, Type

MACS = {1: "52:54:00:00:00:11", 2: "52:54:00:00:00:12"}
_ETHERTYPE_VLAN = b"\x81\x00"
_MACS_LEN = 12
_VID_MASK = 0x0FFF
_FRAME_MAX = 65536
_UPLINK = "uplink"


def tag(frame: bytes, vlan: int) -> bytes:
    """The frame with an 802.1Q tag."""
    return frame[:_MACS_LEN] + _ETHERTYPE_VLAN + struct.pack("!H", vlan) + frame[_MACS_LEN:]


def untag(frame: bytes, vlan: int) -> Optional[bytes]:
    """The frame without its tag; None if it does not belong to the VLAN."""
    start, end = _MACS_LEN, _MACS_LEN + 4
    if len(frame) < end + 2 or frame[start : start + 2] != _ETHERTYPE_VLAN:
        return None
    if struct.unpack("!H", frame[start + 2 : end])[0] & _VID_MASK != vlan:
        return None
    return frame[:start] + frame[end:]


class Station(Protocol):
    """The other machine on a VLAN."""

    def hear(self, frame: bytes) -> Iterable[bytes]:
        """The frames that it sends on this one; both without a tag."""


class Switch:
    """A context: the relay runs inside of it.  One guest at a time may use `qemu_args`."""

    def __init__(
        self,
        *,
        vlan: int = 100,
        address: str = "192.0.2.10",
        port: int = 54321,
        stations: Optional[Mapping[int, Station]] = None,
    ) -> None:
        """`stations` are what else the guest finds on the trunk, by VLAN."""
        self.vlan = vlan
        self.stations = dict(stations or {})
        self.address = ipaddress.IPv4Address(address)
        self.port = port
        self.host_port = 0
        self._down: Set[int] = set()

    def __enter__(self) -> "Switch":
        self._dir = Path(tempfile.mkdtemp(prefix="rigsw"))  # short: a UNIX path has 107 bytes
        self.host_port = _free_port()
        self._sockets: Dict[str, socket.socket] = {}
        for name in (_UPLINK, *map(str, MACS)):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.bind(str(self._dir / f"{name}.relay"))
            sock.setblocking(False)
            self._sockets[name] = sock
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._relay, name="rig-switch", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        os.close(self._stop_write)
        self._thread.join()
        os.close(self._stop_read)
        for sock in self._sockets.values():
            sock.close()
        shutil.rmtree(self._dir)

    @property
    def qemu_args(self) -> List[str]:
        """The guest's NICs 1 and 2 and the hidden user network behind the switch."""
        args = list(self.uplink_args)
        for nic, mac in MACS.items():
            device = f"virtio-net-pci,id=nic{nic},netdev={self.link(nic)},mac={mac}"
            args += ["-netdev", self._dgram(self.link(nic), str(nic)), "-device", device]
        return args

    @property
    def uplink_args(self) -> List[str]:
        """The part of `qemu_args` that is no NIC: user network and relay joined by a hub."""
        network = ipaddress.IPv4Network(f"{self.address}/24", strict=False)
        router = next(host for host in list(network)[2:] if host != self.address)
        forward = f"tcp:127.0.0.1:{self.host_port}-{self.address}:{self.port}"
        user = f"user,id=swuser,ipv6=off,net={network},host={router},restrict=on,hostfwd={forward}"
        return [
            *("-netdev", user),
            *("-netdev", self._dgram("swrelay", _UPLINK)),
            *("-netdev", "hubport,id=swhub1,hubid=100,netdev=swuser"),
            *("-netdev", "hubport,id=swhub2,hubid=100,netdev=swrelay"),
        ]

    def link(self, nic: int) -> str:
        """The NIC's name for QEMU's `set_link`, which also takes the carrier away."""
        return f"swnic{nic}"

    def down(self, nic: int) -> None:
        """The switch's port goes silent both ways; the guest's carrier stays (see `link`)."""
        self._down.add(nic)

    def up(self, nic: int) -> None:
        """The port forwards again."""
        self._down.discard(nic)

    def _dgram(self, netdev: str, name: str) -> str:
        ours, theirs = self._dir / f"{name}.relay", self._dir / f"{name}.qemu"
        local = f"local.type=unix,local.path={theirs}"
        return f"dgram,id={netdev},{local},remote.type=unix,remote.path={ours}"

    def _relay(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop_read, selectors.EVENT_READ)
            for name, sock in self._sockets.items():
                selector.register(sock, selectors.EVENT_READ, name)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    self._forward(key.data, self._sockets[key.data].recv(_FRAME_MAX))

    def _forward(self, source: str, frame: bytes) -> None:
        """Frames from the user network go to every NIC: a bond drops them on its passive port."""
        if source == _UPLINK:
            self._flood(frame, self.vlan)
        elif int(source) not in self._down:
            plain = untag(frame, self.vlan)
            if plain is not None:
                self._send(_UPLINK, plain)
            for vlan, station in self.stations.items():
                heard = untag(frame, vlan)
                for answer in station.hear(heard) if heard is not None else ():
                    self._flood(answer, vlan)

    def _flood(self, frame: bytes, vlan: int) -> None:
        for nic in set(MACS) - self._down:
            self._send(str(nic), tag(frame, vlan))

    def _send(self, name: str, frame: bytes) -> None:
        try:
            self._sockets[name].sendto(frame, str(self._dir / f"{name}.qemu"))
        except (BlockingIOError, FileNotFoundError, ConnectionRefusedError):
            pass  # no QEMU, or it is slow: a switch loses frames


def _free_port() -> int:
    """A TCP port that is free now; QEMU takes it at each start."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
