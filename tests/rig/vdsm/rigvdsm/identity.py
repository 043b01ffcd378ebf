"""The host's identity as vdsm sees it: its id and its certificate.  A broken one is a `Broken`."""

import os
import ssl
import uuid
from pathlib import Path

VDSM_UID = 36


class Broken(Exception):
    """The host is not whole; the message is one line that names what failed."""


class Pki:
    """vdsm's three files below `root`."""

    def __init__(self, root: Path) -> None:
        self.ca = root / "etc/pki/vdsm/certs/cacert.pem"
        self.cert = root / "etc/pki/vdsm/certs/vdsmcert.pem"
        self.key = root / "etc/pki/vdsm/keys/vdsmkey.pem"

    def server_context(self) -> ssl.SSLContext:
        """TLS with the host's certificate; fails when the key does not belong to it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.cert, self.key)
        except (ssl.SSLError, OSError) as error:
            raise Broken(f"{self.cert} and {self.key} do not make a pair: {error}") from error
        return context

    def check(self, uid: int = VDSM_UID) -> None:
        """All are there and `uid`'s, the key is private, the CA vouches for the certificate."""
        for path in (self.ca, self.cert, self.key):
            try:
                status = path.stat()
            except OSError as error:
                raise Broken(f"{path}: {error.strerror}") from error
            if status.st_uid != uid:
                raise Broken(f"{path} belongs to uid {status.st_uid}, not to {uid}")
            if path == self.key and status.st_mode & 0o007:
                raise Broken(f"{path} can be used by others (mode {status.st_mode & 0o7777:04o})")
            if not os.access(path, os.R_OK):
                raise Broken(f"{path} cannot be read by uid {os.geteuid()}")
        self._verify_chain()

    def _verify_chain(self) -> None:
        """A handshake in memory: the standard library verifies a certificate nowhere else."""
        client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client_context.check_hostname = False
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.server_context().wrap_bio(to_server, to_client, server_side=True)
        try:
            client_context.load_verify_locations(self.ca)
            client = client_context.wrap_bio(to_client, to_server)
            for _ in range(4):
                for side in (client, server):
                    try:
                        side.do_handshake()
                    except ssl.SSLWantReadError:
                        pass
            if client.getpeercert() is None:
                raise Broken(f"{self.cert} did not complete a handshake")
        except ssl.SSLError as error:
            raise Broken(f"{self.cert} is not verified by {self.ca}: {error}") from error


def read_vdsm_id(root: Path) -> str:
    """The host's id for the engine, a UUID."""
    path = root / "etc/vdsm/vdsm.id"
    try:
        text = path.read_text("ascii").strip()
        uuid.UUID(text)
    except OSError as error:
        raise Broken(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Broken(f"{path} holds no UUID") from error
    return text
