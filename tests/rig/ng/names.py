"""Names and numbers of the stand-in host, in one place."""

import uuid
from typing import NamedTuple

from ..grub import BOOT_UUID, EFI_VENDOR

__all__ = ["BOOT_UUID", "EFI_VENDOR", "Generation", "fs_uuid"]


class Generation(NamedTuple):
    """One image: its base and the layer made from it."""

    version: str
    nvr: str

    @property
    def layer(self) -> str:
        return f"{self.nvr}+1"


OLD = Generation("4.5.4", "ovirt-node-ng-4.5.4-0.20221206.0")
NEW = Generation("4.5.5", "ovirt-node-ng-4.5.5-0.20231130.0")
VG = "onn_node01"
POOL = "pool00"
HOSTNAME = "node01.example.org"
ESP_ID = "9B3A7F21"
DATA_VG = "6d1c1c0e-2f0b-4b1b-9a57-0f7e7c3a9d11"
DOMAIN_POOL = "8f2b8a52-6b1f-11ee-9d0c-00163e7a1b2c"
BACK_DOOR_MAC = "52:54:00:00:00:01"
NIC_MACS = ("52:54:00:00:00:11", "52:54:00:00:00:12")
VLAN = 100
ADDRESS = "192.0.2.10"
GATEWAY = "192.0.2.2"

# mount point -> (LV, size); "/var/tmp" was added by imgbased when the host was updated
VOLUMES = {
    "/home": ("home", "1G"),
    "/tmp": ("tmp", "1G"),
    "/var": ("var", "2G"),
    "/var/crash": ("var_crash", "512M"),
    "/var/log": ("var_log", "1G"),
    "/var/log/audit": ("var_log_audit", "512M"),
    "/var/tmp": ("var_tmp", "1G"),
}


def fs_uuid(name: str) -> str:
    """The file system UUID of `name`: the same in each build, different from every other's."""
    return str(uuid.uuid5(uuid.UUID(BOOT_UUID), name))
