"""What the engine gives a host: a CA, and one key and certificate for vdsm and libvirt."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .names import ADDRESS, HOSTNAME

_DAYS = "3650"
VDSM_UID = 36
KVM_GID = 36


def install(tree: Path) -> None:
    """Put the CA, vdsm's and libvirt's files into `tree`, owners and modes as after enrolment."""
    with tempfile.TemporaryDirectory(prefix="rig-pki-") as temporary:
        work = Path(temporary)
        _make(work)
        for name, source, owner, mode in (
            ("etc/pki/CA/cacert.pem", "ca.pem", (0, 0), 0o644),
            ("etc/pki/vdsm/certs/cacert.pem", "ca.pem", (VDSM_UID, KVM_GID), 0o644),
            ("etc/pki/vdsm/certs/vdsmcert.pem", "host.pem", (VDSM_UID, KVM_GID), 0o644),
            ("etc/pki/vdsm/keys/vdsmkey.pem", "host.key", (VDSM_UID, KVM_GID), 0o440),
            ("etc/pki/libvirt/clientcert.pem", "host.pem", (0, 0), 0o644),
            ("etc/pki/libvirt/private/clientkey.pem", "host.key", (0, 0), 0o440),
        ):
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(work / source, path)
            os.chown(path, *owner)
            path.chmod(mode)
    for directory in ("etc/pki/vdsm", "etc/pki/vdsm/certs", "etc/pki/vdsm/keys"):
        os.chown(tree / directory, VDSM_UID, KVM_GID)


def _make(work: Path) -> None:
    subject = "/C=US/O=example.org/CN="
    _openssl(
        work,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        _DAYS,
        "-subj",
        f"{subject}engine.example.org.54127",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    )
    _openssl(
        work,
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        f"{subject}{HOSTNAME}",
        "-keyout",
        "host.key",
        "-out",
        "host.csr",
    )
    (work / "extensions").write_text(
        "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n"
        f"subjectAltName=DNS:{HOSTNAME},IP:{ADDRESS}\n",
        "ascii",
    )
    _openssl(
        work,
        "x509",
        "-req",
        "-in",
        "host.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        _DAYS,
        "-extfile",
        "extensions",
        "-out",
        "host.pem",
    )


def _openssl(work: Path, *argv: str) -> None:
    subprocess.run(
        ["openssl", *argv],
        cwd=work,
        check=True,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
