"""The switch: only frames of the VLAN pass, to both NICs, also after QEMU came back."""

import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
from typing import Iterator, List

import pytest

from tests.rig.switch import Switch, tag, untag

GUEST_MAC = bytes.fromhex("525400000011")
FRAME = b"\xff" * 6 + GUEST_MAC + b"\x08\x00" + b"payload" * 8
QEMU = "qemu-system-x86_64"
needs_qemu = pytest.mark.skipif(shutil.which(QEMU) is None, reason="no QEMU")


class _End:
    """What QEMU is to the relay: a datagram socket at the path that its arguments name."""

    def __init__(self, args: List[str], netdev: str) -> None:
        argument = next(arg for arg in args if f"id={netdev}," in arg)
        local, self.remote = re.findall(r"(?:local|remote)\.path=([^,]+)", argument)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(local)  # as QEMU does before it binds
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(local)
        self.socket.settimeout(10)

    def send(self, frame: bytes) -> None:
        self.socket.sendto(frame, self.remote)

    def receive(self) -> bytes:
        return self.socket.recv(65536)


class _Ends:
    def __init__(self, switch: Switch) -> None:
        args = switch.qemu_args
        self.uplink = _End(args, "swrelay")
        self.nics = {nic: _End(args, switch.link(nic)) for nic in (1, 2)}

    def close(self) -> None:
        for end in (self.uplink, *self.nics.values()):
            end.socket.close()


@pytest.fixture
def switch() -> Iterator[Switch]:
    with Switch() as value:
        yield value


@pytest.fixture
def ends(switch: Switch) -> Iterator[_Ends]:
    value = _Ends(switch)
    yield value
    value.close()


def test_tag_and_untag_are_inverse() -> None:
    assert tag(FRAME, 100)[12:16] == b"\x81\x00\x00\x64"
    assert untag(tag(FRAME, 100), 100) == FRAME
    assert untag(tag(FRAME, 101), 100) is None and untag(FRAME, 100) is None
    assert untag(b"", 100) is None


def test_frames_from_outside_reach_both_nics_tagged(ends: _Ends) -> None:
    ends.uplink.send(FRAME)
    assert ends.nics[1].receive() == ends.nics[2].receive() == tag(FRAME, 100)


def test_only_frames_of_the_vlan_leave(ends: _Ends) -> None:
    for frame in (FRAME, tag(FRAME, 7), tag(b"last" + FRAME, 100)):
        ends.nics[2].send(frame)
    assert ends.uplink.receive() == b"last" + FRAME


class _Echo:
    """A station that sends each frame back, twice."""

    def hear(self, frame: bytes) -> List[bytes]:
        return [b"1" + frame, b"2" + frame]


def test_a_station_hears_its_vlan_and_is_heard_by_both_nics() -> None:
    with Switch(stations={200: _Echo()}) as switch:
        ends = _Ends(switch)
        ends.nics[1].send(tag(b"100" + FRAME, 100))
        ends.nics[1].send(tag(b"200" + FRAME, 200))
        for nic in ends.nics.values():
            assert [nic.receive(), nic.receive()] == [
                tag(b"1200" + FRAME, 200), tag(b"2200" + FRAME, 200)]
        ends.uplink.send(FRAME)
        assert ends.nics[2].receive() == tag(FRAME, 100)
        assert ends.uplink.receive() == b"100" + FRAME
        ends.close()


def test_a_silent_port_forwards_nothing_until_it_is_up(switch: Switch, ends: _Ends) -> None:
    switch.down(1)
    ends.nics[1].send(tag(b"lost" + FRAME, 100))
    ends.nics[2].send(tag(FRAME, 100))
    assert ends.uplink.receive() == FRAME
    ends.uplink.send(FRAME)
    assert ends.nics[2].receive() == tag(FRAME, 100)
    switch.up(1)
    ends.uplink.send(b"next" + FRAME)
    assert ends.nics[1].receive() == tag(b"next" + FRAME, 100)


def test_it_survives_the_end_and_return_of_qemu(switch: Switch, ends: _Ends) -> None:
    ends.close()
    relay = ends.uplink.remote
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.sendto(FRAME, relay)  # nobody listens behind the relay now
        again = _Ends(switch)
    again.uplink.send(b"again" + FRAME)
    while again.nics[1].receive() != tag(b"again" + FRAME, 100):
        pass  # the frame before may have come through, or not
    again.close()


@contextlib.contextmanager
def _qemu(args: List[str]) -> Iterator["subprocess.Popen[bytes]"]:
    argv = [QEMU, "-machine", "none", "-nodefaults", "-display", "none", "-monitor", "stdio", *args]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while b"(qemu)" not in os.read(
            process.stdout.fileno(), 4096
        ):  # the network is set up by then
            pass
        yield process
        process.kill()


@needs_qemu
def test_a_client_of_the_host_port_reaches_the_guest_address_through_the_vlan() -> None:
    """The user network of a real QEMU asks for the guest by ARP, then opens its port; twice."""
    with Switch(vlan=42, address="192.0.2.77", port=4321) as switch:
        guest = _End(switch.qemu_args, switch.link(1))
        for _ in range(2):
            with _qemu(switch.uplink_args):
                with socket.create_connection(("127.0.0.1", switch.host_port), 10):
                    request = _next(guest, b"\x08\x06", 42)
                    assert request[38:42] == socket.inet_aton("192.0.2.77")
                    ours, theirs = request[38:42], request[28:32]
                    arp = b"\x00\x01\x08\x00\x06\x04\x00\x02" + GUEST_MAC + ours + request[22:28]
                    reply = request[6:12] + GUEST_MAC + b"\x08\x06" + arp + theirs
                    guest.send(tag(reply.ljust(60, b"\0"), 42))
                    segment = _next(guest, b"\x08\x00", 42)
                    assert segment[30:34] == socket.inet_aton("192.0.2.77")
                    assert struct.unpack("!H", segment[36:38])[0] == 4321
        guest.socket.close()


def _next(end: _End, ethertype: bytes, vlan: int) -> bytes:
    while True:
        frame = untag(end.receive(), vlan)
        assert frame is not None
        if frame[12:14] == ethertype:
            return frame


@needs_qemu
def test_a_machine_accepts_the_arguments() -> None:
    with Switch() as switch:
        argv = [QEMU, "-machine", "q35,accel=tcg", "-nodefaults", "-display", "none", "-S"]
        argv += ["-monitor", "stdio", *switch.qemu_args]
        done = subprocess.run(
            argv, input=b"info network\nquit\n", stdout=subprocess.PIPE, timeout=60, check=True
        )
    assert b"nic1: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:00:00:11" in done.stdout
