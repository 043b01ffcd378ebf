"""The daemon: ready only when the host is whole, then it answers on its TLS port.

``systemctl is-active vdsmd`` therefore means: id, certificates and networks are right and the
port is open on the management address.
"""

import json
import os
import socket
import socketserver
import ssl
import sys
import time
from pathlib import Path
from typing import List, Tuple

from .identity import Broken, Pki, read_vdsm_id
from .networks import Netconf, disagreements, live_links, management_address

PORT = 54321
NETWORK_DEADLINE_S = 90.0
_CLIENT_TIMEOUT_S = 30


class Server(socketserver.ThreadingTCPServer):
    """Answers every TLS client with one JSON line, then closes."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: Tuple[str, int], context: ssl.SSLContext, answer: bytes) -> None:
        self.context = context
        self.answer = answer
        super().__init__(address, _Client)


class _Client(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        self.request.settimeout(_CLIENT_TIMEOUT_S)
        try:  # in the client's own thread: a silent client must not stop the others
            with server.context.wrap_socket(self.request, server_side=True) as tls:
                tls.sendall(server.answer)
                try:
                    tls.unwrap()
                except OSError:
                    pass  # the client has the line and left first
        except OSError as error:
            print(f"vdsmd: client {self.client_address[0]}: {error}", file=sys.stderr)


def main(_argv: List[str]) -> int:
    """Check, serve; 1 with one line on stderr when the host is not whole."""
    root = Path("/")
    try:
        vdsm_id = read_vdsm_id(root)
        pki = Pki(root)
        pki.check()
        wanted, address = wait_for_networks(root, NETWORK_DEADLINE_S)
        server = Server((address, PORT), pki.server_context(), answer(vdsm_id, wanted))
    except Broken as error:
        print(f"vdsmd: {error}", file=sys.stderr)
        return 1
    with server:
        notify(f"READY=1\nSTATUS=serving on {address}:{PORT}")
        server.serve_forever()
    return 0


def answer(vdsm_id: str, wanted: Netconf) -> bytes:
    """The line that every client gets."""
    what = {"vdsm_id": vdsm_id, "hostname": socket.gethostname(), "nets": sorted(wanted.nets)}
    return json.dumps(what).encode() + b"\n"


def wait_for_networks(root: Path, deadline_s: float) -> Tuple[Netconf, str]:
    """The persisted networks and the management address, once the kernel's links agree."""
    wanted = Netconf.read(root)
    end = time.monotonic() + deadline_s
    while True:
        links = live_links()
        wrong = disagreements(wanted, links)
        if not wrong:
            return wanted, management_address(wanted, links)
        if time.monotonic() >= end:
            raise Broken("; ".join(wrong))
        notify(f"STATUS=waiting: {wrong[0]}")
        time.sleep(1)


def notify(state: str) -> None:
    """Tell systemd (sd_notify); without a notify socket nothing happens."""
    where = os.environ.get("NOTIFY_SOCKET")
    if where:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(state.encode(), "\0" + where[1:] if where.startswith("@") else where)
