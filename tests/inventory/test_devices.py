"""What udev is asked on a running host, with a pyudev and a blivet that tell what the test says."""

import os
import sys
import types
from pathlib import Path
from typing import Any, Dict, List

import pytest

from ng2coreos.core.errors import Unsupported
from ng2coreos.core.host import Host
from ng2coreos.inventory import devices

LV = {"DM_NAME": "onn-var", "DM_VG_NAME": "onn", "DM_LV_NAME": "var", "ID_FS_TYPE": "xfs",
      "ID_FS_UUID": "f00"}
PART = {"ID_FS_TYPE": "ext4", "ID_FS_UUID": "b007", "DM_VG_NAME": "stale"}


@pytest.fixture
def udev(monkeypatch: "pytest.MonkeyPatch") -> Dict[str, Any]:
    """udev's database by node, behind stand-ins for blivet.udev and pyudev."""
    database: Dict[str, Any] = {}
    blivet = types.ModuleType("blivet")
    module: Any = types.ModuleType("blivet.udev")
    module.get_device = lambda device_node: database.get(device_node)
    module.device_is_dm_lvm = lambda info: "DM_LV_NAME" in info
    module.device_get_format = lambda info: info.get("ID_FS_TYPE")
    module.device_get_uuid = lambda info: info.get("ID_FS_UUID")
    pyudev: Any = types.ModuleType("pyudev")
    pyudev.DeviceNotFoundError = LookupError

    class Context:
        def list_devices(self, subsystem: str) -> List[Any]:
            assert subsystem == "net"
            return [types.SimpleNamespace(sys_name="e0", properties={"ID_NET_DRIVER": "ixgbe"}),
                    types.SimpleNamespace(sys_name="lo", properties={})]

    pyudev.Context = Context
    for name, fake in (("blivet", blivet), ("blivet.udev", module), ("pyudev", pyudev)):
        monkeypatch.setitem(sys.modules, name, fake)
    block = os.stat_result((0o60660, *([0] * 9)))
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda path, **kw: block if path in database else real(path,
                                                                                          **kw))
    return database


def test_a_running_host_is_asked_through_udev(udev: Dict[str, Any]) -> None:
    udev.update({"/dev/mapper/onn-var": LV, "/dev/sda2": PART, "/dev/sdb": None})
    known = devices.connect(Host("/"))
    assert known.block("/dev/mapper/onn-var") == devices.Block("onn", "var", "xfs", "f00")
    assert known.block("/dev/sda2") == devices.Block(fstype="ext4", fs_uuid="b007")
    assert known.block("/dev/sdb") == known.block("/dev/null") == known.block("/dev/none")
    assert known.block("/dev/none") == devices.Block()
    assert known.nics() == {"e0": "ixgbe", "lo": ""}


def test_any_other_root_is_read_from_its_files(tmp_path: Path) -> None:
    known = devices.connect(Host(str(tmp_path)))
    assert isinstance(known, devices.FileDevices)
    assert (known.block("/dev/sda"), known.nics()) == (devices.Block(), None)


@pytest.mark.parametrize("name", ["pyudev", "blivet"])
def test_a_missing_library_is_unsupported_with_a_hint(
        udev: Dict[str, Any], monkeypatch: "pytest.MonkeyPatch", name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"{name}.udev", raising=False)
    with pytest.raises(Unsupported) as caught:
        devices.connect(Host("/"))
    assert f"python3-{name}" in caught.value.hint


def test_the_real_blivet_and_pyudev_fit() -> None:
    """Runs where they are installed (the NG guest); proves names and shapes, changes nothing."""
    pytest.importorskip("pyudev")
    try:
        import blivet.udev  # noqa: F401
    except Exception as error:  # libblockdev of another version counts as missing
        pytest.skip(f"no blivet: {error}")
    known = devices.UdevDevices()
    assert known.block("/dev/null") == devices.Block()
    assert known.nics() is not None
