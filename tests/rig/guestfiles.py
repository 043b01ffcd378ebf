"""What makes a tree a guest: its back door (first NIC, own sshd on port 2222) and its console.

All of it lies in /usr and needs nothing of /etc, so it works whatever the tool carries there, and
the host's own sshd on port 22 stays the host's.
"""

import shutil
from pathlib import Path

from .keys import private_key, public_key

BACK_DOOR_MAC = "52:54:00:00:00:01"
SSH_PORT = 2222
_SHARE = "usr/share/rig"
_UNITS = "usr/lib/systemd/system"

_FILES = {
    # DHCP by systemd-networkd on the first NIC only; no route and no name server come from it.
    "usr/lib/systemd/network/10-rig.network": f"""[Match]
MACAddress={BACK_DOOR_MAC}
[Network]
DHCP=ipv4
LinkLocalAddressing=no
[DHCPv4]
UseRoutes=no
UseDNS=no
UseNTP=no
UseHostname=no
[Link]
RequiredForOnline=no
""",
    # The other NICs are NetworkManager's, and each of the two leaves alone what is the other's.
    "usr/lib/systemd/networkd.conf.d/10-rig.conf": """[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
""",
    "usr/lib/NetworkManager/conf.d/10-rig.conf": f"""[keyfile]
unmanaged-devices=mac:{BACK_DOOR_MAC}

[main]
no-auto-default=*
""",
    # Devices and services get more than 90 s to appear: several guests may share two noisy cores.
    "usr/lib/systemd/system.conf.d/10-rig.conf": "[Manager]\nDefaultTimeoutStartSec=300\n",
    f"{_SHARE}/sshd_config": f"""Port {SSH_PORT}
HostKey /{_SHARE}/ssh_host_ed25519_key
AuthorizedKeysFile /{_SHARE}/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM yes
UseDNS no
PidFile none
Subsystem sftp internal-sftp
""",
    f"{_UNITS}/rig-sshd.service": f"""[Unit]
Description=Back door of the rig
After=systemd-networkd.service
[Service]
ExecStart=/usr/sbin/sshd -D -f /{_SHARE}/sshd_config
RuntimeDirectory=sshd
RuntimeDirectoryPreserve=yes
KillMode=process
Restart=on-failure
""",
    f"{_UNITS}/serial-getty@ttyS0.service.d/10-rig.conf": """[Service]
ExecStart=
ExecStart=-/sbin/agetty -a root --noclear %I 115200 vt220
""",
}
_WANTED = ("systemd-networkd.service", "rig-sshd.service")


def install(tree: Path) -> None:
    """Open the back door of `tree` to the rig's key; it needs systemd-networkd and sshd."""
    for name, text in _FILES.items():
        _write(tree / name, text)
    _write(tree / _SHARE / "authorized_keys", public_key())
    host_key = tree / _SHARE / "ssh_host_ed25519_key"
    shutil.copyfile(private_key().with_name("host_key"), host_key)
    host_key.chmod(0o600)
    wants = tree / _UNITS / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    for unit in _WANTED:
        if not (wants / unit).is_symlink():
            (wants / unit).symlink_to(f"../{unit}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "ascii")
    path.chmod(0o644)
