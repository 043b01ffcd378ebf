"""The stand-in for vdsm: a daemon and two commands that work only on a host whose state is whole.

It runs on both systems, and its health is what the rig asks for after a migration.  The tree must
have python3, iproute2 and the user vdsm (36:36, group kvm); nothing here adds users.
"""

import shutil
from pathlib import Path

_LIBEXEC = "usr/libexec/vdsm"
_ENTRY = """#!/usr/bin/python3
import sys

sys.path.insert(0, "/usr/libexec/vdsm")
from rigvdsm import {module}

sys.exit({module}.{function}(sys.argv[1:]))
"""
_COMMANDS = (
    (f"{_LIBEXEC}/vdsmd", "daemon", "main"),
    ("usr/bin/vdsm-client", "tools", "client"),
    ("usr/bin/vdsm-tool", "tools", "tool"),
)
# As real vdsm's unit, it does not ask for network-online.target: it waits for its own networks.
_UNIT = """[Unit]
Description=Virtual Desktop Server Manager (stand-in)
After=network.target network-online.target NetworkManager.service

[Service]
Type=notify
NotifyAccess=main
User=vdsm
Group=kvm
ExecStart=/usr/libexec/vdsm/vdsmd
TimeoutStartSec=240

[Install]
WantedBy=multi-user.target
"""
_TMPFILES = "d /run/vdsm 0755 vdsm kvm -\n"


def install(tree: Path) -> None:
    """Put the daemon, its unit (not enabled) and the commands into `tree`, replacing older ones."""
    package = tree / _LIBEXEC / "rigvdsm"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(
        Path(__file__).parent / "rigvdsm", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, module, function in _COMMANDS:
        _write(tree / name, _ENTRY.format(module=module, function=function), 0o755)
    _write(tree / "usr/lib/systemd/system/vdsmd.service", _UNIT, 0o644)
    _write(tree / "usr/lib/tmpfiles.d/vdsm.conf", _TMPFILES, 0o644)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)
