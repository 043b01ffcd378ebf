"""NG's volume group, from LVM's reports."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.inventory import lvm_layout
from ng2coreos.inventory.devices import Block, FileDevices
from ng2coreos.inventory.lvm_report import autoextend_percent
from ng2coreos.model.facts import ImageKind, Layout
from tests import recorded
from tests.fakes import ANY, MANY, FakeHost
from tests.recorded import HOSTS

COMMANDS = HOSTS / "el8-two-generations" / "commands"
LAYER = "ovirt-node-ng-4.5.3.2-0.20221027.0+1"


def read(host: FakeHost) -> Layout:
    return lvm_layout.read(host, FileDevices(host))


def report(command: str) -> Any:
    return json.loads((COMMANDS / f"{command}.json").read_text("utf-8"))


def script(host: FakeHost, **changed: Any) -> FakeHost:
    """The recorded programs, some with another output (text, or data made JSON)."""
    for command in ("vgs", "lvs", "pvs", "findmnt"):
        output = changed.get(command, report(command))
        host.on(command, ..., times=MANY,
                stdout=output if isinstance(output, str) else json.dumps(output))
    host.on("stat", ..., times=MANY, stdout="4096 100 60 1000 900\n" * 20)
    host.on("lvmconfig", ..., times=MANY, stdout="thin_pool_autoextend_threshold=100\n")
    return host


def row(data: Any, name: str) -> Dict[str, str]:
    found: List[Dict[str, str]] = [r for r in data["report"][0]["lv"] if r["lv_name"] == name]
    return found[0]


def test_hidden_and_repeated_rows_are_left_out(el8: FakeHost) -> None:
    names = [v.name for v in read(el8).volumes]
    assert len(names) == len(set(names)) == 14
    assert not [n for n in names if n.startswith(("[", "lvol0"))]


def test_images_are_told_by_name_as_the_first_base_is_tagged_a_layer(el8: FakeHost) -> None:
    layout = read(el8)
    assert {i.volume: i.kind for i in layout.images} == {
        "root": ImageKind.INIT,
        "ovirt-node-ng-4.4.10.2-0.20220303.0": ImageKind.BASE,
        "ovirt-node-ng-4.4.10.2-0.20220303.0+1": ImageKind.LAYER,
        "ovirt-node-ng-4.5.3.2-0.20221027.0": ImageKind.BASE,
        LAYER: ImageKind.LAYER}
    assert layout.layer is not None and layout.layer.volume == LAYER
    assert layout.layer.nvr == "ovirt-node-ng-4.5.3.2-0.20221027.0"


def test_the_threshold_is_that_of_the_pools_profile(tmp_path: Path) -> None:
    host = recorded.host("el9-single", tmp_path)
    pool = read(host).pool
    assert (pool.profile, pool.autoextend_percent) == ("imgbased-pool", 70)
    assert [c[-1] for c in host.commands if c[0] == "lvmconfig"] == ["imgbased-pool"]


def test_a_profile_without_a_file_is_none(fake_host: FakeHost) -> None:
    """As LVM itself: it warns, and goes by lvm.conf."""
    fake_host.on("lvmconfig", "--type", "full", ANY, "--metadataprofile", "gone", rc=5)
    fake_host.on("lvmconfig", "--type", "full", ANY, stdout="thin_pool_autoextend_threshold=20\n")
    assert autoextend_percent(fake_host, "gone") == 50
    fake_host.check()


@pytest.mark.parametrize("text", ["", "=", "thin_pool_autoextend_threshold=x", "a=101", "a=-1"])
def test_a_threshold_that_is_no_percentage_is_bad_input(fake_host: FakeHost, text: str) -> None:
    fake_host.on("lvmconfig", ..., stdout=text)
    with pytest.raises(BadInput, match="thin_pool_autoextend_threshold"):
        autoextend_percent(fake_host, "")


def test_the_pool_in_bytes(el8: FakeHost) -> None:
    pool = read(el8).pool
    assert (pool.name, pool.size_bytes, pool.chunk_bytes, pool.profile) == (
        "pool00", 74088185856, 65536, "imgbased-pool")
    assert pool.used_bytes == round(74088185856 * 0.2621)
    assert pool.metadata_used_bytes == round(1073741824 * 0.0271)


def test_an_inactive_volume_has_no_fill_level(el8: FakeHost) -> None:
    volume = read(el8).volume("root")
    assert volume is not None and volume.data_percent is None and volume.thin


def test_a_deleted_base_leaves_a_layer_without_origin(fake_host: FakeHost) -> None:
    data = report("lvs")
    row(data, LAYER)["origin"] = ""
    data["report"][0]["lv"].remove(row(data, "ovirt-node-ng-4.5.3.2-0.20221027.0"))
    layer = read(script(fake_host, lvs=data)).layer
    assert layer is not None and layer.nvr == "ovirt-node-ng-4.5.3.2-0.20221027.0"


def test_the_pool_of_the_layer_counts_even_if_it_has_no_tag(fake_host: FakeHost) -> None:
    data = report("lvs")
    row(data, "pool00")["lv_tags"] = ""
    assert read(script(fake_host, lvs=data)).pool.name == "pool00"


def test_foreign_groups_are_seen_but_not_asked_for(fake_host: FakeHost) -> None:
    vgs, pvs = report("vgs"), report("pvs")
    vgs["report"][0]["vg"].insert(0, {"vg_name": "3ad8be1f", "vg_tags": "RHAT_storage_domain"})
    pvs["report"][0]["pv"].append({"pv_name": "/dev/mapper/3600", "vg_name": "3ad8be1f",
                                   "pv_size": "7", "pv_uuid": "u"})
    layout = read(script(fake_host, vgs=vgs, pvs=pvs))
    assert layout.vg == "onn_node01"
    assert [p.vg for p in layout.pvs] == ["onn_node01", "3ad8be1f"]
    assert [argv[-1] for argv in fake_host.commands if argv[0] == "lvs"] == ["onn_node01"]


def test_the_tags_of_the_group(fake_host: FakeHost) -> None:
    data = report("vgs")
    data["report"][0]["vg"][0]["vg_tags"] = "imgbased:vg,RHAT_storage_domain"
    assert read(script(fake_host, vgs=data)).vg_tags == ("imgbased:vg", "RHAT_storage_domain")


def test_udev_says_which_volume_a_device_is(fake_host: FakeHost) -> None:
    class Udev:
        def block(self, node: str) -> Block:
            return Block("onn_node01", LAYER, "xfs", "1-2") if node == "/dev/dm-9" else Block()

        def nics(self) -> Optional[Dict[str, str]]:
            return None

    mounts = {"filesystems": [{"source": "/dev/dm-9", "target": "/", "fstype": "xfs",
                               "options": "rw", "uuid": None}]}
    layout = lvm_layout.read(script(fake_host, findmnt=mounts), Udev())
    assert layout.layer is not None and layout.layer.volume == LAYER
    root = layout.mount("/")
    assert root is not None and root.uuid == "1-2"


def test_no_tagged_group_is_unsupported(fake_host: FakeHost) -> None:
    data = report("vgs")
    data["report"][0]["vg"][0]["vg_tags"] = ""
    with pytest.raises(Unsupported, match="imgbased:vg"):
        lvm_layout.read(fake_host.on("vgs", ..., stdout=json.dumps(data)), FileDevices(fake_host))


def test_two_tagged_groups_are_unsupported(fake_host: FakeHost) -> None:
    data = report("vgs")
    data["report"][0]["vg"] *= 2
    with pytest.raises(Unsupported, match="Several"):
        lvm_layout.read(fake_host.on("vgs", ..., stdout=json.dumps(data)), FileDevices(fake_host))


@pytest.mark.parametrize("source", ["/dev/sda1", "/dev/mapper/onn_node01-root", "overlay"])
def test_a_root_that_is_not_a_layer_is_unsupported(fake_host: FakeHost, source: str) -> None:
    mounts = {"filesystems": [{"source": source, "target": "/", "fstype": "xfs", "options": "rw"}]}
    host = FakeHost(fake_host.root)
    with pytest.raises(Unsupported, match="not on a layer"):
        read(script(host, findmnt=mounts))


@pytest.mark.parametrize("field,text", [("lv_size", "27.00g"), ("lv_size", "-1"),
                                        ("data_percent", "lots"), ("data_percent", "nan"),
                                        ("data_percent", "101")])
def test_nonsense_in_a_field_is_bad_input(tmp_path: Any, field: str, text: str) -> None:
    data = report("lvs")
    row(data, "pool00")[field] = text
    with pytest.raises(BadInput):
        read(script(FakeHost(tmp_path), lvs=data))


def test_a_pool_that_does_not_say_how_full_it_is_is_bad_input(tmp_path: Any) -> None:
    data = report("lvs")
    row(data, "pool00")["metadata_percent"] = ""
    with pytest.raises(BadInput, match="metadata_percent"):
        read(script(FakeHost(tmp_path), lvs=data))


@pytest.mark.parametrize("output", ["", "no json", "[]", '{"report": 3}', '{"report": [{"lv": 1}]}',
                                    '{"report": [7]}', "[" * 100000])
def test_garbage_of_lvs_is_bad_input(tmp_path: Any, output: str) -> None:
    with pytest.raises(BadInput, match="lvs"):
        read(script(FakeHost(tmp_path), lvs=output))


def test_a_failing_or_missing_lvm_is_an_error_with_a_hint(tmp_path: Any) -> None:
    for host, kind in ((FakeHost(tmp_path).on("vgs", ..., rc=5, stderr="no"), CommandFailed),
                       (FakeHost(tmp_path).on("vgs", ..., missing=True), Unsupported)):
        with pytest.raises(kind) as caught:
            read(host)
        assert caught.value.hint


def test_reports_leave_no_trace() -> None:
    with FakeHost() as host:
        host.on("vgs", "--nolocking", "--config", 'devices{hints="none"}', "--reportformat", "json",
                "--units", "b", "--nosuffix", "-o", ANY, stdout='{"report": []}')
        with pytest.raises(Unsupported):
            read(host)
