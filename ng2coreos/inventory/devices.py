"""What udev knows about block devices and NICs of a running host, asked through blivet and pyudev.

blivet's own device tree is not built: `Blivet.reset()` scans and may start devices, and an
inventory must change nothing.  `blivet.udev` only looks into udev's database (it is a layer over
pyudev) and asks device-mapper which subsystem a name belongs to.
"""

import importlib
import logging
import os
import stat
import warnings
from dataclasses import dataclass
from typing import Any, Dict, Optional, Protocol

from ng2coreos.core.errors import Unsupported
from ng2coreos.core.host import Host


@dataclass(frozen=True)
class Block:
    """A block device: the LV that it is, if it is one, and the file system on it."""

    vg: str = ""
    lv: str = ""
    fstype: str = ""
    fs_uuid: str = ""


class Devices(Protocol):
    """What the scanners ask about devices."""

    def block(self, node: str) -> Block:
        """The device with the node `node`; an empty record where nothing is known."""

    def nics(self) -> Optional[Dict[str, str]]:
        """Driver by name of each network interface of the kernel, or None: look into sysfs."""


def connect(host: Host) -> Devices:
    """udev's view of a running host, or what can be told from the files of any other."""
    return UdevDevices() if host.live else FileDevices(host)


class FileDevices:
    """Devices as the links and sysfs files below the host's root describe them."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def block(self, node: str) -> Block:
        """Only the file system's UUID is known, by the links of /dev/disk/by-uuid."""
        kernel = os.path.basename(str(self._host.follow(node)))
        for uuid in self._host.names("/dev/disk/by-uuid"):
            if os.path.basename(str(self._host.follow(f"/dev/disk/by-uuid/{uuid}"))) == kernel:
                return Block(fs_uuid=uuid)
        return Block()

    def nics(self) -> Optional[Dict[str, str]]:
        """Not known here."""
        return None


class UdevDevices:
    """Devices as udev's database describes them."""

    def __init__(self) -> None:
        self._pyudev = _module("pyudev", "python3-pyudev")
        self._udev = _module("blivet.udev", "python3-blivet")

    def block(self, node: str) -> Block:
        """LV names from DM_VG_NAME and DM_LV_NAME, the file system from ID_FS_*."""
        try:
            if not stat.S_ISBLK(os.stat(node).st_mode):
                return Block()
            info = self._udev.get_device(device_node=node)
        except (OSError, ValueError, self._pyudev.DeviceNotFoundError):
            return Block()
        if not info:
            return Block()
        lvm = bool(self._udev.device_is_dm_lvm(info)) or "DM_LV_NAME" in info
        return Block(vg=info.get("DM_VG_NAME", "") if lvm else "",
                     lv=info.get("DM_LV_NAME", "") if lvm else "",
                     fstype=self._udev.device_get_format(info) or "",
                     fs_uuid=self._udev.device_get_uuid(info) or "")

    def nics(self) -> Optional[Dict[str, str]]:
        """Every network interface, virtual ones included."""
        found = self._pyudev.Context().list_devices(subsystem="net")
        return {str(d.sys_name): str(d.properties.get("ID_NET_DRIVER", "")) for d in found}


def _module(name: str, package: str) -> Any:
    """The module called `name`, imported only where it is needed and without its side effects."""
    try:
        with warnings.catch_warnings():  # blivet's import changes the process' warning filters
            return importlib.import_module(name)
    except Exception as error:  # gi and libblockdev raise many kinds when a library is missing
        raise Unsupported(f"The Python module {name} cannot be used: {error}.",
                          hint=f"Install {package} with the libraries that it needs.") from None
    finally:
        logging.captureWarnings(False)  # blivet's import turns it on
