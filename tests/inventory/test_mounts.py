"""The mount table, swap and how full file systems are."""

import json
from typing import Any, Dict, List

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.inventory import mounts
from ng2coreos.inventory.devices import FileDevices
from ng2coreos.model.facts import Mount
from tests.fakes import FakeHost

VOLUMES = {"/dev/onn/var": "var", "/dev/mapper/onn-var": "var", "/dev/mapper/onn-swap": "swap"}


def entry(source: str, target: str, fstype: str = "xfs", **more: Any) -> Dict[str, Any]:
    return {"source": source, "target": target, "fstype": fstype, "options": "rw", "uuid": "u",
            **more}


def read(host: FakeHost, table: List[Dict[str, Any]], stat: str = "") -> List[Mount]:
    host.on("findmnt", ..., stdout=json.dumps({"filesystems": table}))
    if stat:
        host.on("stat", ..., stdout=stat)
    return list(mounts.read(host, FileDevices(host), VOLUMES))


def test_only_local_file_systems_are_measured_a_dead_server_would_not_answer(
        fake_host: FakeHost) -> None:
    found = read(fake_host, [entry("/dev/onn/var", "/var"), entry("server:/x", "/mnt", "nfs")],
                 "4096 100 60 1000 900\n")
    assert fake_host.commands[-1][-2:] == ("--", "/var")
    assert found[0] == Mount("/dev/onn/var", "/var", "xfs", "rw", "u", "var", 409600, 163840, 100)
    assert found[1].size_bytes == 0


def test_what_lies_beneath_another_mount_is_not_measured(fake_host: FakeHost) -> None:
    found = read(fake_host, [entry("/dev/onn/var", "/var"), entry("/dev/sdb1", "/var")],
                 "4096 100 60 1000 900\n")
    assert [m.size_bytes for m in found] == [0, 409600]


def test_kernel_interfaces_are_left_out_but_not_a_tmpfs_of_the_admin(fake_host: FakeHost) -> None:
    table = [entry("proc", "/proc", "proc"), entry("tmpfs", "/run/user/0", "tmpfs"),
             entry("tmpfs", "/tmp", "tmpfs"), entry("cgroup2", "/sys/fs/cgroup", "cgroup2"),
             entry("tmpfs", "/runner", "tmpfs")]
    assert [m.target for m in read(fake_host, table)] == ["/tmp", "/runner"]


def test_a_bind_mount_of_a_volume_is_known_as_such(fake_host: FakeHost) -> None:
    found = read(fake_host, [entry("/dev/mapper/onn-var[/lib/x]", "/mnt")], "1 1 1 1 1\n")
    assert found[0].volume == "var"


def test_a_tree_is_flattened(fake_host: FakeHost) -> None:
    tree = entry("server:/a", "/a", "nfs", children=[entry("server:/b", "/a/b", "nfs")])
    assert [m.target for m in read(fake_host, [tree])] == ["/a", "/a/b"]


def test_swap_is_found_by_the_kernels_name(fake_host: FakeHost) -> None:
    fake_host.write("/proc/swaps", "Filename Type Size Used Priority\n"
                                   "/dev/dm-3 partition 100 7 -2\n/swapfile file 5 0 -3\nnoise\n")
    fake_host.write("/sys/block/dm-3/dm/name", "onn-swap\n")
    found = read(fake_host, [])
    assert [(m.volume, m.size_bytes, m.used_bytes) for m in found] == [
        ("swap", 102400, 7168), ("", 5120, 0)]


def test_a_missing_uuid_is_taken_from_udevs_links(fake_host: FakeHost) -> None:
    fake_host.write("/dev/dm-4")
    fake_host.link("/dev/mapper/onn-var", "../dm-4")
    fake_host.link("/dev/disk/by-uuid/other", "../../sda1")
    fake_host.link("/dev/disk/by-uuid/f00", "../../dm-4")
    found = read(fake_host, [entry("/dev/mapper/onn-var", "/var", uuid=None)], "1 1 1 1 1\n")
    assert found[0].uuid == "f00"


@pytest.mark.parametrize("stat", ["stat: nothing\n", "1 2 3 4\n", "a b c d e\n", "\n"])
def test_garbage_of_stat_is_bad_input(fake_host: FakeHost, stat: str) -> None:
    with pytest.raises(BadInput, match="/var"):
        read(fake_host, [entry("/dev/onn/var", "/var")], stat)


@pytest.mark.parametrize("output", ["", "x", "{}", '{"filesystems": [1]}'])
def test_garbage_of_findmnt_is_bad_input(fake_host: FakeHost, output: str) -> None:
    fake_host.on("findmnt", ..., stdout=output)
    with pytest.raises(BadInput, match="findmnt"):
        mounts.read(fake_host, FileDevices(fake_host), {})
